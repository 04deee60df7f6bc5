import FleetModel
import FleetState
import RulePacks

/// Days of a small fleet on which everything goes wrong that can, one seed after the other.
public struct SoakRun: Sendable {
    /// Hosts.
    public var hosts: Int
    /// VMs on each host to begin with.
    public var machinesPerHost: Int
    /// How long a seed is played.
    public var duration: Duration
    /// How often an operator moves a VM by hand, in an hour.
    public var operatorMovesPerHour = 1.0
    /// The packs whose rules are evaluated.
    public var packs: [RulePack]

    /// Days of `hosts` with `machinesPerHost` each.
    public init(hosts: Int = 4, machinesPerHost: Int = 5, duration: Duration = .seconds(86_400), packs: [RulePack]) {
        self.hosts = hosts
        self.machinesPerHost = machinesPerHost
        self.duration = duration
        self.packs = packs
    }

    /// Plays one seed. Throws `SimulationError.broken`, which names `replay`, at the first moment at which something is
    /// wrong.
    public func play(seed: UInt64, replay: String) async throws -> SimulationReport {
        var generator = SeededGenerator(seed: seed &+ 1000)
        let fleet = SimulatedFleet.random(hosts: hosts, machinesPerHost: machinesPerHost, using: &generator)
        // Every third seed leaves the decisions to operators.
        let level: AutomationLevel = seed.isMultiple(of: 3) ? .operator : .automatic
        var plan = SimulationPlan(
            seed: seed, duration: duration, faults: .rough, level: level, operatorMovesPerHour: operatorMovesPerHour,
            sampleInterval: .seconds(30), reportInterval: .seconds(30), roundInterval: .seconds(90),
            tickInterval: .seconds(15))
        plan.policy = try fleet.samplePolicy()
        plan.replay = replay
        var simulation = Simulation(plan: plan, fleet: fleet, packs: packs, store: try .inMemory())
        return try await simulation.run()
    }
}
