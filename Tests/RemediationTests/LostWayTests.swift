import FleetModel
import Placement
import Remediation
import RulePacks
import Testing

@Suite("Moves whose hosts do not do their part")
struct LostWayTests {
    private static let move = ControlRequest.Kind.migrate(Sample.machine(1), to: Sample.host("h2"))

    private func moving() -> World {
        var world = World.roomy()
        world.round()
        world.expect(.done(operation: 1), for: Self.move)
        return world
    }

    @Test(
        "One that no host was told of is taken back after half a minute, over a restart too", arguments: [false, true])
    func neverAsked(restarting: Bool) {
        var world = moving()
        if restarting { world.restart() }
        world.pass(29)
        #expect(world.operation?.state == .intended)
        world.pass(2)
        #expect(world.operation?.state == .failed && world.operation?.location == Sample.host("h1"))
        #expect(world.operation?.log.last?.text.contains("h2 has not asked what there is to do for 30 s") == true)
        #expect(world.openCommands.isEmpty && world.loop.openOperations.isEmpty)
    }

    @Test("The tip of one that no host was told of waits again; policy tries twice and then leaves it to an operator")
    func tipOfOneThatWasNotAsked() {
        for level in [AutomationLevel.operator, .automatic] {
            var world = World.roomy(level: level)
            world.round([Sample.hot("h1")])
            if level == .operator { world.ask(.approve(tip: 1)) }
            var tries = 0
            for _ in 0..<20 {
                tries = max(tries, Int(world.operation?.number ?? 0))
                world.pass(31)
                world.reportAll()
                world.round([Sample.hot("h1")])
            }
            #expect(world.tip?.number == 1 && world.tip?.state == .awaitingApproval)
            #expect(world.tip?.history.contains { $0.note.contains("nothing was done") } == true)
            #expect(tries == (level == .operator ? 1 : 2))
            #expect(level == .operator || world.tip?.waitsFor?.contains("an operator decides") == true)
        }
    }

    @Test("Who asks for a VM that is being moved hears by which operation, not that two hosts report it")
    func underWay() {
        var world = moving()
        world.expect(.refused("VM vm-1: it must stay: operation 1 moves it"), for: Self.move)
    }

    @Test("One that a host was told of is waited for")
    func told() {
        var world = moving()
        world.handOut()
        world.restart()
        world.pass(31)
        #expect(world.operation?.state == .running && !world.openCommands.isEmpty)
    }

    @Test("Called off before a host was told of it, it ends at once")
    func calledOff() {
        var world = moving()
        world.expect(.done(operation: 1), for: .cancel(operation: 1))
        #expect(world.operation?.state == .cancelled && world.openCommands.isEmpty)
    }

    @Test(
        "One whose destination was told and does not answer ends, sooner where it was called off; a late answer is nothing"
    )
    func neverPrepared() throws {
        for isCalledOff in [false, true] {
            var world = moving()
            world.handOut()
            let command = try #require(world.openCommands.first)
            if isCalledOff { world.expect(.done(operation: 1), for: .cancel(operation: 1)) }
            #expect(world.operation?.state == .running)
            let limit = isCalledOff ? 30 : 150
            for _ in 0..<limit {
                world.pass(1)
                world.reportAll()
            }
            #expect(world.operation?.state == .running && !world.openCommands.isEmpty)
            world.pass(1)
            #expect(world.operation?.state == (isCalledOff ? .cancelled : .failed))
            #expect(world.operation?.location == Sample.host("h1"))
            #expect(world.operation?.log.last?.text.contains("has not answered; nothing has left h1") == true)
            #expect(world.openCommands.isEmpty && world.loop.openOperations.isEmpty)
            world.answer(command, .listening(address: "tcp:127.0.0.1:49152"))
            #expect(world.openCommands.isEmpty && world.operation?.log.last?.text.contains("has not answered") == true)
            world.reportAll()
            world.round()
            world.expect(.done(operation: 2), for: .migrate(Sample.machine(1), to: Sample.host("h3")))
        }
    }

