import FleetModel

/// What holds policy back: looked at in one place, before each thing that policy would do by itself. Cool-downs and
/// unknown loads are vetoed by the planner's re-check (`Planner.objection(automatic: true)`), which comes right after.
struct Brakes: Sendable, Hashable {
    let limits: BrakeLimits

    /// Why policy must not act now; `nil` when it may.
    func veto(
        lastRound: Timestamp?, readingsAgeLimit: Duration, operations: some Sequence<FleetModel.Operation>,
        tips: some Sequence<Tip>, at time: Timestamp
    ) -> String? {
        guard let lastRound, SnapshotBuilder.isFresh(lastRound, at: time, limit: readingsAgeLimit) else {
            let since = lastRound.map { " since \($0.text)" } ?? ""
            return "nothing was measured\(since), and policy does not act on what it does not know"
        }
        let own = operations.filter { $0.requestedBy == Actor.policy && time - $0.created <= limits.window }
        let failures = own.count { $0.state == .failed } + tips.count { isFailure($0, at: time) }
        if failures >= limits.failures {
            return "\(failures) automatic remediations did not help or failed within \(limits.window.text): "
                + "an operator decides until that has passed"
        }
        let acted = own.count { $0.state != .refused }
        if acted >= limits.budget {
            return "policy has used up its budget of \(limits.budget) actions within \(limits.window.text)"
        }
        return nil
    }

    private func isFailure(_ tip: Tip, at time: Timestamp) -> Bool {
        tip.state == .ineffective && tip.approval?.actor == Actor.policy && time - tip.updated <= limits.window
    }
}
