import FleetModel
import Placement
import Testing

@Suite("What else a move must keep to")
struct ConstraintTests {
    private static let a = Fleets.hostName("a")

    private func relief(
        _ hosts: [PlacementHost], rules: [PlacementRule] = [], preferences: [PlacementPreference] = [],
        limits: PlannerLimits = PlannerLimits()
    ) -> PlanOutcome {
        Planner(limits: limits).plan(
            .relieveHost(Self.a, resource: .processor, target: 0.6),
            on: FleetSnapshot(
                version: 1, time: Fleets.time, hosts: hosts, rules: rules, preferences: preferences))
    }

    /// A hot host with one VM that may go to `b` or, being cooler, rather to `c`.
    private func hosts(
        machine: (inout PlacementVM) -> Void = { _ in }, b: (inout PlacementHost) -> Void = { _ in },
        c: (inout PlacementHost) -> Void = { _ in }
    ) -> [PlacementHost] {
        var guest = Fleets.machine(1, use: 3)
        machine(&guest)
        var second = Fleets.host("b", use: 0.2)
        var third = Fleets.host("c", use: 0.1)
        b(&second)
        c(&third)
        return [Fleets.host("a", use: 0.9, [guest]), second, third]
    }

    @Test("a VM goes only where its CPU model, datastores and networks are; what is unknown is no yes")
    func reach() {
        #expect(relief(hosts()).moves == ["vm-1>c"])
        let model = hosts(
            machine: { $0.traits.processorModel = "Skylake" },
            b: { $0.traits.processorModels = ["Skylake", "qemu64"] },
            c: { $0.traits.processorModels = ["qemu64"] })
        #expect(relief(model).moves == ["vm-1>b"])
        let store = hosts(
            machine: { $0.traits.datastores = ["ssd"] }, b: { $0.traits.datastores = ["hdd", "ssd"] })
        #expect(relief(store).moves == ["vm-1>b"])
        #expect(relief(store).rejected.contains { $0.reason == "it is unknown whether it reaches datastore ssd" })
        let network = hosts(
            machine: { $0.traits.networks = ["dmz"] }, b: { $0.traits.networks = ["lan"] },
            c: { $0.traits.networks = ["lan"] })
        #expect(relief(network).rejected.contains { $0.reason == "it does not reach network dmz" })
        #expect(relief(network).moves.isEmpty)
    }

    @Test("bandwidths and local space hold where they are limited, and a use that is unknown keeps the VM where it is")
    func capacityVectors() {
        let busy = { (host: inout PlacementHost) in
            host.traits.diskBandwidth = 100e6
            var machine = Fleets.machine(2, use: 0.1)
            machine.traits.diskUse = 60e6
            host.virtualMachines = [machine]
        }
        let disk = hosts(machine: { $0.traits.diskUse = 50e6 }, c: busy)
        #expect(relief(disk).moves == ["vm-1>b"])
        #expect(relief(disk).rejected.contains { $0.reason == "disk bandwidth would be 110 % used, limit 90 %" })
        let unknown = relief(hosts(c: busy))
        #expect(unknown.moves.isEmpty)
        #expect(unknown.rejected.contains { $0.reason == "its disk use is unknown" })
        let network = hosts(machine: { $0.traits.networkUse = 95e6 }, c: { $0.traits.networkBandwidth = 100e6 })
        #expect(relief(network).moves == ["vm-1>b"])
        let space = hosts(
            machine: { $0.traits.localDisks = .gibibytes(100) }, b: { $0.traits.localSpace = .gibibytes(200) },
            c: { $0.traits.localSpace = .gibibytes(50) })
        #expect(relief(space).moves == ["vm-1>b"])
    }

    @Test("over-commit of processors and of memory has limits")
    func overcommit() {
        var limits = PlannerLimits()
        limits.processorOvercommit = 1
        let full = { (host: inout PlacementHost) in
            host.virtualMachines = [Fleets.machine(2, use: 0.1, processors: 7)]
        }
        let fleet = hosts(machine: { $0.virtualProcessors = 4 }, c: full)
        #expect(relief(fleet, limits: limits).moves == ["vm-1>b"])
        #expect(relief(fleet).moves == ["vm-1>c"])
        let big = hosts(
            machine: { $0.memory = .gibibytes(40) }, b: { $0.memory = .gibibytes(32) },
            c: {
                $0.virtualMachines = [Fleets.machine(3, use: 0.1, gib: 40, resident: 1)]
                $0.memoryAvailable = .gibibytes(63)
            })
        #expect(relief(big).moves.isEmpty)
        limits = PlannerLimits(memoryCeiling: 1)
        limits.memoryOvercommit = 1.5
        #expect(relief(big, limits: limits).moves == ["vm-1>c"])
    }

