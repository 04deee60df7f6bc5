import FleetModel
import Placement
import Testing

@Suite("Requests under rules and a reserve")
struct RequestTests {
    private let planner = Planner(limits: PlannerLimits(processorCeiling: 0.8))

    private func relief(_ hosts: [PlacementHost], rules: [PlacementRule] = [], reserve: Int = 0) -> PlanOutcome {
        planner.plan(
            .relieveHost(Fleets.hostName("a"), resource: .processor, target: 0.6),
            on: FleetSnapshot(version: 7, time: Fleets.time, hosts: hosts, rules: rules, reserve: reserve))
    }

    private let hot = Fleets.host("a", use: 0.9, [Fleets.machine(1, use: 3), Fleets.machine(2, use: 3.2)])

    @Test("relief keeps VMs apart, together, on and off hosts, and says so")
    func rules() {
        let cool = [Fleets.host("b", use: 0.2, [Fleets.machine(3, use: 1)]), Fleets.host("c", use: 0.3)]
        #expect(relief([hot] + cool).moves == ["vm-1>b"])
        #expect(
            relief([hot] + cool, rules: [.apart([Fleets.id(1), Fleets.id(3)]), .apart([Fleets.id(2), Fleets.id(3)])])
                .moves == ["vm-1>c"])
        #expect(relief([hot] + cool, rules: [.only(Fleets.id(1), on: [Fleets.hostName("a")])]).moves == ["vm-2>b"])
        #expect(relief([hot] + cool, rules: [.never(Fleets.id(1), on: [Fleets.hostName("b")])]).moves.count == 1)
        let bound = relief([hot] + cool, rules: [.together([Fleets.id(1), Fleets.id(2)])])
        #expect(bound.reason != nil)
        #expect(bound.rejected.contains { $0.reason.contains("must stay with vm-2") })
    }

    @Test("relief leaves a cluster able to lose a host, and the re-check before a move does too")
    func reserve() throws {
        // b has room for either VM, but only as long as it is empty can it take c's VM if c fails.
        let tight = [
            Fleets.host("a", use: 0.9, gib: 10, [Fleets.machine(1, use: 3), Fleets.machine(2, use: 3.2)]),
            Fleets.host("b", use: 0.2, gib: 33),
            Fleets.host("c", use: 0.7, gib: 33, [Fleets.machine(4, use: 1, gib: 30)]),
        ]
        #expect(relief(tight).moves == ["vm-1>b"])
        #expect(relief(tight + [Fleets.host("d", use: 0.7, gib: 40)], reserve: 1).moves == ["vm-1>b"])
        let found = relief(tight, reserve: 1)
        #expect(found.moves.isEmpty)
        #expect(found.rejected.contains { $0.reason.contains("could no longer lose any host") })
        let action = try #require(relief(tight).plan?.actions.first)
        let snapshot = FleetSnapshot(version: 1, time: Fleets.time, hosts: tight, reserve: 1)
        let objection = planner.objection(to: action, on: snapshot, automatic: true)
        #expect(objection?.contains("could no longer lose any host") == true)
    }

    @Test("a VM that rules bind to another host may be moved there, though no reserve covers it then")
    func bound() {
        let hosts = [
            Fleets.host("a", use: 0.2, gib: 20, [Fleets.machine(1, use: 1)]), Fleets.host("b", use: 0.2, gib: 20),
        ]
        let there = planner.plan(
            .migrate(Fleets.id(1), to: Fleets.hostName("b")),
            on: FleetSnapshot(
                version: 1, time: Fleets.time, hosts: hosts + [Fleets.host("c", use: 0.2, gib: 20)],
                rules: [.only(Fleets.id(1), on: [Fleets.hostName("b")])], reserve: 1))
        #expect(there.moves == ["vm-1>b"], "\(there.reason ?? "")")
    }

    @Test("how busy hosts are says nothing about whether their VMs find room elsewhere")
    func unknownLoads() {
        let hosts = ["a", "b", "c"].enumerated().map { number, name in
            Fleets.host(name, use: nil, gib: 40, [Fleets.machine(number + 1, use: nil)])
        }
        let answer = planner.reserve(
            of: Fleets.cluster, failures: 1, on: FleetSnapshot(version: 1, time: Fleets.time, hosts: hosts))
        #expect(answer.holds, "\(answer.reason)")
    }

    @Test("a reserve that does not hold is not made worse by relief, and the reason does not speak of losing it")
    func brokenReserve() {
        // c's 30 GiB find no host if it fails, its 8 GiB find one on b.
        let hosts = { (gib: Int64) in
            [
                Fleets.host("a", use: 0.9, gib: 10, [Fleets.machine(1, use: 3), Fleets.machine(2, use: 3.2)]),
                Fleets.host("b", use: 0.2, gib: gib),
                Fleets.host(
                    "c", use: 0.7, gib: 40, [Fleets.machine(4, use: 1, gib: 30), Fleets.machine(5, use: 1, gib: 8)]),
            ]
        }
        let tight = relief(hosts(9), reserve: 1)
        #expect(tight.reason?.contains("does not hold as it is") == true, "\(tight.reason ?? "a plan")")
        #expect(tight.rejected.contains { $0.reason.contains("more VMs than now would find no host if one failed") })
        #expect(relief(hosts(18), reserve: 1).moves == ["vm-1>b"], "there is room for both on b")
    }

    @Test("balance evens out a cluster, explains itself, and refuses what it cannot make sense of")
    func balance() throws {
        let hosts = [
            Fleets.host("a", use: 0.75, (1...6).map { Fleets.machine($0, use: 1) }),
            Fleets.host("b", use: 0.1), Fleets.host("c", use: 0.1),
        ]
        let outcome = planner.plan(
            .balanceCluster(Fleets.cluster, aggressiveness: 5), on: Fleets.snapshot(hosts))
        let plan = try #require(outcome.plan)
        #expect(plan.actions.count >= 2)
        #expect(plan.explanation.contains("any can fail"))
        #expect(Set(outcome.moves.map { $0.suffix(1) }) == ["b", "c"])
        let wrong = planner.plan(.balanceCluster(Fleets.cluster, aggressiveness: 9), on: Fleets.snapshot(hosts))
        #expect(wrong.reason == "an aggressiveness is 1 to 5, not 9")
        #expect(planner.plan(.balanceCluster(Fleets.cluster, aggressiveness: 3), on: Fleets.snapshot([])).reason != nil)
    }

    @Test("what is unknown, and what was moved lately, is not part of a balance: no VM goes there and back")
    func balanceOfTheUnknown() {
        let now = Fleets.time
        let recent = (1...6).map { Fleets.machine($0, use: 1, lastMoved: now - .seconds(60)) }
        let hosts = [Fleets.host("a", use: 0.75, recent), Fleets.host("b", use: 0.1)]
        #expect(
            planner.plan(.balanceCluster(Fleets.cluster, aggressiveness: 5), on: Fleets.snapshot(hosts)).moves.isEmpty)
        let unknown = [
            Fleets.host("a", use: 0.75, (1...6).map { Fleets.machine($0, use: 1) }), Fleets.host("b", use: nil),
        ]
        #expect(
            planner.plan(.balanceCluster(Fleets.cluster, aggressiveness: 5), on: Fleets.snapshot(unknown))
                .moves.isEmpty)
    }

    @Test("a host is evacuated whole or not at all")
    func evacuation() {
        let source = Fleets.host("a", use: 0.3, [Fleets.machine(1, use: 1, gib: 8), Fleets.machine(2, use: 1)])
        let room = Fleets.host("b", use: 0.1)
        let whole = planner.plan(.evacuateHost(source.name), on: Fleets.snapshot([source, room]))
        #expect(whole.moves == ["vm-1>b", "vm-2>b"])
        var drained = source
        drained.unavailableReason = "drained"
        #expect(planner.plan(.evacuateHost(source.name), on: Fleets.snapshot([drained, room])).moves.count == 2)
        let small = Fleets.host("b", use: 0.1, gib: 9)
        let partly = planner.plan(.evacuateHost(source.name), on: Fleets.snapshot([source, small]))
        #expect(partly.reason?.contains("cannot be emptied: 1 VM would have to stay") == true)
    }

    @Test("a drain moves what can leave, and says what stays and why")
    func drain() throws {
        let source = Fleets.host(
            "a", use: 0.3, [Fleets.machine(1, use: 1), Fleets.machine(2, use: 1, immovable: "it is paused")])
        let hosts = [source, Fleets.host("b", use: 0.1)]
        let plan = try #require(planner.plan(.drainHost(source.name), on: Fleets.snapshot(hosts)).plan)
        #expect(plan.actions.map(\.virtualMachineName) == ["vm-1"])
        let shortfall = "a cannot be emptied: 1 VM stays where it is (vm-2: it must stay: it is paused)"
        #expect(plan.shortfall == shortfall)
        #expect(plan.explanation.hasPrefix("\(shortfall). What can leave does by 1 move,"))
        let stuck = planner.plan(.drainHost(source.name), on: Fleets.snapshot([source]))
        #expect(stuck.reason?.hasPrefix("a cannot be emptied: 2 VMs stay where they are") == true)
        let free = Fleets.host("a", use: 0.3, [Fleets.machine(1, use: 1)])
        let whole = try #require(planner.plan(.drainHost(free.name), on: Fleets.snapshot([free, hosts[1]])).plan)
        #expect(whole.shortfall == nil)
    }

    @Test("two VMs that must not share a host are not evacuated to the same one")
    func evacuationOfRivals() {
        // They share one now, against the rule; the plan mends that.
        let source = Fleets.host("a", use: 0.3, [Fleets.machine(1, use: 1), Fleets.machine(2, use: 1)])
        let outcome = planner.plan(
            .evacuateHost(source.name),
            on: FleetSnapshot(
                version: 1, time: Fleets.time, hosts: [source, Fleets.host("b", use: 0), Fleets.host("c", use: 0.1)],
                rules: [.apart([Fleets.id(1), Fleets.id(2)])]))
        #expect(Set(outcome.moves.map { $0.suffix(1) }) == ["b", "c"])
    }

    @Test("a new VM's hosts are rated by what is left free, those that break a limit with no star and the reason")
    func rating() {
        let hosts = [
            Fleets.host("a", use: 0.7), Fleets.host("b", use: 0.1), Fleets.host("c", use: nil),
            Fleets.host("d", processors: 2, use: 0),
        ]
        let ratings = planner.rate(
            NewMachine(virtualProcessors: 4, memory: .gibibytes(8)), in: Fleets.cluster, on: Fleets.snapshot(hosts))
        #expect(ratings.map(\.host.description) == ["b", "a", "c", "d"])
        #expect(ratings[0].stars >= 3)
        #expect(ratings[1].stars == 0)
        #expect(ratings[2].reasons == ["its processor use is unknown"])
    }

    @Test("a reserve is reported with its proof, what stands against it, and what it cannot cover")
    func reserveReport() {
        let hosts = [
            Fleets.host("a", use: 0.1, gib: 64, [Fleets.machine(1, use: 1, gib: 40)]),
            Fleets.host("b", use: 0.1, gib: 64, [Fleets.machine(2, use: 1, gib: 40)]),
        ]
        let none = planner.reserve(of: Fleets.cluster, failures: 1, on: Fleets.snapshot(hosts))
        #expect(!none.holds)
        #expect(none.reason == "if a failed, vm-1 would fit nowhere")
        let snapshot = FleetSnapshot(
            version: 1, time: Fleets.time, hosts: hosts + [Fleets.host("c", use: 0, gib: 64)],
            rules: [.only(Fleets.id(1), on: [Fleets.hostName("a")])])
        let some = planner.reserve(of: Fleets.cluster, failures: 1, on: snapshot)
        #expect(some.holds)
        #expect(some.uncovered == ["vm-1"])
    }

    @Test("what-if: a host more makes relief possible, a host less or growth makes it impossible")
    func whatIf() {
        let request = PlanRequest.relieveHost(Fleets.hostName("a"), resource: .processor, target: 0.6)
        let alone = Fleets.snapshot([hot])
        #expect(planner.plan(request, on: alone).moves.isEmpty)
        let more = alone.supposing(.added(Fleets.host("b", use: 0.1)))
        #expect(planner.plan(request, on: more).moves.count == 1)
        #expect(planner.plan(request, on: more.supposing(.lost(Fleets.hostName("b")))).moves.isEmpty)
        let grown = more.supposing(.grown([], by: 3))
        #expect(planner.plan(request, on: grown).moves.isEmpty)
    }
}
