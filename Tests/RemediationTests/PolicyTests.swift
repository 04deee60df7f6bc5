import FleetModel
import Placement
import Remediation
import Testing

@Suite("Policy as data")
struct PolicyTests {
    @Test("The least of what place, pack or rule, and VM allow counts, and the narrower scope of a kind wins")
    func levels() {
        var world = World.hot(level: .automatic)
        world.set(.operator, in: .pack("host-pressure"))
        world.round([Sample.hot("h1")])
        #expect(world.tip?.state == .awaitingApproval)
        world.set(.automatic, in: .rule(pack: "host-pressure", alert: "HostProcessorHot"))
        #expect(world.tip?.state == .running, "the rule stands in for its pack")

        var other = World.hot(level: .automatic)
        other.set(.operator, in: .cluster(World.cluster))
        other.set(.automatic, in: .pack("host-pressure"))
        other.round([Sample.hot("h1")])
        #expect(other.tip?.state == .awaitingApproval, "a pack gives nothing that its place does not allow")
    }

    @Test("A threshold leaves warnings to people and critical tips to policy")
    func threshold() {
        var world = World.hot(level: .operator)
        world.set(.automatic, from: .critical)
        world.round([Sample.hot("h1")])
        #expect(world.tip?.state == .awaitingApproval)
        world.round([Sample.hot("h1", alert: "HostProcessorSaturated", level: .critical)])
        #expect(world.tip?.level == .critical && world.tip?.state == .running)
        let entry = world.journal.audit.last { $0.event == "tip.approved" }
        #expect(entry?.authority?.contains("fleet: automatic, for critical tips only, policy version 2") == true)
        #expect(entry?.plan?.count == 1 && entry?.evidence?.isEmpty == false)
    }

    @Test("A VM that is off is left to people")
    func machineOff() {
        var world = World.hot(level: .automatic)
        for number in 1...3 { world.set(.off, in: .machine(Sample.machine(number))) }
        world.round([Sample.hot("h1")])
        #expect(world.openCommands.isEmpty)
        #expect(world.loop.openTips.first?.state != .running)
    }

    @Test("Every change is a version, and one that was decided on an older one is refused")
    func versions() {
        var world = World.hot()
        world.expect(
            .changed(version: 2, warnings: []), for: .changePolicy(.setLimit(.actionsPerHour, 3), version: 1))
        world.expect(
            .refused("the policy is at version 2 now, not at 1: somebody changed it; look again"),
            for: .changePolicy(.setLimit(.actionsPerHour, 4), version: 1))
        #expect(world.journal.audit.last?.event == "policy.set")
        world.restart()
        #expect(world.loop.policy.limits[.actionsPerHour] == 3)
    }

    @Test(
        "What makes no sense is refused, in words, and nothing is changed",
        arguments: [
            (PolicyChange.setLimit(.actionsPerHour, 2.5), "actions-per-hour is a whole number from 0 to 500"),
            (.setLimit(.returnHours, -1), "return-hours is a number from 0 to 168"),
            (.removeConstraint(7), "there is no constraint 7"),
            (.addConstraint(Constraint(kind: .antiAffinity, machines: [Sample.machine(1)])), "needs two VMs"),
            (.addConstraint(Constraint(kind: .pin, machines: [Sample.machine(1)])), "pin needs hosts"),
            (.setWindow(PolicyWindow(name: "x", kind: .blackout, zone: "Mars/Olympus")), "there is no time zone"),
            (.setWindow(PolicyWindow(name: "x", kind: .blackout, from: 60, to: 60)), "at the same time"),
        ])
    func nonsense(change: PolicyChange, words: String) {
        var world = World.hot()
        guard case .refused(let reason) = world.ask(.changePolicy(change)) else {
            Issue.record("\(change) was not refused")
            return
        }
        #expect(reason.contains(words), "\(reason)")
        #expect(world.loop.policy.version == 1)
    }

