import Placement

/// Evenkeel's own policy: what each VM wants is predicted from all that was seen of it by the feed that the server
/// uses, and the fleet is balanced on that, so that moves are few and last.
struct PlannerPolicy: BalancePolicy {
    static let name = "evenkeel"
    /// Steps between plans.
    var interval = 6
    /// Steps that are watched before the first plan.
    var first = 3
    /// Steps that a moved VM is left alone: no VM goes back within them.
    var window = 144
    var balancer = Balancer()
    private var feed = DemandFeed<Int>(window: 43_200)

    init() {}

    mutating func decide(_ world: inout BalanceWorld) {
        let second = world.step * Int(BalanceScenario.stepSeconds)
        let sizes = world.scenario.virtualProcessors
        let demands = world.demands
        feed.add(
            demands.indices.lazy.map {
                DemandFeed.Reading(
                    of: $0, demand: Double(demands[$0]) / Self.unitsOfProcessor, virtualProcessors: Int(sizes[$0]))
            }, at: second)
        guard world.step >= first, (world.step - first).isMultiple(of: interval) else { return }
        expect(&world, at: second)
        var balancer = balancer
        balancer.maximumMoves = max(balancer.maximumMoves, world.demands.count / 20)
        world.plan { fleet, reserve in (try? balancer.plan(fleet, reserve: &reserve)) ?? [] }
    }

    /// Tells the planner what each VM is expected to want, and which of them rest. A VM of which too little was seen
    /// stays where it is.
    private func expect(_ world: inout BalanceWorld, at second: Int) {
        for machine in world.demands.indices {
            let forecast = feed.forecast(of: machine, at: second)
            if let forecast {
                let deviation = forecast.deviation * Self.unitsOfProcessor
                world.expect(
                    Int64((forecast.mean * Self.unitsOfProcessor).rounded()),
                    variance: Int64((deviation * deviation).rounded()), of: machine)
            }
            let isResting = world.movedLast[machine].map { world.step - $0 < window } ?? false
            world.setMovable(
                machine,
                forecast != nil && !isResting && !world.scenario.pinned.contains(machine) && !world.isMoving(machine))
        }
    }

    /// The world counts in thousandths of a logical processor.
    private static let unitsOfProcessor = 1000.0
}
