import FleetModel
import Placement
import Testing

@Suite("After a failure")
struct RestartTests {
    private let planner = Planner()
    private let failed = Fleets.hostName("a")

    private func picture(_ hosts: [PlacementHost], _ rules: [PlacementRule] = [], reserve: Int = 0) -> FleetSnapshot {
        FleetSnapshot(version: 1, time: Fleets.time, hosts: hosts, rules: rules, reserve: reserve)
    }

    private func starts(_ hosts: [PlacementHost], _ rules: [PlacementRule] = []) -> [String] {
        planner.restart(of: failed, on: picture(hosts, rules))?.placements.map { "\($0.name)>\($0.host)" } ?? []
    }

    private func pair(_ gib: Int64 = 4) -> PlacementHost {
        Fleets.host("a", use: 0.2, [Fleets.machine(1, use: 0.5, gib: gib), Fleets.machine(2, use: 0.5, gib: gib)])
    }

    @Test("VMs that must share a host start on one, or where those are that live; else none of them starts")
    func together() {
        let rule = PlacementRule.together([Fleets.id(1), Fleets.id(2)])
        let hosts = [pair(), Fleets.host("b", use: 0.2), Fleets.host("c", use: 0.2)]
        #expect(Set(starts(hosts)) == ["vm-1>b", "vm-2>c"])
        #expect(starts(hosts, [rule]) == ["vm-1>b", "vm-2>b"])
        let small = [pair(10), Fleets.host("b", use: 0.2, gib: 14), Fleets.host("c", use: 0.2, gib: 14)]
        #expect(starts(small).count == 2)
        #expect(starts(small, [rule]).isEmpty)
        let living = [pair(), Fleets.host("b", use: 0), Fleets.host("c", use: 0.4, [Fleets.machine(3, use: 0.5)])]
        #expect(starts(living, [.together([Fleets.id(1), Fleets.id(3)])]).contains("vm-1>c"))
    }

    @Test("several VMs of one spread start, in as many failure domains as they were in")
    func spread() {
        var hosts = [
            pair(), Fleets.host("b", use: 0, [Fleets.machine(3, use: 0.1)]), Fleets.host("c", use: 0.5),
        ]
        for place in hosts.indices { hosts[place].traits.failureDomain = "\(place)" }
        let spread = PlacementRule.spread([1, 2, 3].map(Fleets.id), domains: 2)
        let found = starts(hosts, [spread])
        #expect(found.count == 2 && found.contains { $0.hasSuffix(">c") })
    }

