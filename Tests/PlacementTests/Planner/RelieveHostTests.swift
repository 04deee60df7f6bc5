import FleetModel
import Placement
import Testing

@Suite("Relieving a host")
struct RelieveHostTests {
    private let planner = Planner(limits: PlannerLimits())

    private func relieve(
        _ hosts: [PlacementHost], _ resource: HostResource = .processor, target: Double = 0.7,
        limits: PlannerLimits = PlannerLimits()
    ) -> PlanOutcome {
        Planner(limits: limits).plan(
            .relieveHost(Fleets.hostName("a"), resource: resource, target: target), on: Fleets.snapshot(hosts))
    }

    @Test("one move is enough: the VM with the least memory that suffices goes to the host that stays least busy")
    func oneMove() throws {
        let outcome = relieve([
            Fleets.host(
                "a", use: 0.9,
                [Fleets.machine(1, use: 2, gib: 8), Fleets.machine(2, use: 2, gib: 4), Fleets.machine(3, use: 1)]),
            Fleets.host("b", use: 0.3), Fleets.host("c", use: 0.2),
        ])
        #expect(outcome.moves == ["vm-2>c"])
        let prediction = try #require(outcome.plan?.actions.first?.prediction)
        let source = try #require(prediction.sourceProcessor)
        let destination = try #require(prediction.destinationProcessor)
        #expect(abs(source.before - 0.9) < 1e-9)
        #expect(abs(source.after - 0.65) < 1e-9)
        #expect(abs(destination.after - 0.45) < 1e-9)
        #expect(outcome.plan?.snapshotVersion == 7)
        let reasons = Dictionary(outcome.rejected.map { ($0.virtualMachine, $0.reason) }, uniquingKeysWith: { $1 })
        #expect(reasons["vm-1"] == "vm-2 does as well with less memory to move (4 GiB instead of 8 GiB)")
        #expect(reasons["vm-3"] == "moving it would leave a at 78 %, target 70 %")
        let text = try #require(outcome.plan?.explanation)
        #expect(text.contains("a: processor 90 % busy; the target is 70 %. 1 move suffices: vm-2 to c."))
        #expect(text.contains("a at 65 %, c at 45 %"))
    }

    @Test("never onto a host that would itself be hot, and it says so")
    func hotDestination() {
        let outcome = relieve([
            Fleets.host("a", use: 0.9, [Fleets.machine(1, use: 2)]), Fleets.host("b", use: 0.68),
        ])
        #expect(outcome.moves.isEmpty)
        #expect(outcome.rejected.first?.destination == Fleets.hostName("b"))
        #expect(outcome.rejected.first?.reason == "processor would be 93 % busy, limit 75 %")
        #expect(outcome.reason?.contains("none of its VMs can move") == true)
    }

    @Test("several moves when one is not enough, spread so that no destination gets hot")
    func severalMoves() {
        let machines = (1...6).map { Fleets.machine($0, use: 1.2) }
        let outcome = relieve([
            Fleets.host("a", use: 0.9, machines), Fleets.host("b", use: 0.55), Fleets.host("c", use: 0.55),
        ])
        #expect(outcome.moves == ["vm-1>b", "vm-2>c"])
    }

    @Test("memory relief counts what a VM gives back, and the destination must have room for all of its memory")
    func memoryRelief() {
        let outcome = relieve(
            [
                Fleets.host(
                    "a", use: 0.1, gib: 32, available: 1,
                    [
                        Fleets.machine(1, use: 0.1, gib: 16, resident: 2),
                        Fleets.machine(2, use: 0.1, gib: 12, resident: 12),
                    ]),
                Fleets.host("b", use: 0.1, gib: 32, available: 30),
            ], .memory, target: 0.8)
        #expect(outcome.moves == ["vm-2>b"])
    }

    @Test("memory is held on both sides: a destination that has it only on paper is refused")
    func memoryLimits() {
        let machine = Fleets.machine(1, use: 4, gib: 16)
        let tight = relieve([Fleets.host("a", use: 0.9, [machine]), Fleets.host("b", use: 0.1, gib: 32, available: 18)])
        #expect(tight.rejected.first?.reason == "memory would be 94 % used, limit 90 %")
        let promised = relieve([
            Fleets.host("a", use: 0.9, [machine]),
            Fleets.host("b", use: 0.1, gib: 32, available: 30, [Fleets.machine(2, use: 0.1, gib: 20, resident: 1)]),
        ])
        #expect(promised.rejected.first?.reason == "its VMs would be promised 36 GiB of the 32 GiB it has for them")
    }

