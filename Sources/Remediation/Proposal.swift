import FleetModel
import Placement

extension ControlLoop {
    /// What a tip's plan rests on.
    struct Planning: Sendable {
        /// When it was made.
        var time: Timestamp
        /// The last change of any host's VMs that it knew of.
        var change: Int64
        /// Whether hosts or VMs are a part of it that policy lets rest.
        var isHurried: Bool
    }

    /// A plan, or why there is none.
    struct Proposal: Sendable {
        var plan: Plan?
        var problem: String?
        /// What was considered and came to no plan, as much of it as a tip keeps.
        var considered: [RejectedCandidate]?
        /// Whether hosts or VMs are a part of it that policy lets rest.
        var isHurried = false

        private static let mostConsidered = 40

        init(plan: Plan? = nil, problem: String? = nil) {
            self.plan = plan
            self.problem = problem
        }

        init(_ outcome: PlanOutcome) {
            switch outcome {
            case .plan(let plan) where plan.actions.isEmpty: refuse(plan.explanation, plan.rejected)
            case .plan(let plan): self.plan = plan
            case .impossible(let reason, let rejected): refuse(reason, rejected)
            }
        }

        private mutating func refuse(_ reason: String, _ rejected: [RejectedCandidate]) {
            problem = reason
            considered = rejected.isEmpty ? nil : Array(rejected.prefix(Self.mostConsidered))
        }
    }
}

extension Tip {
    /// Takes over why there is no plan; nothing where there is one.
    mutating func lack(_ proposal: ControlLoop.Proposal) {
        planProblem = proposal.problem
        considered = proposal.considered
    }
}
