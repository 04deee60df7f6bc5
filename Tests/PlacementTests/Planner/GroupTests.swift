import FleetModel
import Placement
import Testing

@Suite("VMs that must share a host, and VMs that come first")
struct GroupTests {
    private let planner = Planner(limits: PlannerLimits(processorCeiling: 0.8, maximumMoves: 16))
    private let pair = PlacementRule.together([Fleets.id(1), Fleets.id(2)])

    private func picture(_ hosts: [PlacementHost], _ rules: [PlacementRule]) -> FleetSnapshot {
        FleetSnapshot(version: 1, time: Fleets.time, hosts: hosts, rules: rules)
    }

    private func evacuate(_ hosts: [PlacementHost], _ rules: [PlacementRule]) -> PlanOutcome {
        planner.plan(.evacuateHost(Fleets.hostName("a")), on: picture(hosts, rules))
    }

    private let source = Fleets.host(
        "a", use: 0.4,
        [Fleets.machine(1, use: 1, gib: 4), Fleets.machine(2, use: 1, gib: 6), Fleets.machine(3, use: 1)])

    @Test("leave a host together, and the re-check lets them")
    func together() throws {
        // b alone would take any one of them first, c has room for both.
        let hosts = [source, Fleets.host("b", use: 0.1, gib: 9), Fleets.host("c", use: 0.3, gib: 32)]
        let plan = try #require(evacuate(hosts, [pair]).plan)
        let ends = Dictionary(grouping: plan.actions) { $0.virtualMachineName }.compactMapValues { $0.first }
        #expect(ends["vm-1"]?.hosts.last == Fleets.hostName("c") && ends["vm-2"]?.hosts.last == Fleets.hostName("c"))
        #expect(ends["vm-1"]?.companions == [Fleets.id(2)] && ends["vm-3"]?.companions == nil)
        #expect(plan.explanation.contains("vm-1, vm-2 must share a host with others that go the same way"))
        let action = try #require(ends["vm-1"])
        let snapshot = picture(hosts, [pair])
        #expect(planner.objection(to: action, on: snapshot, automatic: true) == nil)
        var alone = action
        alone.companions = nil
        #expect(planner.objection(to: alone, on: snapshot, automatic: true)?.contains("must stay with vm-2") == true)
    }

    @Test("go one after the other: where the first move fails none of the others is made, and nothing is parted")
    func oneAfterTheOther() throws {
        let hosts = [source, Fleets.host("b", use: 0.1)]
        let rules = { (count: Int) in [PlacementRule.together((1...count).map(Fleets.id))] }
        let afters = { (plan: Plan) in
            Dictionary(uniqueKeysWithValues: plan.actions.map { ($0.virtualMachineName, $0.after ?? []) })
        }
        let two = try #require(evacuate(hosts, rules(2)).plan)
        let first = try #require(two.actions.firstIndex { $0.companions != nil })
        let second = try #require(two.actions.lastIndex { $0.companions != nil })
        #expect(two.actions[first].after == [] && two.actions[second].after == [first] && first < second)
        #expect(afters(two)["vm-3"] == [])
        #expect(try #require(two.actions[second].wave) > (try #require(two.actions[first].wave)))
        let three = try #require(evacuate(hosts, rules(3)).plan)
        #expect(three.actions.map(\.after) == [[], [0], [1]])
        let drained = planner.plan(.drainHost(source.name), on: picture(hosts, rules(3)))
        #expect(drained.plan?.actions.map(\.after) == [[], [0], [1]])
    }

    @Test("stay where no host takes both, and follow one that is elsewhere already")
    func whole() {
        let small = [source, Fleets.host("b", use: 0.1, gib: 9), Fleets.host("c", use: 0.1, gib: 9)]
        #expect(evacuate(small, [pair]).reason?.contains("2 VMs would have to stay (vm-1, vm-2)") == true)
        #expect(evacuate(small, []).moves.count == 3)
        let torn = PlacementRule.together([Fleets.id(1), Fleets.id(9)])
        let hosts = [
            source, Fleets.host("b", use: 0.1), Fleets.host("c", use: 0.3, [Fleets.machine(9, use: 0.1)]),
        ]
        #expect(evacuate(hosts, [torn]).moves.contains("vm-1>c"))
    }

    @Test("the most urgent leave first, and start first after a failure")
    func priorities() throws {
        var host = source
        host.virtualMachines[2].traits.priority = 900
        let hosts = [host, Fleets.host("b", use: 0.1)]
        #expect(evacuate(hosts, []).moves.first == "vm-3>b")
        host.virtualMachines[1].traits.isProtected = true
        let plan = try #require(planner.restart(of: host.name, on: picture([host, hosts[1]], [])))
        #expect(plan.placements.map(\.name) == ["vm-2", "vm-3", "vm-1"])
    }

    @Test("an urgent VM is left alone where another does as well, and the reason is said")
    func urgentStays() throws {
        var hot = Fleets.host("a", use: 0.9, [Fleets.machine(1, use: 3, gib: 4), Fleets.machine(2, use: 3, gib: 8)])
        let relief = {
            planner.plan(
                .relieveHost(hot.name, resource: .processor, target: 0.6),
                on: picture([hot, Fleets.host("b", use: 0.1)], []))
        }
        #expect(relief().moves == ["vm-1>b"])
        hot.virtualMachines[0].traits.rank = 1
        #expect(relief().moves == ["vm-2>b"])
        #expect(relief().rejected.contains { $0.reason == "vm-2, which has a lower priority, does as well" })
    }