    @Test(
        "A constraint that is broken as things are is set all the same, and said",
        arguments: [
            (Constraint(kind: .antiAffinity, machines: [1, 2].map(Sample.machine)), "vm-1 and vm-2 are both on h1"),
            (Constraint(kind: .affinity, machines: [1, 4].map(Sample.machine)), "vm-1 is on h1, vm-4 on h3"),
            (
                Constraint(kind: .pin, machines: [Sample.machine(1)], hosts: [Sample.host("h2")]), "vm-1 is on h1"
            ),
            (
                Constraint(kind: .avoid, machines: [Sample.machine(1)], hosts: [Sample.host("h1")]), "vm-1 is on h1"
            ),
            (Constraint(kind: .spread, machines: [1, 2].map(Sample.machine)), "2 of 2 VMs are in h1"),
            (Constraint(kind: .affinity, machines: [1, 9].map(Sample.machine)), "nobody reports VM"),
        ])
    func brokenNow(constraint: Constraint, words: String) {
        var world = World.hot()
        world.add("h3", use: 0.1, machines: [4: 0.1])
        guard case .changed(_, let warnings) = world.ask(.changePolicy(.addConstraint(constraint))) else {
            Issue.record("it was not set")
            return
        }
        #expect(warnings.contains { $0.contains(words) }, "\(warnings)")
        #expect(world.loop.policy.constraints.count == 1)
    }

    @Test("Nobody moves a VM against a constraint, by name either; spread and over-commitment included")
    func constraintsBind() {
        let move = ControlRequest.Kind.migrate(Sample.machine(1), to: Sample.host("h2"))
        let changes: [PolicyChange] = [
            .addConstraint(Constraint(kind: .pin, machines: [Sample.machine(1)], hosts: [Sample.host("h1")])),
            .addConstraint(Constraint(kind: .avoid, machines: [Sample.machine(1)], hosts: [Sample.host("h2")])),
            .addConstraint(Constraint(kind: .antiAffinity, machines: [1, 4].map(Sample.machine))),
            .addConstraint(Constraint(kind: .affinity, machines: [1, 2].map(Sample.machine))),
            .addConstraint(Constraint(kind: .spread, machines: [1, 4].map(Sample.machine))),
            .setCluster(World.cluster, Self.overCommit(0.5)),
        ]
        for change in changes {
            var world = World()
            world.add("h1", use: 0.9, machines: [1: 1.2, 2: 1.2, 3: 1.2])
            world.add("h2", use: 0.05, machines: [4: 0.1])
            world.round()
            world.ask(.changePolicy(change))
            guard case .refused = world.ask(move) else {
                Issue.record("moved in spite of \(change)")
                continue
            }
            #expect(world.openCommands.isEmpty)
        }
    }

    @Test("VMs that must share a host leave it together when it is drained, and a plan keeps to over-commitment")
    func drainOfAGroup() {
        var world = World()
        world.add("h1", use: 0.3, machines: [1: 0.4, 2: 0.4])
        world.add("h2", use: 0.05, machines: [:])
        world.add("h3", use: 0.05, machines: [:])
        world.round()
        world.ask(.changePolicy(.addConstraint(Constraint(kind: .affinity, machines: [1, 2].map(Sample.machine)))))
        guard case .plan(let plan) = world.loop.plan(.evacuateHost(Sample.host("h1")), at: world.now) else {
            Issue.record("the group cannot leave")
            return
        }
        #expect(plan.actions.count == 2 && Set(plan.actions.compactMap(\.hosts.last)).count == 1)
        world.ask(.hold(.host(Sample.host("h1")), reason: "new disks", cancelling: false))
        #expect(!world.openCommands.isEmpty, "the first of them is on its way")
        world.ask(.changePolicy(.setCluster(World.cluster, Self.overCommit(0.1))))
        guard case .impossible = world.loop.plan(.evacuateHost(Sample.host("h1")), at: world.now) else {
            Issue.record("planned against the over-commit limit")
            return
        }
    }

    @Test("Two tips of one round send their VMs to different hosts")
    func differentDestinations() {
        var world = World()
        world.add("h1", use: 0.9, machines: [1: 1.2, 2: 1.2, 3: 1.2])
        world.add("h2", use: 0.9, machines: [4: 1.2, 5: 1.2, 6: 1.2])
        world.add("h3", use: 0.05, machines: [:])
        world.add("h4", use: 0.06, machines: [:])
        world.round([Sample.hot("h1"), Sample.hot("h2")])
        let ends = world.loop.openTips.compactMap { $0.plan?.actions.first?.hosts.last }
        #expect(Set(ends) == [Sample.host("h3"), Sample.host("h4")])
    }

    private static func overCommit(_ ratio: Double) -> ClusterPolicy {
        var policy = ClusterPolicy()
        policy.processorOverCommit = ratio
        return policy
    }

