import FleetModel
import Placement
import Remediation
import RulePacks
import Testing

@Suite("Maintenance")
struct DrainTests {
    private func world(level: AutomationLevel = .operator) -> World {
        var world = World.roomy(level: level)
        world.use[Sample.host("h1")] = 0.3
        for number in 1...3 { world.machineUse[Sample.machine(number)] = 0.3 }
        world.round()
        return world
    }

    private func drain(_ world: inout World) {
        world.expect(.done(tip: 1), for: .hold(.host(Sample.host("h1")), reason: "new memory"))
    }

    /// Plays moves that succeed until the tip ends.
    private func finish(_ world: inout World) {
        for _ in 0..<20 where world.loop.openTips.isEmpty == false { world.carryOutMoves() }
    }

    private func failRunning(_ world: inout World) {
        while let command = world.openCommands.first {
            if case .prepareIncoming = command.task {
                world.answer(command, .failed("no room on disk"))
            } else {
                world.answer(command, .done)
            }
            if world.operation?.state == .failed { break }
        }
        world.pass(5)
        world.reportAll()
    }

    @Test("A drain whose moves keep failing stays open, waits for a person, and says why and what to do")
    func keepsFailing() throws {
        var world = world()
        drain(&world)
        for _ in 0..<3 {
            #expect(world.tip?.state == .running)
            failRunning(&world)
            world.round()
        }
        let tip = try #require(world.tip)
        #expect(tip.state == .awaitingApproval, "\(tip.history.map(\.note))")
        let note = try #require(tip.history.last?.note)
        #expect(note.contains("no room on disk") && note.contains("'evenkeel host drain h1' tries again"), "\(note)")
        #expect(world.loop.openHolds.map(\.scope) == [.host(Sample.host("h1"))])
        world.restart()
        world.reportAll()
        world.round()
        world.pass(200)
        world.reportAll()
        world.round()
        #expect(world.tip?.state == .awaitingApproval, "nothing is tried by itself, also after a restart")
        world.expect(.done(tip: 1), for: .hold(.host(Sample.host("h1")), reason: "again"), by: "bob")
        #expect(world.tip?.state == .running && world.tip?.approval?.actor == "bob")
        finish(&world)
        #expect(world.loop.tip(1)?.state == .resolved)
    }

    @Test("What can leave a host leaves it; what is bound to it stays and is named, and follows once it may")
    func partly() throws {
        var world = world()
        let pin = Constraint(kind: .pin, machines: [Sample.machine(2)], hosts: [Sample.host("h1")])
        world.ask(.changePolicy(.addConstraint(pin)))
        drain(&world)
        let plan = try #require(world.tip?.plan)
        #expect(plan.actions.count == 2)
        #expect(plan.shortfall?.contains("h1 cannot be emptied: 1 VM stays where it is (") == true, "\(plan)")
        for _ in 0..<10 where world.tip?.state == .running { world.carryOutMoves() }
        for _ in 0..<5 {
            let tip = try #require(world.tip)
            #expect(tip.state == .planned, "\(tip.history.map(\.note))")
            #expect(world.journal.state.endedOperations.count { $0.state == .succeeded } == 2)
            #expect(tip.planProblem?.contains("1 VM stays where it is") == true)
            let notes = tip.history.map(\.note)
            #expect(notes.last?.contains("all that could leave h1 has left") == true, "\(notes)")
            world.pass(200)
            world.reportAll()
            world.round()
        }
        world.ask(.changePolicy(.removeConstraint(1)))
        world.handOut()
        world.pass(61)
        world.reportAll()
        world.round()
        #expect(world.tip?.state == .running, "\(world.tip?.history.suffix(3).map(\.note) ?? [])")
        finish(&world)
        #expect(world.loop.tip(1)?.state == .resolved)
    }

    @Test("Once its maintenance is over nothing more leaves a host, and one that begins anew has one tip")
    func resumed() throws {
        var world = world()
        drain(&world)
        #expect(world.loop.openOperations.count == 1)
        world.expect(.done(), for: .release(.host(Sample.host("h1"))))
        #expect(world.tip?.state == .running)
        world.expect(.done(tip: 1), for: .hold(.host(Sample.host("h1")), reason: "after all"))
        world.expect(.done(), for: .release(.host(Sample.host("h1"))))
        for _ in 0..<3 { world.carryOutMoves() }
        let tip = try #require(world.loop.tip(1))
        #expect(tip.state == .dismissed && tip.operations.count == 1, "\(tip.history.map(\.note))")
        #expect(world.loop.openTips.isEmpty)
        world.expect(.done(tip: 2), for: .hold(.host(Sample.host("h1")), reason: "again"))
        world.expect(.done(), for: .release(.host(Sample.host("h1"))))
        finish(&world)
        #expect(world.loop.tip(2)?.state == .dismissed)
        #expect(world.loop.tip(2)?.operations.count == 1)
    }