    @Test("stars keep to the reserve: a host that would cost the cluster it has none")
    func starsAndReserve() {
        // Two hosts of 16 GiB each of which could take the other's 8 GiB; another 6 GiB fit, but not a host's failure.
        let hosts = [
            Fleets.host("a", use: 0.1, gib: 16, [Fleets.machine(1, use: 0.5, gib: 8)]),
            Fleets.host("b", use: 0.1, gib: 16, [Fleets.machine(2, use: 0.5, gib: 6)]),
        ]
        let stars = { (gib: Int64, reserve: Int) in
            planner.rate(
                NewMachine(virtualProcessors: 2, memory: .gibibytes(gib)), in: Fleets.cluster,
                on: FleetSnapshot(version: 1, time: Fleets.time, hosts: hosts, reserve: reserve))
        }
        #expect(stars(6, 0).allSatisfy { $0.stars > 0 })
        #expect(stars(6, 1).allSatisfy { $0.stars == 0 && $0.reasons[0].contains("could no longer lose any host") })
        #expect(stars(1, 1).allSatisfy { $0.stars > 0 })
    }

    @Test("stars keep to what a new VM needs: others near or far, networks, over-commitment")
    func starsAndRules() throws {
        var hosts = [
            Fleets.host("a", use: 0.1, [Fleets.machine(1, use: 0.5, processors: 2)]),
            Fleets.host("b", use: 0.1, [Fleets.machine(2, use: 0.5, processors: 2)]), Fleets.host("c", use: 0.1),
        ]
        hosts[2].traits.networks = ["backup"]
        let rated = { (change: (inout NewMachine) -> Void) in
            var machine = NewMachine(virtualProcessors: 4, memory: .gibibytes(2))
            change(&machine)
            return planner.rate(machine, in: Fleets.cluster, on: picture(hosts, []))
        }
        let good = { (change: (inout NewMachine) -> Void) in
            rated(change).filter { $0.stars > 0 }.map(\.host.text).sorted()
        }
        #expect(good { _ in } == ["a", "b", "c"])
        #expect(good { $0.companions = [Fleets.id(1)] } == ["a"])
        #expect(
            rated { $0.companions = [Fleets.id(1)] }.contains {
                $0.reasons == ["it must share a host with vm-1, which is on a"]
            })
        #expect(good { $0.rivals = [Fleets.id(1), Fleets.id(2)] } == ["c"])
        #expect(good { $0.traits.networks = ["backup"] } == ["c"])
        hosts[1].traits.processorOverCommit = 0.5
        #expect(good { _ in } == ["a", "c"])
    }

    @Test("no more steps of a plan stand in one wave than the cluster carries at a time")
    func waves() throws {
        var limits = PlannerLimits(processorCeiling: 0.8)
        limits.movesInCluster = 1
        let hosts = [source, Fleets.host("b", use: 0.1), Fleets.host("c", use: 0.1)]
        let plan = try #require(
            Planner(limits: limits).plan(.evacuateHost(source.name), on: picture(hosts, [])).plan)
        #expect(plan.actions.map(\.wave) == [0, 1, 2])
        let wide = try #require(planner.plan(.evacuateHost(source.name), on: picture(hosts, [])).plan)
        #expect(wide.actions.map(\.wave) == [0, 0, 1])
    }

    @Test("a reserve that does not hold for all says whether it does for those that come first")
    func protectedReserve() {
        var host = source
        let hosts = { (host: PlacementHost) in [host, Fleets.host("b", use: 0.1, gib: 7)] }
        let report = { (host: PlacementHost) in
            planner.reserve(of: Fleets.cluster, failures: 1, on: picture(hosts(host), []))
        }
        #expect(!report(host).holds && report(host).holdsForProtected == nil)
        host.virtualMachines[1].traits.isProtected = true
        #expect(!report(host).holds && report(host).holdsForProtected == true)
        #expect(report(host).reason.hasSuffix("but for its highly available VMs it holds"))
        host.virtualMachines[0].traits.isProtected = true
        #expect(report(host).holdsForProtected == false)
    }

    @Test("a host's own over-commitment counts, and an even spread is kept even")
    func limits() {
        let hot = Fleets.host(
            "a", use: 0.9, [Fleets.machine(1, use: 3, processors: 6), Fleets.machine(2, use: 3.2, processors: 6)])
        var b = Fleets.host("b", use: 0.1, [Fleets.machine(3, use: 0.5, processors: 8)])
        let relief = { (hosts: [PlacementHost], rules: [PlacementRule]) in
            planner.plan(
                .relieveHost(Fleets.hostName("a"), resource: .processor, target: 0.6), on: picture(hosts, rules))
        }
        #expect(relief([hot, b], []).moves == ["vm-2>b"])
        b.traits.processorOverCommit = 1.5
        #expect(relief([hot, b], []).rejected.contains { $0.reason.contains("14 virtual processors, limit 12") })
        b.traits.processorOverCommit = nil
        b.traits.memoryOverCommit = 0.1
        #expect(relief([hot, b], []).moves.isEmpty)
        b.traits.memoryOverCommit = nil
        let even = { (most: Int) in PlacementRule.spread([1, 2, 3].map(Fleets.id), domains: 2, most: most) }
        #expect(relief([hot, b], [even(2)]).moves == ["vm-2>b"])
        let crowded = relief([hot, b], [even(1)])
        #expect(crowded.moves.isEmpty)
        #expect(crowded.rejected.contains { $0.reason.hasPrefix("2 of its group would be in one failure domain") })
    }
}