    @Test("nothing goes back to where it came from inside the window, and a named move by an operator may")
    func thereAndBack() throws {
        var limits = PlannerLimits()
        limits.returnTime = .seconds(7200)
        let fleet = hosts(machine: {
            $0.traits.cameFrom = Fleets.hostName("c")
            $0.lastMoved = Fleets.time - .seconds(3600)
        })
        let outcome = relief(fleet, limits: limits)
        #expect(outcome.moves == ["vm-1>b"])
        #expect(outcome.rejected.contains { $0.reason.hasPrefix("it came from there 60 min ago") })
        let planner = Planner(limits: limits)
        let snapshot = Fleets.snapshot(fleet)
        let named = planner.plan(.migrate(Fleets.id(1), to: Fleets.hostName("c")), on: snapshot)
        let action = try #require(named.plan?.actions.first)
        #expect(planner.objection(to: action, on: snapshot, automatic: false) == nil)
        #expect(planner.objection(to: action, on: snapshot, automatic: true)?.contains("it came from there") == true)
        limits.returnTime = .seconds(1800)
        #expect(relief(fleet, limits: limits).moves == ["vm-1>c"])
    }

    @Test("a move that would never end is not begun, and one that ends has its time and its pause foretold")
    func movesThatEnd() throws {
        let slow = { (host: inout PlacementHost) in host.traits.migrationBandwidth = 50e6 }
        let writer = hosts(machine: { $0.traits.dirtyRate = 80e6 }, c: slow)
        let outcome = relief(writer)
        #expect(outcome.moves == ["vm-1>b"])
        #expect(outcome.rejected.contains { $0.reason.hasPrefix("the move would not end") })
        let prediction = try #require(outcome.plan?.actions.first?.prediction)
        // 4 GiB at 125 MB/s of which 80 MB/s are written anew.
        #expect(abs(try #require(prediction.seconds) - 4_294_967_296 / 45e6) < 1e-6)
        #expect(try #require(prediction.downtimeMilliseconds) < 330)
        #expect(relief(hosts()).plan?.actions.first?.prediction.downtimeMilliseconds == nil)
    }

    @Test("a group stays spread over failure domains, at every step and with any step failed")
    func spread() {
        let rack = { (name: String) in { (host: inout PlacementHost) in host.traits.failureDomain = name } }
        var fleet = hosts(b: rack("1"), c: rack("2"))
        fleet[0].traits.failureDomain = "1"
        fleet[2].virtualMachines = [Fleets.machine(2, use: 0.1)]
        let rule = PlacementRule.spread([Fleets.id(1), Fleets.id(2)], domains: 2)
        #expect(relief(fleet, rules: [rule]).moves == ["vm-1>b"])
        #expect(
            relief(fleet, rules: [rule]).rejected.contains {
                $0.reason == "its group would run in 1 failure domains, at least 2 are wanted"
            })
        #expect(relief(fleet).moves == ["vm-1>c"])
    }

    @Test("a plan keeps to its budget of memory, for balance by fewer moves")
    func budget() {
        var limits = PlannerLimits()
        limits.migrationBudget = .gibibytes(3)
        #expect(relief(hosts(), limits: limits).moves.isEmpty)
        limits.migrationBudget = .gibibytes(9)
        let crowd = [
            Fleets.host("a", use: 0.75, (1...6).map { Fleets.machine($0, use: 1) }),
            Fleets.host("b", use: 0.1), Fleets.host("c", use: 0.1),
        ]
        let outcome = Planner(limits: limits).plan(
            .balanceCluster(Fleets.cluster, aggressiveness: 5), on: Fleets.snapshot(crowd))
        #expect(outcome.moves.count == 2)
        #expect(outcome.rejected.contains { $0.reason.contains("its budget is 9 GiB") })
    }

    @Test("what operators would rather have decides between hosts, and is no must")
    func preferences() {
        let rather = PlacementPreference(.only(Fleets.id(1), on: [Fleets.hostName("b")]))
        #expect(relief(hosts(), preferences: [rather]).moves == ["vm-1>b"])
        let only = PlacementPreference(.never(Fleets.id(1), on: [Fleets.hostName("b"), Fleets.hostName("c")]))
        #expect(relief(hosts(), preferences: [only]).moves == ["vm-1>c"])
        let heavy = PlacementPreference(.apart([Fleets.id(1), Fleets.id(2)]), weight: 10)
        let pair = [
            Fleets.host("a", use: 0.3, [Fleets.machine(1, use: 1), Fleets.machine(2, use: 1)]),
            Fleets.host("b", use: 0.3),
        ]
        let balance = { (preferences: [PlacementPreference]) in
            Planner().plan(
                .balanceCluster(Fleets.cluster, aggressiveness: 3),
                on: FleetSnapshot(
                    version: 1, time: Fleets.time, hosts: pair, preferences: preferences)
            ).moves
        }
        #expect(balance([]).isEmpty)
        #expect(balance([heavy]).count == 1)
    }
}
