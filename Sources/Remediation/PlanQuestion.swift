import FleetModel
import Placement

/// What an operator asks of the planner without anything being done about it.
public struct PlanQuestion: Sendable, Hashable {
    /// What is asked.
    public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
        /// Which VMs to move off a host.
        case relieveHost = "relieve-host"
        /// How to get every host of a cluster below a share of its processors.
        case relieve
        /// What evens a cluster out and is worth its moves.
        case balance
        /// How to empty a host.
        case evacuate
        /// Which hosts of a cluster could be emptied and powered down.
        case consolidate
        /// Where the VMs of a host that failed would start again.
        case restart
        /// Which VMs of a cluster have the wrong size.
        case resize
        /// Whether a cluster could lose hosts.
        case reserve

        /// Whether it is about a host; else it is about a cluster.
        public var isAboutHost: Bool { self == .relieveHost || self == .evacuate || self == .restart }
    }

    /// What is asked.
    public var kind: Kind
    /// The host or cluster that it is about.
    public var object: String
    /// Share of a resource that hosts are to come down to, 0...1.
    public var target = 0.75
    /// What a host is to be relieved of.
    public var resource = HostResource.processor
    /// How eagerly to balance, 1...5.
    public var aggressiveness = 3
    /// The most moves of a plan that relieves, balances or consolidates; `nil` for the usual limit, or, where hosts are to
    /// be emptied, for `movesToConsolidate`.
    public var moves: Int?
    /// How many hosts may fail at a time; `nil` for what the policy asks for, or one.
    public var failures: Int?
    /// Hosts that are taken to have failed, one after the other, with their VMs started again on others.
    public var lost: [HostName] = []
    /// Hosts of which there is taken to be one more each, empty.
    public var added: [HostName] = []
    /// How much more VMs are taken to want, as a share of what they want; 0 for as it is.
    public var growth = 0.0
    /// The VMs that want more; all of them where none is named.
    public var grown: [VirtualMachineID] = []

    /// Most moves of a plan that empties hosts: nobody but an operator asks for one, and a host carries more VMs than a
    /// plan of the control round may move.
    public static let movesToConsolidate = 200

    /// A question about a host or a cluster.
    public init(_ kind: Kind, about object: String) {
        self.kind = kind
        self.object = object
    }
}

extension ControlLoop {
    /// What the planner says at `time`; nothing is changed. Throws where the question names what nobody knows.
    public func answer(_ question: PlanQuestion, at time: Timestamp) throws(PolicyProblem) -> PlanAnswer {
        var copy = self
        copy.now = time
        let planner = question.planner(like: planner)
        let (snapshot, supposed) = try question.supposing(copy.snapshot(for: nil), planner)
        var answer = PlanAnswer(
            kind: question.kind, object: question.object, supposed: supposed, isPossible: true, explanation: "")
        if question.kind.isAboutHost {
            guard let host = snapshot.host(where: question.object) else {
                let isLost = question.lost.contains { $0.text == question.object }
                throw PolicyProblem(
                    isLost
                        ? "'\(question.object)' is supposed to have failed (--lose); 'evenkeel plan restart "
                            + "\(question.object)' says where its VMs would start"
                        : "there is no host '\(question.object)'")
            }
            answerAboutHost(question, host.name, snapshot, planner, &answer)
        } else {
            guard let cluster = snapshot.hosts.first(where: { $0.cluster.text == question.object })?.cluster else {
                throw PolicyProblem("no host reports from cluster '\(question.object)'")
            }
            answerAboutCluster(question, cluster, snapshot, planner, &answer)
        }
        return answer
    }

    private func answerAboutHost(
        _ question: PlanQuestion, _ host: HostName, _ snapshot: FleetSnapshot, _ planner: Planner,
        _ answer: inout PlanAnswer
    ) {
        switch question.kind {
        case .restart: answer.take(planner.restart(of: host, on: snapshot))
        case .evacuate: answer.take(planner.plan(.drainHost(host), on: snapshot))
        default:
            answer.take(
                planner.plan(
                    .relieveHost(host, resource: question.resource, target: question.target), on: snapshot))
        }
    }

    private func answerAboutCluster(
        _ question: PlanQuestion, _ cluster: ClusterName, _ snapshot: FleetSnapshot, _ planner: Planner,
        _ answer: inout PlanAnswer
    ) {
        switch question.kind {
        case .relieve: answer.take(planner.plan(.relieveCluster(cluster, target: question.target), on: snapshot))
        case .consolidate: answer.take(planner.plan(.consolidateCluster(cluster), on: snapshot))
        case .resize: answer.take(planner.sizeAdvice(on: snapshot, of: cluster))
        case .reserve:
            let failures = question.failures ?? max(1, policy.reserve(of: cluster))
            answer.take(
                planner.reserve(
                    of: cluster, failures: failures, on: snapshot, witnessing: PlanAnswer.mostWitnessed))
        default:
            answer.take(
                planner.plan(.balanceCluster(cluster, aggressiveness: question.aggressiveness), on: snapshot))
        }
    }
}

extension PlanQuestion {
    /// A planner with the question's own limit of moves.
    fileprivate func planner(like usual: Planner) -> Planner {
        var limits = usual.limits
        if kind == .consolidate { limits.maximumMoves = max(limits.maximumMoves, Self.movesToConsolidate) }
        if let moves { limits.maximumMoves = moves }
        return Planner(limits: limits)
    }

    /// The fleet as it is supposed to be, and in words what is supposed of it.
    fileprivate func supposing(
        _ snapshot: FleetSnapshot, _ planner: Planner
    ) throws(PolicyProblem) -> (FleetSnapshot, [String]) {
        var supposed = snapshot
        var words: [String] = []
        for name in added {
            guard var host = snapshot.host(name) else { throw PolicyProblem("there is no host '\(name)'") }
            guard let other = HostName("new-\(words.count + 1)") else { continue }
            host.name = other
            host.empty()
            supposed = supposed.supposing(.added(host))
            words.append("there is one more host like \(name), \(other)")
        }
        for name in lost {
            guard let failure = planner.failure(of: name, on: supposed) else {
                throw PolicyProblem("there is no host '\(name)'")
            }
            supposed = failure.fleet
            words.append("\(name) fails\(Self.outcome(of: failure.restart))")
        }
        if growth != 0 {
            supposed = supposed.supposing(.grown(grown, by: 1 + growth))
            let who = grown.isEmpty ? "every VM wants" : "\(grown.count) VMs want"
            words.append("\(who) \(Int((growth.magnitude * 100).rounded())) % \(growth < 0 ? "less" : "more")")
        }
        return (supposed, words)
    }

    /// What becomes of a failed host's VMs.
    private static func outcome(of plan: RestartPlan) -> String {
        let unplaced = plan.unplaced.map(\.virtualMachine).joined(separator: ", ")
        let left = plan.left.joined(separator: ", ")
        return (plan.placements.isEmpty ? "" : "; VMs that start on other hosts: \(plan.placements.count)")
            + (unplaced.isEmpty ? "" : "; no host takes \(unplaced), which are left out")
            + (left.isEmpty ? "" : "; not started elsewhere: \(left)")
    }
}

extension PlacementHost {
    /// Nothing runs here, and all of it is to be had.
    fileprivate mutating func empty() {
        virtualMachines = []
        memoryAvailable = memory
        processorUse = 0
        lastMoved = nil
        unavailableReason = nil
        closedReason = nil
        isSilent = false
    }
}

extension FleetSnapshot {
    fileprivate func host(where text: String) -> PlacementHost? { hosts.first { $0.name.text == text } }
}
