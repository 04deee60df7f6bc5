import Placement

/// Runs policies over the same fleets.
public enum BalanceRun {
    /// The names of the policies.
    public static var policies: [String] { makers.map(\.name) }

    private static let makers: [(name: String, make: @Sendable () -> any BalancePolicy)] = [
        (NoPolicy.name, { NoPolicy() }), (ReactivePolicy.name, { ReactivePolicy() }),
        (DeviationPolicy.name, { DeviationPolicy() }), (StabilizationPolicy.name, { StabilizationPolicy() }),
        (BusiestPolicy.name, { BusiestPolicy() }), (PlannerPolicy.name, { PlannerPolicy() }),
    ]

    /// Plays a scenario to its end under a policy; `nil` for a policy that does not exist. `clock` says milliseconds.
    public static func play(
        _ scenario: BalanceScenario, policy name: String, clock: () -> Double
    ) -> BalanceMeasures? {
        guard let maker = makers.first(where: { $0.name == name }) else { return nil }
        var policy = maker.make()
        return play(scenario, policy: &policy, clock: clock)
    }

    static func play(
        _ scenario: BalanceScenario, policy: inout any BalancePolicy, clock: () -> Double
    ) -> BalanceMeasures {
        var world = BalanceWorld(scenario)
        var worst = 0.0
        while world.step < scenario.steps {
            let start = clock()
            policy.decide(&world)
            worst = max(worst, clock() - start)
            world.advance()
        }
        var measures = world.measures
        measures.worstDecisionMilliseconds = worst
        return measures
    }
}
