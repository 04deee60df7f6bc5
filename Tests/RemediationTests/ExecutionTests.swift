import FleetModel
import Placement
import Remediation
import RulePacks
import Testing

@Suite("Acting on hosts")
struct ExecutionTests {
    @Test("A plan that no longer holds is made anew, and an approval of the old one is void")
    func stalePlan() {
        var world = World.hot()
        world.add("h3", use: 0.1, machines: [:])
        world.round([Sample.hot("h1")])
        world.use[Sample.host("h2")] = 0.9
        world.pass(5)
        world.round([Sample.hot("h1")])
        let reply = world.ask(.approve(tip: 1))
        guard case .refused(let reason)? = reply else {
            Issue.record("approved though the destination is full: \(String(describing: reply))")
            return
        }
        #expect(reason.contains("the plan no longer holds"))
        #expect(world.tip?.state == .awaitingApproval)
        guard case .migrate(_, _, let destination)? = world.tip?.remainingActions.first?.kind else { return }
        #expect(destination.text == "h3")
        #expect(world.openCommands.isEmpty)
        world.expect(.done(tip: 1, operation: 1), for: .approve(tip: 1))
    }

    @Test("With no other way, what was approved is refused and recorded, not forced")
    func refused() {
        var world = World.hot()
        world.round([Sample.hot("h1")])
        world.use[Sample.host("h2")] = 0.9
        world.pass(5)
        world.round([Sample.hot("h1")])
        guard case .refused? = world.ask(.approve(tip: 1)) else {
            Issue.record("approved though the destination is full")
            return
        }
        #expect(world.tip?.state == .planned)
        #expect(world.operation?.state == .refused)
        #expect(world.openCommands.isEmpty)
    }

    @Test("Policy acts by itself where everything is known")
    func automatic() {
        var world = World.hot(level: .automatic)
        world.round([Sample.hot("h1")])
        #expect(world.tip?.state == .running)
        #expect(world.operation?.requestedBy == "policy")
    }

    @Test("Unknown loads never lead to an automatic action", arguments: ["h1", "h2"])
    func unknownLoad(name: String) {
        var world = World.hot(level: .automatic)
        world.use[Sample.host(name)] = nil
        world.round([Sample.hot("h1")])
        #expect(world.tip?.state.isFinal == false)
        #expect(world.operation == nil)
    }

    @Test("A silent host takes no part")
    func silentHost() {
        var world = World.hot(level: .automatic)
        world.pass(60)
        world.report("h1")
        world.round([Sample.hot("h1")])
        #expect(world.operation == nil)
        #expect(world.tip?.state == .planned)
        #expect(world.tip?.planProblem != nil)
    }

    @Test("After a crash the same commands go out under the same numbers, and the operation comes to its end once")
    func crashAnywhere() {
        for crashAfter in 0..<6 {
            var world = World.hot()
            world.round([Sample.hot("h1")])
            world.ask(.approve(tip: 1))
            var steps = 0
            while let command = world.openCommands.first {
                if steps == crashAfter {
                    let before = world.openCommands
                    world.restart()
                    #expect(world.issued == before)
                    world.reportAll()
                }
                steps += 1
                if steps > 20 { break }
                answerWell(command, in: &world)
            }
            if crashAfter >= steps { world.restart() }
            #expect(world.loop.operation(1)?.state == .succeeded)
            #expect(world.loop.tip(1)?.state == .verifying)
            #expect(world.journal.state.commands.isEmpty)
            #expect(world.journal.audit.count { $0.event == "operation.succeeded" } == 1)
        }
    }

    @Test("An operation whose record cannot be read is ended, and its hosts are told nothing any more")
    func abandoned() throws {
        var world = World.hot()
        world.round([Sample.hot("h1")])
        world.ask(.approve(tip: 1))
        let command = try #require(world.openCommands.first)
        world.journal.state.operations[0].checkpoint = [1, 2, 3]
        world.restart()
        #expect(world.issued.isEmpty)
        #expect(world.openCommands.isEmpty)
        #expect(world.journal.state.commands.isEmpty)
        #expect(world.loop.operation(1)?.state == .failed)
        #expect(world.loop.tip(1)?.state == .failed)
        let answer = StateChange.answerCommand(
            number: command.number, answer: .refused("operation abandoned"), time: world.now)
        guard case .commit(let changes)? = world.actions.first else {
            Issue.record("nothing was written down")
            return
        }
        #expect(changes.contains(answer))
    }

    @Test("An answer that comes twice counts once")
    func doubledAnswers() {
        var world = World.hot()
        world.round([Sample.hot("h1")])
        world.ask(.approve(tip: 1))
        var commands = 0
        while let command = world.openCommands.first {
            answerWell(command, in: &world)
            commands += 1
            let after = world.openCommands
            world.answer(command, .failed("again, and otherwise"))
            #expect(world.actions.isEmpty)
            #expect(world.openCommands == after)
        }
        #expect(commands == 4)
        #expect(world.operation?.state == .succeeded)
    }

