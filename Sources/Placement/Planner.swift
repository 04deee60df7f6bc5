import FleetModel

/// Answers requests over a snapshot: a pure function, the same answer for the same input.
public struct Planner: Sendable {
    /// What every plan keeps to.
    public let limits: PlannerLimits

    /// A planner that keeps to `limits`.
    public init(limits: PlannerLimits = PlannerLimits()) {
        self.limits = limits
    }

    /// The actions that reach what is asked, fewest first, or why there are none.
    public func plan(_ request: PlanRequest, on snapshot: FleetSnapshot) -> PlanOutcome {
        .impossible(reason: "\(request) is not answered yet", rejected: [])
    }

    /// The re-check right before `action`: why it must not be done on the fleet as it is now; `nil` when it may.
    /// With `automatic`, anything unknown and any cool-down is an objection too.
    public func objection(to action: PlannedAction, on snapshot: FleetSnapshot, automatic: Bool) -> String? {
        "nothing is checked yet"
    }
}