    @Test("A move that an operator called off leaves the drain open for a person")
    func calledOff() {
        var world = world()
        drain(&world)
        world.ask(.cancel(operation: 1))
        while let command = world.openCommands.first, world.operation?.state.isFinal == false {
            world.answer(command, .done)
        }
        #expect(world.operation?.state == .cancelled)
        world.pass(200)
        world.reportAll()
        world.round()
        #expect(world.tip?.state == .awaitingApproval)
        world.ask(.approve(tip: 1))
        #expect(world.tip?.state == .running)
        finish(&world)
        #expect(world.loop.tip(1)?.state == .resolved)
    }

    @Test("Draining goes by the operator's word, whatever the fleet's level", arguments: AutomationLevel.allCases)
    func level(level: AutomationLevel) {
        var world = world(level: level)
        drain(&world)
        #expect(world.tip?.state == .running)
        world.pass(5)
        world.reportAll()
        world.round()
        #expect(world.loop.openTips.map(\.number) == [1])
        finish(&world)
        #expect(world.loop.tip(1)?.state == .resolved)
    }

    @Test("Nothing is sent to a host that another tip wants empty, and to none when all are to be emptied")
    func noneGoesWhereAllMustLeave() throws {
        var world = World.roomy()
        world.use[Sample.host("h1")] = 0.3
        for number in 1...3 { world.machineUse[Sample.machine(number)] = 0.3 }
        func leaving(_ host: String) -> ActiveAlert {
            var alert = Sample.hot(host, level: .critical)
            alert.tip?.remediation = "evacuate-host"
            return alert
        }
        world.round([leaving("h1"), leaving("h2")])
        let plan = try #require(
            world.loop.openTips.first { $0.subject == .host(Sample.host("h1"), cluster: World.cluster) }?.plan)
        #expect(plan.actions.count == 3)
        #expect(plan.actions.allSatisfy { $0.hosts.last == Sample.host("h3") }, "\(plan.actions)")

        world.pass(61)
        world.reportAll()
        world.round([leaving("h1"), leaving("h2"), leaving("h3")])
        world.ask(.approve(tip: 1))
        #expect(world.loop.openOperations.isEmpty)
        let tip = try #require(world.loop.tip(1))
        #expect(tip.planProblem?.contains("cannot be emptied") == true, "\(tip.history.map(\.note))")
    }

    @Test("Asked again, an empty host stays as it is, and one that is not is emptied")
    func again() {
        var world = world()
        drain(&world)
        world.expect(.done(tip: 1), for: .hold(.host(Sample.host("h1")), reason: "again"))
        #expect(world.loop.openTips.count == 1)
        finish(&world)
        world.expect(.done(), for: .hold(.host(Sample.host("h1")), reason: "again"))
        world.relocate(1, to: "h1")
        world.reportAll()
        world.round()
        world.expect(.done(tip: 2), for: .hold(.host(Sample.host("h1")), reason: "again"))
    }

    @Test("After a restart a drain waits until its hosts are heard and measured, and goes on where it was")
    func restart() throws {
        var world = world()
        drain(&world)
        let move = try #require(world.operation?.move)
        world.carryOutAll()
        world.relocate((1...3).first { Sample.machine($0) == move.virtualMachine } ?? 1, to: move.destination.text)
        world.restart()
        world.pass(1)
        #expect(world.loop.openOperations.isEmpty)
        #expect(world.tip?.history.last?.note.contains("has not reported since") == true)
        world.reportAll()
        #expect(world.loop.openOperations.isEmpty)
        world.pass(1)
        #expect(world.tip?.history.last?.note.contains("has not been measured since the server started") == true)
        #expect(world.tip?.state == .running)
        world.round()
        #expect(world.loop.openOperations.count == 1)
        finish(&world)
        #expect(world.loop.tip(1)?.state == .resolved)
        #expect(world.journal.state.endedOperations.count(where: { $0.state == .succeeded }) == 3)
    }

    @Test("Hosts that rest after a move do not count as lost: the reserve holds all the same")
    func reserve() {
        var world = World.roomy()
        world.round([Sample.hot("h1")])
        #expect(world.loop.reserve(of: World.cluster, failures: 1, at: world.now).holds)
        world.ask(.approve(tip: 1))
        world.carryOutAll()
        let move = world.operation?.move
        world.relocate(
            (1...3).first { Sample.machine($0) == move?.virtualMachine } ?? 1, to: move?.destination.text ?? "h2")
        world.pass(5)
        world.reportAll()
        world.round()
        let report = world.loop.reserve(of: World.cluster, failures: 1, at: world.now)
        #expect(report.holds, "\(report.reason)")
        var policy = ClusterPolicy()
        policy.reserve = 1
        world.ask(.changePolicy(.setCluster(World.cluster, policy)))
        #expect(world.loop.policyWarnings.isEmpty, "\(world.loop.policyWarnings)")
        world.ask(.hold(.host(Sample.host("h2")), reason: "new memory"))
        world.ask(.hold(.host(Sample.host("h3")), reason: "new memory"))
        #expect(!world.loop.reserve(of: World.cluster, failures: 1, at: world.now).holds, "hosts in maintenance do")
    }
}
