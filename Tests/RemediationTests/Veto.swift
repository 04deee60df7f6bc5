import FleetModel
import Placement
import Testing

@testable import Remediation

/// One thing that stands against an action, in a fleet where nothing else does.
struct Veto: Sendable, CustomTestStringConvertible {
    enum Kind: Sendable { case later, notByPolicy, never }

    let testDescription: String
    let kind: Kind
    /// What the reason says.
    let words: String
    var standing = Standing.policy
    /// The VM, from where and to where.
    var move = (machine: 1, from: "h1", to: "h2")
    var base: @Sendable () -> World = { Veto.calm() }
    /// A move that it leaves alone.
    var spared: (machine: Int, from: String, to: String)?
    /// What brings the veto about.
    let cause: @Sendable (inout World) -> Void

    init(
        _ name: String, _ kind: Kind, _ words: String, by standing: Standing = .policy,
        move: (machine: Int, from: String, to: String) = (1, "h1", "h2"),
        sparing spared: (machine: Int, from: String, to: String)? = nil,
        in base: @escaping @Sendable () -> World = { Veto.calm() }, _ cause: @escaping @Sendable (inout World) -> Void
    ) {
        testDescription = name
        self.kind = kind
        self.words = words
        self.standing = standing
        self.move = move
        self.spared = spared
        self.base = base
        self.cause = cause
    }

    /// Two hosts with VMs and two idle ones, measured a moment ago; a tip about h1 waits for an operator.
    static func calm() -> World {
        var settings = ControlSettings()
        settings.planner.coolDown = .zero
        var world = World.hot(settings: settings)
        world.add("h3", use: 0.3, machines: [4: 0.5, 5: 0.5])
        world.add("h4", use: 0.05, machines: [:])
        world.round([Sample.hot("h1")])
        return world
    }

    /// Three hosts that can lose any one of them, as long as h2 keeps its room for the large VM of h3.
    static func tight() -> World {
        var world = World()
        world.add("h1", use: 0.3, machines: [1: 0.5])
        world.add("h2", use: 0.3, machines: [2: 0.5])
        world.add("h3", use: 0.1, machines: [3: 0.1])
        // If h3 fails only h2 can take its VM, and only as long as vm-1 does not come there.
        for (place, (memory, machine)) in [(10, 7), (24, 2), (24, 20)].enumerated() {
            world.hosts[place].report.memory = .gibibytes(Int64(memory))
            world.hosts[place].report.memoryAvailable = .gibibytes(Int64(memory - machine))
            world.hosts[place].report.virtualMachines[0].definition.memory = .gibibytes(Int64(machine))
        }
        world.reportAll()
        world.round([Sample.hot("h1")])
        return world
    }

    /// The same after a move of vm-4 from h3 to h4 that nobody minds any more.
    static func moved() -> World {
        var world = calm()
        limit(.returnHours, 0, &world)
        moveByHand(&world)
        return world
    }

    /// The same after somebody else has moved vm-4 to h4, and an operator has let policy go on.
    static func movedByOthers() -> World {
        var world = calm()
        limit(.returnHours, 0, &world)
        world.relocate(4, to: "h4")
        world.pass(5)
        again(&world)
        world.ask(.release(.cluster(World.cluster)))
        return world
    }

    /// What stands against its action in `world`.
    func verdict(in world: World) -> SafetyVerdict? { Self.verdict(on: move, by: standing, in: world) }

    static func verdict(
        on move: (machine: Int, from: String, to: String), by standing: Standing, in world: World
    ) -> SafetyVerdict? {
        let (machine, from, to) = move
        let action = PlannedAction(
            kind: .migrate(virtualMachine: Sample.machine(machine), from: Sample.host(from), to: Sample.host(to)),
            virtualMachineName: "vm-\(machine)", prediction: .none)
        var loop = world.loop
        return loop.verdict(on: action, for: world.tip, by: standing)
    }

    static func again(_ world: inout World) {
        world.reportAll()
        world.round([Sample.hot("h1")])
    }

    static func limit(_ name: LimitName, _ value: Double, _ world: inout World) {
        world.ask(.changePolicy(.setLimit(name, value)))
    }

    /// Moves vm-4 to h4 by an operator's word, to its end.
    static func moveByHand(_ world: inout World) {
        world.ask(.migrate(Sample.machine(4), to: Sample.host("h4")))
        world.carryOutAll()
        world.relocate(4, to: "h4")
        world.pass(5)
        again(&world)
    }

    static func cluster(_ change: (inout ClusterPolicy) -> Void) -> PolicyChange {
        var policy = ClusterPolicy()
        change(&policy)
        return .setCluster(World.cluster, policy)
    }
}
