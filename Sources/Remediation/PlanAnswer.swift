import FleetModel
import Placement

/// What the planner says to a question.
public struct PlanAnswer: Sendable, Hashable, Codable {
    /// A VM and the host where it would start.
    public struct Start: Sendable, Hashable, Codable {
        /// The VM's name.
        public var virtualMachine: String
        /// Its new host.
        public var host: HostName
        /// What is over its ceiling there with it, for a person; `nil` where nothing is.
        public var strain: String?
        /// What of the host is unknown with it, for a person; `nil` where nothing is.
        public var unknown: String?
    }

    /// A VM that should have another size.
    public struct Size: Sendable, Hashable, Codable {
        /// The VM's name.
        public var virtualMachine: String
        /// Virtual processors that it has.
        public var virtualProcessors: Int?
        /// Virtual processors that it should have; `nil` where they are right.
        public var wantedVirtualProcessors: Int?
        /// Memory that it has, in bytes.
        public var memoryBytes: Int64?
        /// Memory that it should have, in bytes; `nil` where it is right.
        public var wantedMemoryBytes: Int64?
        /// Why.
        public var reasons: [String]
    }

    /// What was asked.
    public var kind: PlanQuestion.Kind
    /// About which host or cluster.
    public var object: String
    /// What was supposed, for a person; empty where the fleet was taken as it is.
    public var supposed: [String]
    /// Whether it can be done, holds, or needs nothing.
    public var isPossible: Bool
    /// Why, for a person.
    public var explanation: String
    /// The moves, in order.
    public var actions: [PlannedAction] = []
    /// Where VMs would start.
    public var starts: [Start] = []
    /// Where the VMs of hosts that fail would start, for a reserve that holds: as much of it as can be read.
    public var witnesses: [ReserveWitness]?
    /// VMs of other sizes.
    public var sizes: [Size] = []
    /// What was considered and not chosen.
    public var rejected: [RejectedCandidate] = []
}

extension PlanAnswer {
    /// Lines of where VMs would start that an answer about a reserve has at most.
    static let mostWitnessed = 2000

    mutating func take(_ outcome: PlanOutcome) {
        switch outcome {
        case .impossible(let reason, let rejected):
            isPossible = false
            explanation = reason
            self.rejected = rejected
        case .plan(let plan):
            isPossible = plan.shortfall == nil
            explanation = plan.explanation
            actions = plan.actions
            rejected = plan.rejected
        }
    }

    mutating func take(_ plan: RestartPlan?) {
        guard let plan else { return }
        starts = plan.placements.map {
            Start(virtualMachine: $0.name, host: $0.host, strain: $0.strain, unknown: $0.unknown)
        }
        rejected = plan.unplaced
        isPossible = plan.unplaced.isEmpty
        let strain = starts.count { $0.strain != nil }
        let strained = strain == 0 ? "" : "; \(strain) of them only above a host's ceilings"
        let unknown = starts.count { $0.unknown != nil }
        let unsure = unknown == 0 ? "" : "; for \(unknown) of them it is unknown how busy their host will be"
        let left = plan.left.isEmpty ? "" : "; not to be started elsewhere: \(plan.left.joined(separator: ", "))"
        explanation =
            "\(starts.count) of \(starts.count + rejected.count) VMs find a host, highly available ones and high "
            + "priorities first\(strained)\(unsure)\(left). Evenkeel starts none of them: make sure that the host is dead before you do."
    }

    mutating func take(_ advice: [SizeAdvice]) {
        sizes = advice.map { advice in
            Size(
                virtualMachine: advice.name, virtualProcessors: advice.virtualProcessors?.from,
                wantedVirtualProcessors: advice.virtualProcessors?.to, memoryBytes: advice.memory?.from.count,
                wantedMemoryBytes: advice.memory?.to.count, reasons: advice.reasons)
        }
        explanation =
            sizes.isEmpty
            ? "no VM was seen to have the wrong size; one of which less than an hour was seen is not judged"
            : "\(sizes.count) VMs would do with another size, or need one"
    }

    mutating func take(_ report: ReserveReport) {
        isPossible = report.holds
        let uncovered = ReserveReport.text(uncovered: report.uncovered)
        witnesses = report.witnesses.isEmpty ? nil : report.witnesses
        let listed =
            report.isCut
            ? "; of \(report.proved) sets of hosts \(report.witnesses.count) are listed with where VMs would start" : ""
        explanation =
            "any \(report.failures == 1 ? "one host" : "\(report.failures) hosts") may fail: "
            + "\(report.verdict): \(report.reason)\(uncovered)\(listed)"
    }
}