    @Test(
        "a VM starts above a ceiling rather than not at all, and the plan says so; what the reserve counts still holds")
    func strain() throws {
        let busy = ["b", "c"].map { Fleets.host($0, use: 0.7, [Fleets.machine($0 == "b" ? 8 : 9, use: 5)]) }
        let fleet = picture([pair()] + busy)
        let plan = try #require(planner.restart(of: failed, on: fleet))
        #expect(planner.reserve(of: Fleets.cluster, failures: 1, on: fleet).holds && plan.unplaced.isEmpty)
        #expect(
            plan.placements.compactMap(\.strain) == [
                "processor would be 76 % busy, limit 75 %", "processor would be 76 % busy, limit 75 %",
            ])
        let full = picture([pair(40), Fleets.host("b", use: 0.7, gib: 32)])
        let none = try #require(planner.restart(of: failed, on: full))
        #expect(none.placements.isEmpty && none.unplaced.allSatisfy { $0.reason.contains("promised") })
    }

    @Test("a VM that another host reports is not started twice")
    func elsewhere() throws {
        var dead = pair()
        dead.isSilent = true
        dead.unavailableReason = "silent"
        let plan = try #require(
            planner.restart(
                of: failed, on: picture([dead, Fleets.host("b", use: 0.1, [Fleets.machine(1, use: 0.5)])])))
        #expect(plan.placements.map(\.name) == ["vm-2"] && plan.left == ["vm-1"])
    }

    @Test("where the proof of the reserve packs all VMs, so does the restart, even if one after the other does not fit")
    func followsTheProof() throws {
        let machines = [6, 4, 4, 3, 3].enumerated().map { Fleets.machine($0 + 1, use: 0.1, gib: Int64($1)) }
        let fleet = picture([
            Fleets.host("a", use: 0.1, machines), Fleets.host("b", use: 0, gib: 10), Fleets.host("c", use: 0, gib: 10),
        ])
        let report = planner.reserve(of: Fleets.cluster, losing: [failed], on: fleet)
        #expect(report?.holds == true)
        let plan = try #require(planner.restart(of: failed, on: fleet))
        #expect(plan.unplaced.isEmpty && plan.placements.count == 5)
        let onB = plan.placements.filter { $0.host.text == "b" }.map(\.name)
        #expect(onB == ["vm-1", "vm-2"] || onB == ["vm-1", "vm-3"] || onB.count == 3)
    }

    @Test("a VM that writes too fast to be moved starts again all the same, and the reserve has a place for it")
    func tooFastToMove() throws {
        var dead = pair()
        dead.virtualMachines[0].traits.dirtyRate = 1e12
        let fleet = picture([dead, Fleets.host("b", use: 0.1)])
        #expect(planner.plan(.migrate(Fleets.id(1), to: Fleets.hostName("b")), on: fleet).reason != nil)
        #expect(planner.restart(of: failed, on: fleet)?.placements.count == 2)
        let report = planner.reserve(of: Fleets.cluster, failures: 1, on: fleet)
        #expect(report.holds && report.uncovered.isEmpty)
    }

    @Test("the witness of two failures at a time names for each pair of hosts where their VMs start")
    func pairs() throws {
        let fleet = picture(
            [pair(10)]
                + ["b", "c", "d"].map {
                    Fleets.host(
                        $0, use: 0.1, gib: 21, [Fleets.machine($0 == "b" ? 3 : $0 == "c" ? 4 : 5, use: 0.1, gib: 1)])
                })
        let report = planner.reserve(of: Fleets.cluster, failures: 2, on: fleet, witnessing: 100)
        #expect(report.holds && report.proved == 6 && report.witnesses.count == 6 && !report.isCut)
        for witness in report.witnesses {
            #expect(witness.starts.allSatisfy { start in start.refuge.map { !witness.failed.contains($0) } ?? false })
            #expect(witness.starts.count == (witness.failed.contains(failed) ? 3 : 2))
        }
        let some = planner.reserve(of: Fleets.cluster, failures: 2, on: fleet, witnessing: 4)
        #expect(some.witnesses.count == 1 && some.isCut && some.proved == 6)
        let three = try #require(
            planner.reserve(of: Fleets.cluster, losing: ["a", "b", "c"].map(Fleets.hostName), on: fleet))
        #expect(!three.holds && three.witnesses[0].starts.contains { $0.refuge == nil })
        #expect(three.reason.hasPrefix("if a and b and c failed"))
        #expect(planner.reserve(of: Fleets.cluster, losing: [Fleets.hostName("z")], on: fleet) == nil)
    }

    @Test("what if a host failed: its VMs are on others, which have that much less")
    func supposed() throws {
        let fleet = picture([pair(10), Fleets.host("b", use: 0.2, gib: 24), Fleets.host("c", use: 0.2, gib: 24)])
        let failure = try #require(planner.failure(of: failed, on: fleet))
        #expect(failure.fleet.hosts.map(\.virtualMachines.count) == [1, 1])
        #expect(failure.fleet.hosts.map(\.memoryAvailable) == [.gibibytes(14), .gibibytes(14)])
        #expect(failure.fleet.hosts.allSatisfy { abs(($0.processorUse ?? 0) - 0.2625) < 1e-9 })
        #expect(planner.reserve(of: Fleets.cluster, failures: 1, on: failure.fleet).holds)
        let second = try #require(planner.failure(of: Fleets.hostName("b"), on: failure.fleet))
        #expect(second.fleet.hosts.map(\.virtualMachines.count) == [2])
        #expect(planner.failure(of: Fleets.hostName("z"), on: fleet) == nil)
    }

    @Test("a reserve does not count on a pair being torn apart, for one failure and for two")
    func reserve() {
        let rule = PlacementRule.together([Fleets.id(1), Fleets.id(2)])
        let hosts = [pair(10), Fleets.host("b", use: 0.2, gib: 14), Fleets.host("c", use: 0.2, gib: 14)]
        let holds = { (more: [PlacementHost], rules: [PlacementRule], failures: Int) in
            planner.reserve(of: Fleets.cluster, failures: failures, on: picture(hosts + more, rules)).holds
        }
        #expect(holds([], [], 1) && !holds([], [rule], 1))
        #expect(holds([Fleets.host("d", use: 0.2, gib: 20)], [rule], 1))
        let more = [Fleets.host("d", use: 0.2, gib: 14)]
        #expect(!holds([], [], 2) && holds(more, [], 2) && !holds(more, [rule], 2))
        #expect(holds([Fleets.host("d", use: 0.2, gib: 20), Fleets.host("e", use: 0.1, gib: 20)], [rule], 2))
    }

    @Test("the witness names for each VM a host with room for all that would come")
    func witness() {
        let fleet = picture([pair(10), Fleets.host("b", use: 0.2, gib: 14), Fleets.host("c", use: 0.2, gib: 14)])
        let report = planner.reserve(of: Fleets.cluster, failures: 1, on: fleet, witnessing: 10)
        let starts = report.witnesses.flatMap(\.starts)
        #expect(report.holds && Set(starts.map(\.refuge?.text)) == ["b", "c"])
        #expect(starts.map(\.from) == [failed, failed])
        #expect(planner.reserve(of: Fleets.cluster, failures: 1, on: fleet).witnesses.isEmpty)
    }
}
