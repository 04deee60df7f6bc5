import Placement

/// Evenkeel's own policy: what each VM wants is predicted from all that was seen of it, and the fleet is balanced on
/// that, so that moves are few and last.
struct PlannerPolicy: BalancePolicy {
    static let name = "evenkeel"
    /// Steps between plans.
    var interval = 6
    /// Steps that are watched before the first plan.
    var first = 3
    /// Steps that a moved VM is left alone: no VM goes back within them.
    var window = 144
    var balancer = Balancer()
    private var histories: [DemandHistory] = []

    init() {}

    mutating func decide(_ world: inout BalanceWorld) {
        if histories.isEmpty { histories = Array(repeating: DemandHistory(), count: world.demands.count) }
        for machine in histories.indices { histories[machine].add(Double(world.demands[machine])) }
        guard world.step >= first, (world.step - first).isMultiple(of: interval) else { return }
        expect(&world)
        var balancer = balancer
        balancer.maximumMoves = max(balancer.maximumMoves, world.demands.count / 20)
        world.plan { fleet, reserve in (try? balancer.plan(fleet, reserve: &reserve)) ?? [] }
    }

    /// Tells the planner what each VM is expected to want, and which of them rest.
    private func expect(_ world: inout BalanceWorld) {
        let total = histories.reduce(0) { $0 + $1.mean }
        let share = total / Double(world.scenario.virtualProcessors.reduce(0, +))
        for machine in histories.indices {
            let size = Double(world.scenario.virtualProcessors[machine])
            let forecast = histories[machine].forecast(prior: share * size, priorDeviation: size * 200)
            world.expect(
                Int64(forecast.mean.rounded()), variance: Int64(forecast.variance.rounded()), of: machine)
            let isResting = world.movedLast[machine].map { world.step - $0 < window } ?? false
            world.setMovable(
                machine, !isResting && !world.scenario.pinned.contains(machine) && !world.isMoving(machine))
        }
    }
}