    @Test("One whose destination never comes back ends when that host is removed, and says who has the guest")
    func destinationGone() throws {
        for isElsewhere in [false, true] {
            var world = moving()
            world.handOut()
            world.answer(try #require(world.openCommands.first), .listening(address: "tcp:127.0.0.1:49152"))
            world.handOut()
            world.answer(
                try #require(world.openCommands.first),
                .sent(
                    MigrationFigures(totalMilliseconds: 900, downtimeMilliseconds: 12, transferred: .mebibytes(64))))
            world.handOut()
            #expect(world.openCommands.map(\.host.text) == ["h2"])
            world.pass(60)
            if isElsewhere {
                world.relocate(1, to: "h3")
                world.report("h3")
            } else {
                world.hosts[0].report.virtualMachines[0].state = .handedOver
            }
            world.report("h1")
            world.expect(.done(), for: .removeHost(Sample.host("h2")))
            #expect(world.operation?.state == .failed && world.loop.openOperations.isEmpty)
            #expect(world.operation?.location?.text == (isElsewhere ? "h3" : nil))
            let said = world.operation?.log.last?.text ?? ""
            #expect(
                said.contains(isElsewhere ? "h3 says that it has the guest" : "look at the VM on both hosts"), "\(said)"
            )
        }
    }

    @Test("A host that another host's answer is awaited for stays")
    func stillNeeded() throws {
        var world = moving()
        world.handOut()
        world.answer(try #require(world.openCommands.first), .listening(address: "tcp:127.0.0.1:49152"))
        world.handOut()
        world.pass(60)
        world.report("h1")
        guard case .refused(let reason) = world.ask(.removeHost(Sample.host("h2"))) else {
            Issue.record("h2 was removed though h1 is sending to it")
            return
        }
        #expect(reason.contains("operation 1, which has not ended"))
    }

    @Test("Where the destination bears another name by now, our own move is nobody else's")
    func renamed() {
        var world = moving()
        world.handOut()
        world.relocate(1, to: "h9")
        world.report("h1")
        world.add("h9", use: 0.1, machines: [1: 1.2])
        #expect(world.loop.openHolds.isEmpty)
    }
}

@Suite("A plan that makes room first")
struct RoomFirstTests {
    /// VMs of h3 have to leave before the large one of h1 finds room there.
    private func world() -> World {
        var world = World()
        world.add("h1", use: 0.82, machines: [1: 2.2, 2: 0.8, 3: 0.2])
        world.add("h2", use: 0.33, machines: [4: 1.25])
        world.add("h3", use: 0.27, machines: [5: 1.0])
        var alert = Sample.hot("h1")
        alert.tip?.terms.arguments["target"] = "0.4"
        world.round([alert])
        return world
    }

    @Test("Its second step waits until loads show the first, and then begins")
    func waits() throws {
        var world = world()
        var alert = Sample.hot("h1")
        alert.tip?.terms.arguments["target"] = "0.4"
        let steps = try #require(world.tip?.plan).actions
        #expect(steps.map { $0.hosts.map(\.text) } == [["h3", "h2"], ["h1", "h3"]], "\(steps.map(\.hosts))")
        world.expect(.done(tip: 1, operation: 1), for: .approve(tip: 1))
        world.carryOutAll()
        world.relocate(5, to: "h2")
        world.use[Sample.host("h2")] = 0.58
        world.pass(5)
        world.reportAll()
        world.round([alert])
        #expect(world.tip?.state == .running && world.journal.lastNumbers.operation == 1, "\(world.tip?.history ?? [])")
        #expect(world.tip?.waitsFor?.contains("the loads of h3 do not show operation 1 yet") == true)
        world.use[Sample.host("h3")] = 0.02
        world.pass(61)
        world.reportAll()
        world.round([alert])
        #expect(world.operation?.number == 2 && world.operation?.state == .intended, "\(world.tip?.history ?? [])")
    }

    @Test("Its second step cannot be approved without the first, and the refusal leaves nothing behind")
    func part() throws {
        var world = world()
        world.expect(
            .refused("step 2 needs the room that step 1 makes: choose both"),
            for: .approvePart(
                tip: 1, snapshotVersion: world.tip?.plan?.snapshotVersion, PlanChoice(steps: [2])))
        #expect(world.tip?.operatorReason == nil && world.tip?.state == .awaitingApproval)
    }
}
