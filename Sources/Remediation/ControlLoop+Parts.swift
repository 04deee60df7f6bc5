import FleetModel
import Placement

/// Approving a part of a plan, or other destinations within the rules.
extension ControlLoop {
    enum Choice {
        case chosen(Plan?, String)
        case refused(String)
    }

    /// The plan as it was chosen, and what the tip's history says of the choice.
    mutating func choose(_ choice: PlanChoice, of tip: Tip) -> Choice {
        guard var plan = tip.plan, choice != PlanChoice() else { return .chosen(tip.plan, "approved") }
        let remaining = Array(tip.remainingActions)
        let places = 1...max(1, remaining.count)
        let named = (choice.steps ?? []).union(choice.destinations.keys)
        if let wrong = named.sorted().first(where: { !places.contains($0) }) {
            return .refused("the plan of tip \(tip.number) has no step \(wrong): it has \(remaining.count)")
        }
        if let steps = choice.steps, let idle = choice.destinations.keys.sorted().first(where: { !steps.contains($0) })
        {
            return .refused("step \(idle) is given a host and is not among the steps that are approved")
        }
        if choice.steps?.isEmpty == true { return .refused("a part of a plan has one step at least") }
        var chosen: [PlannedAction] = []
        var words: [String] = []
        for (place, action) in zip(places, remaining) {
            guard choice.steps?.contains(place) ?? true else {
                if let mate = companion(of: action, in: remaining, choice) {
                    return .refused("step \(place) goes with \(mate), which must share its host: choose both or none")
                }
                let later = zip(places, remaining).first { other, waiting in
                    other > place && choice.steps?.contains(other) == true && action.makesRoom(for: waiting)
                }
                if let later { return .refused("step \(later.0) needs the room that step \(place) makes: choose both") }
                words.append("without step \(place)")
                continue
            }
            guard let host = choice.destinations[place] else {
                chosen.append(action)
                continue
            }
            switch redirected(action, to: host, of: tip) {
            case .failure(let reason): return .refused("step \(place) cannot go to \(host): \(reason)")
            case .success(let other): chosen.append(other)
            }
            words.append("step \(place) to \(host)")
        }
        plan.actions = Array(plan.actions.prefix(tip.actionsDone)) + chosen
        return .chosen(plan, "approved \(words.joined(separator: ", "))")
    }

    /// A VM that a chosen step moves and that must go where this step goes.
    private func companion(of action: PlannedAction, in remaining: [PlannedAction], _ choice: PlanChoice) -> String? {
        let mates = Set(action.companions ?? [])
        let chosen = zip(1..., remaining).first { place, other in
            choice.steps?.contains(place) ?? true && other.virtualMachine.map(mates.contains) ?? false
        }
        return chosen?.1.virtualMachineName
    }

    private mutating func redirected(
        _ action: PlannedAction, to host: HostName, of tip: Tip
    ) -> Result<PlannedAction, PolicyProblem> {
        guard case .migrate(let id, _, _) = action.kind else { return .failure(PolicyProblem("it moves nothing")) }
        switch self.plan(.migrate(id, to: host), for: tip.number) {
        case .impossible(let reason, _): return .failure(PolicyProblem(reason))
        case .plan(let plan):
            guard let other = plan.actions.first else { return .failure(PolicyProblem(plan.explanation)) }
            if let reason = objection(to: other, of: tip.number, isAutomatic: false) {
                return .failure(PolicyProblem(reason))
            }
            return .success(other)
        }
    }
}