    @Test("A host that does not answer is named in the log once, and nothing is forced")
    func silence() {
        var world = World.hot()
        world.round([Sample.hot("h1")])
        world.ask(.approve(tip: 1))
        world.handOut()
        world.pass(20)
        let quiet = world.operation?.log.count
        world.pass(20)
        #expect(
            world.operation?.log.last?.text
                == "h2 was asked to wait for the VM at 1970-01-01T00:16:40Z and has not answered")
        world.pass(20)
        #expect(world.operation?.log.count == quiet.map { $0 + 1 })
        #expect(world.operation?.state == .running)
    }

    @Test("A failed operation fails its tip, says where the VM is, and makes policy more careful")
    func failureAndBreaker() {
        var settings = ControlSettings()
        settings.brakes.failures = 1
        var world = World.hot(settings: settings, level: .automatic)
        world.round([Sample.hot("h1")])
        guard let command = world.openCommands.first else {
            Issue.record("nothing was begun")
            return
        }
        world.answer(command, .refused("no room in memory"))
        #expect(world.operation?.state == .failed)
        #expect(world.operation?.location?.text == "h1")
        #expect(world.tip?.state == .failed)
        world.look(after: 601)
        #expect(world.tip?.number == 2)
        #expect(world.tip?.state == .awaitingApproval)
        #expect(world.tip?.history.last?.note.contains("an operator decides") == true)
        world.expect(.done(tip: 2, operation: 2), for: .approve(tip: 2))
    }

    @Test("Policy stops at its budget")
    func budget() {
        var settings = ControlSettings()
        settings.brakes.budget = 0
        var world = World.hot(settings: settings, level: .automatic)
        world.round([Sample.hot("h1")])
        #expect(world.tip?.state == .awaitingApproval)
        #expect(world.tip?.history.last?.note.contains("budget of 0") == true)
    }

    @Test("An operator's migration needs no tip, and waits for nobody")
    func operatorMigration() {
        var world = World.hot()
        world.round()
        let move = ControlRequest.Kind.migrate(Sample.machine(2), to: Sample.host("h2"))
        world.expect(.done(operation: 1), for: move)
        #expect(world.operation?.tip == nil)
        world.expect(
            .refused("not now: operation 1 moves a VM off h1"), for: .migrate(Sample.machine(3), to: Sample.host("h2")))
        world.carryOutAll()
        #expect(world.operation?.state == .succeeded)
    }

    @Test("A host without a migration address takes no VMs, and says so")
    func noMigrationAddress() {
        var world = World.hot()
        world.hosts[1].report.migrationAddress = nil
        world.reportAll()
        world.round()
        let reply = ControlReply.refused("h2 takes no VMs: its agent has no migration address")
        world.expect(reply, for: .migrate(Sample.machine(2), to: Sample.host("h2")))
        #expect(world.operation == nil)
    }

    @Test("A VM of libvirt's goes to hosts whose libvirt is reached, and stays libvirt's")
    func libvirtsMachine() {
        var world = World.hot()
        for place in world.hosts[0].report.virtualMachines.indices {
            world.hosts[0].report.virtualMachines[place].manager = VirtualMachineStatus.libvirt
        }
        world.reportAll()
        world.round()
        let move = ControlRequest.Kind.migrate(Sample.machine(2), to: Sample.host("h2"))
        world.expect(
            .refused(
                "h2 takes no VMs of libvirt's: its agent has no libvirt_control or no libvirt_migration_address"),
            for: move)
        let capabilities = HostCapabilities(libvirtAddress: "qemu+tls://h2/system")
        (world.hosts[1].report.capabilities, world.hosts[1].report.migrationAddress) = (capabilities, nil)
        world.reportAll()
        world.round()
        world.expect(.done(operation: 1), for: move)
        guard case .prepareIncoming(let incoming) = world.openCommands.first?.task else {
            Issue.record("nothing is prepared: \(world.openCommands)")
            return
        }
        #expect(incoming.manager == VirtualMachineStatus.libvirt)
    }

    @Test("Cancelling before the VM left leaves it where it is")
    func cancel() {
        var world = World.hot()
        world.round([Sample.hot("h1")])
        world.ask(.approve(tip: 1))
        world.expect(.done(tip: 1, operation: 1), for: .cancel(operation: 1))
        while let command = world.openCommands.first {
            switch command.task {
            case .prepareIncoming: world.answer(command, .listening(address: "tcp:127.0.0.1:1"))
            default: world.answer(command, .done)
            }
        }
        #expect(world.operation?.state == .cancelled)
        #expect(world.operation?.location?.text == "h1")
        #expect(world.tip?.state == .awaitingApproval)
        world.expect(.refused("operation 1 has ended: cancelled"), for: .cancel(operation: 1))
    }

    @Test("Setting policy to automatic lets what waits begin at once")
    func setPolicy() {
        var world = World.hot()
        world.round([Sample.hot("h1")])
        #expect(world.tip?.state == .awaitingApproval)
        let rule = AutomationRule(scope: .cluster(World.cluster), level: .automatic)
        world.expect(.changed(version: 2, warnings: []), for: .changePolicy(.setAutomation(rule)))
        #expect(world.tip?.state == .running)
        #expect(world.journal.state.policy.automation.contains(rule))
    }

    private func answerWell(_ command: AgentCommand, in world: inout World) {
        switch command.task {
        case .prepareIncoming: world.answer(command, .listening(address: "tcp:127.0.0.1:49152"))
        case .send:
            let figures = MigrationFigures(totalMilliseconds: 1, downtimeMilliseconds: 1, transferred: .zero)
            world.answer(command, .sent(figures))
        case .inspect: world.answer(command, .state(.running))
        default: world.answer(command, .done)
        }
    }
}