    @Test("Outside its maintenance windows, and within a blackout, policy waits and says for what; operators do not")
    func windows() {
        // The world begins at 1970-01-01T00:16:40Z, a Thursday; 01:16 in Berlin.
        let night = PolicyWindow(name: "night", kind: .maintenance, zone: "Europe/Berlin", from: 120, to: 300)
        var world = World.hot(level: .automatic)
        world.ask(.changePolicy(.setWindow(night)))
        world.round([Sample.hot("h1")])
        #expect(
            world.tip?.history.last?.note
                == "waits: policy: it is outside the maintenance windows of cluster main: 'night'")
        #expect(world.loop.currentWindows(at: world.now).isEmpty)
        #expect(world.loop.currentWindows(at: world.now + .seconds(45 * 60)) == ["night"])
        var byHand = world
        byHand.expect(.done(tip: 1, operation: 1), for: .approve(tip: 1))
        world.look(after: 45 * 60)
        #expect(world.tip?.state == .running)

        var other = World.hot(level: .automatic)
        other.ask(.changePolicy(.setWindow(PolicyWindow(name: "fair", kind: .blackout, days: [.thu]))))
        other.round([Sample.hot("h1")])
        #expect(other.tip?.history.last?.note.contains("blackout 'fair' lasts until 24:00 UTC") == true)
    }

    @Test(
        "Spans of the day belong to the day on which they begin, in the zone's own time",
        arguments: [
            // 2026-03-28 is a Saturday; summer time begins in Berlin in the night after it.
            ("2026-03-28", 23 * 60, 1, true), ("2026-03-29", 0, 1, true), ("2026-03-29", 5 * 60 + 59, 2, true),
            ("2026-03-29", 6 * 60, 2, false), ("2026-03-29", 23 * 60, 2, false), ("2026-03-28", 5 * 60, 1, false),
        ])
    func spans(date: String, minute: Int, offsetHours: Int, isInside: Bool) throws {
        let window = PolicyWindow(name: "w", kind: .blackout, zone: "Europe/Berlin", days: [.sat], from: 1320, to: 360)
        let day = try #require(CalendarDate(date)).day
        let seconds = day * 86_400 + minute * 60 - offsetHours * 3600
        let time = Timestamp(milliseconds: Int64(seconds) * 1000)
        #expect(window.contains(time, offset: offsetHours * 3600) == isInside)
    }

    @Test("The end of a blackout is that of its last day in a row, and a cluster that nobody reports from is named")
    func ends() throws {
        func end(_ window: PolicyWindow, _ text: String) throws -> String? {
            let day = try #require(CalendarDate(text)).day
            return window.end(at: Timestamp(milliseconds: Int64(day) * 86_400_000 + 3_600_000), offset: 0)
        }
        let span = try #require(DateSpan("2026-11-20..2026-12-02"))
        let fair = PolicyWindow(name: "fair", kind: .blackout, dates: [span])
        #expect(try end(fair, "2026-11-26") == "24:00 of 2026-12-02")
        #expect(try end(fair, "2026-12-02") == "24:00")
        #expect(
            try end(PolicyWindow(name: "w", kind: .blackout, days: [.thu, .fri]), "2026-11-26") == "24:00 of 2026-11-27"
        )
        #expect(try end(PolicyWindow(name: "w", kind: .blackout, from: 0, to: 360), "2026-11-26") == "06:00")
        #expect(try end(PolicyWindow(name: "w", kind: .blackout), "2026-11-26") == nil)
        var world = World.hot()
        let nowhere = try #require(ClusterName("nowhere"))
        world.ask(
            .changePolicy(.setWindow(PolicyWindow(name: "w", kind: .blackout, clusters: [nowhere]))))
        #expect(world.loop.policyWarnings.contains("no host reports from cluster nowhere"))
        let gone = PolicyWindow(name: "x", kind: .blackout, clusters: [try #require(ClusterName("gone"))])
        guard case .changed(_, let warnings) = world.ask(.changePolicy(.setWindow(gone))) else {
            Issue.record("it was not set")
            return
        }
        #expect(
            warnings == [
                "no host reports from cluster gone", "as before: no host reports from cluster nowhere",
            ])
    }

    @Test("Dates are read as they are written, and nothing else is one")
    func dates() {
        for text in ["1970-01-01", "2000-02-29", "2026-12-31", "2100-03-01", "0001-01-01"] {
            #expect(CalendarDate(text)?.description == text)
        }
        for text in ["2026-02-29", "2026-13-01", "2026-1-1", "26-01-01", "2026-00-10", "", "2026-01-01 "] {
            #expect(CalendarDate(text) == nil, "\(text)")
        }
        #expect(CalendarDate("1970-01-01")?.day == 0 && CalendarDate("2026-11-26")?.day == 20_783)
        #expect(DateSpan("2026-12-20..2027-01-02")?.last.description == "2027-01-02")
        #expect(DateSpan("2026-12-20..") == nil)
    }
}