    @Test("a saturated host's VMs want more than they get, but no more than they waited for or have processors for")
    func hiddenDemand() throws {
        func after(_ machine: PlacementVM) throws -> Double {
            let outcome = relieve([
                Fleets.host(
                    "a", processors: 2, use: 1, [machine, Fleets.machine(2, use: 1, wait: 0, immovable: "pinned")]),
                Fleets.host("b", processors: 2, use: 0),
            ])
            return try #require(outcome.plan?.actions.first?.prediction.destinationProcessor).after * 2
        }
        #expect(abs(try after(Fleets.machine(1, use: 1)) - 1.15) < 1e-9)
        #expect(abs(try after(Fleets.machine(1, use: 1, wait: 0.05)) - 1.05) < 1e-9)
        #expect(abs(try after(Fleets.machine(1, use: 1, wait: 5, processors: 1)) - 1) < 1e-9)
    }

    @Test("unknown is no number: such a host takes nothing, such a VM stays, and neither counts as idle")
    func unknown() {
        let hot = Fleets.host("a", use: 0.9, [Fleets.machine(1, use: 3)])
        let dark = relieve([hot, Fleets.host("b", use: nil), Fleets.host("c", use: 0.1, available: .some(nil))])
        #expect(dark.rejected.map(\.reason) == ["its processor use is unknown", "its available memory is unknown"])
        let machine = relieve([Fleets.host("a", use: 0.9, [Fleets.machine(1, use: nil)]), Fleets.host("b", use: 0.1)])
        #expect(machine.rejected.map(\.reason) == ["its processor use is unknown"])
        let source = relieve([Fleets.host("a", use: nil, [Fleets.machine(1, use: 3)]), Fleets.host("b", use: 0.1)])
        #expect(source.reason == "the processor use of a is unknown")
    }

    @Test("other clusters, absent hosts, other accelerators and cooling hosts take no part")
    func exclusions() throws {
        let other = try #require(ClusterName("other"))
        let justNow = Fleets.time - .seconds(40)
        let outcome = relieve([
            Fleets.host("a", use: 0.9, [Fleets.machine(1, use: 3)]), Fleets.host("b", use: 0.1, cluster: other),
            Fleets.host("c", use: 0.1, unavailable: "its agent is silent"),
            Fleets.host("d", use: 0.1, accelerator: .tcg), Fleets.host("e", use: 0.1, lastMoved: justNow),
        ])
        let reasons = Dictionary(
            outcome.rejected.compactMap { entry in entry.destination.map { ($0.text, entry.reason) } },
            uniquingKeysWith: { $1 })
        #expect(reasons["b"] == nil)
        #expect(reasons["c"] == "it is not available: its agent is silent")
        #expect(reasons["d"] == "it runs VMs under tcg, the VM runs under kvm")
        #expect(reasons["e"] == "a VM was moved to or from it 40 s ago; it is left alone for another 9 min")
        #expect(outcome.reason != nil)
    }

    @Test("VMs that must stay or were just moved are left alone, each with its reason")
    func machinesThatStay() {
        let outcome = relieve([
            Fleets.host(
                "a", use: 0.9,
                [
                    Fleets.machine(1, use: 3, immovable: "it is paused"),
                    Fleets.machine(2, use: 3, lastMoved: Fleets.time - .seconds(300)),
                    Fleets.machine(3, use: 3, accelerator: nil), Fleets.machine(4, use: 0),
                ]), Fleets.host("b", use: 0.1),
        ])
        #expect(
            outcome.rejected.map(\.reason) == [
                "it must stay: it is paused", "it was moved 5 min ago; it is left alone for another 5 min",
                "it is unknown what runs its code", "it uses no processor that moving it would give back",
            ])
    }

    @Test("a host without need, without VMs, unknown to the fleet, or a target that is none: said, not guessed")
    func nothingToDo() {
        #expect(relieve([Fleets.host("a", use: 0.6)]).reason == "a needs no relief: processor 60 % busy")
        #expect(relieve([Fleets.host("a", use: 0.9)]).reason?.contains("no VM runs on it") == true)
        #expect(relieve([]).reason == "the fleet has no host a")
        let hot = [Fleets.host("a", use: 0.9)]
        for target in [Double.nan, .infinity, 0, -1, 1.5] {
            #expect(relieve(hot, target: target).reason?.contains("is not a share between 0 and 1") == true)
        }
    }

    @Test("the limit of moves holds, and what could have been reached is said")
    func maximumMoves() {
        let machines = (1...7).map { Fleets.machine($0, use: 1) }
        var limits = PlannerLimits()
        limits.maximumMoves = 1
        let outcome = relieve(
            [Fleets.host("a", use: 0.95, machines), Fleets.host("b", use: 0.1)], limits: limits)
        #expect(outcome.reason?.contains("at most 1 move of the 7 VMs that can move would leave it at") == true)
        limits.maximumMoves = 0
        #expect(
            relieve([Fleets.host("a", use: 0.95, machines), Fleets.host("b", use: 0.1)], limits: limits).moves.isEmpty)
    }
}
