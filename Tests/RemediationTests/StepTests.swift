import FleetModel
import Remediation
import Testing

@Suite("Single steps")
struct StepTests {
    private static let new = VirtualMachineDefinition(
        id: Sample.machine(9), name: Sample.name("web-9", Name<VirtualMachineKind>.init), virtualProcessors: 1,
        memory: .gibibytes(1))

    /// Two hosts; h1 runs VMs 1 to 3.
    private var world: World { World.hot() }

    private func refusal(_ reply: ControlReply?, at place: SourceLocation = #_sourceLocation) -> String {
        if case .refused(let reason)? = reply { return reason }
        Issue.record("not refused: \(String(describing: reply))", sourceLocation: place)
        return ""
    }

    @Test("A step is written down, told to the VM's host, and ended by its answer")
    func whole() throws {
        var world = world
        world.expect(.done(operation: 1), for: .perform(.pause(Sample.machine(1))))
        let command = try #require(world.openCommands.first)
        #expect(command.host.text == "h1" && command.task == .pause(Sample.machine(1)))
        #expect(world.journal.audit.last?.event == "operation.start" && world.journal.audit.last?.actor == "ann")
        world.take(.handedOut([command.number], time: world.now))
        #expect(world.operation?.state == .running && world.journal.state.operations.first?.state == .running)
        world.answer(command, .done)
        #expect(world.operation?.state == .succeeded && world.operation?.location?.text == "h1")
        #expect(world.openCommands.isEmpty)
        #expect(world.journal.audit.last?.event == "operation.succeeded")
        #expect(world.journal.audit.last?.detail == "pause vm-1 on h1")
        #expect(world.journal.audit.last?.outcome == "done")
    }

    @Test("What speaks against it stands in the log of a step that was done")
    func advice() throws {
        var world = world
        world.expect(.done(operation: 1), for: .create(Self.new, on: Sample.host("h2"), start: false))
        world.answer(try #require(world.openCommands.first), .advised(["its disk grows", "its card is emulated"]))
        #expect(world.operation?.state == .succeeded)
        let log = world.operation?.log.map(\.text) ?? []
        #expect(log.contains("note: its disk grows") && log.contains("note: its card is emulated"))
    }

    @Test("What a host answered holds before its next report comes")
    func foldedIn() throws {
        var world = world
        world.ask(.create(Self.new, on: Sample.host("h2"), start: false))
        world.answer(try #require(world.openCommands.first), .done)
        func state() -> VirtualMachineState? {
            let record = world.loop.hostRecords.first { $0.report.host.text == "h2" }
            return record?.report.virtualMachines.first { $0.definition.id == Self.new.id }?.state
        }
        #expect(state() == .stopped)
        world.ask(.perform(.launch(Self.new.id)))
        world.answer(try #require(world.openCommands.first), .done)
        #expect(state() == .running)
        world.ask(.perform(.stop(Self.new.id, force: true)))
        world.answer(try #require(world.openCommands.first), .done)
        #expect(state() == .stopped)
        world.ask(.perform(.remove(Self.new.id)))
        world.answer(try #require(world.openCommands.first), .done)
        #expect(state() == nil && world.operation?.location == nil)
        #expect(world.journal.state.hosts.last?.report.virtualMachines.isEmpty == true)
    }

    @Test("A VM has one operation at a time, moves and steps alike; looking at its console is none")
    func oneAtATime() throws {
        var world = world
        world.round()
        world.ask(.perform(.pause(Sample.machine(1))))
        #expect(refusal(world.ask(.perform(.resume(Sample.machine(1))))).contains("operation 1"))
        #expect(refusal(world.ask(.migrate(Sample.machine(1), to: Sample.host("h2")))).contains("operation 1"))
        world.expect(.done(operation: 2), for: .perform(.openConsole(Sample.machine(1), session: "s")))
        world.expect(.done(operation: 3), for: .perform(.pause(Sample.machine(2))))
        world.expect(.done(operation: 4), for: .migrate(Sample.machine(3), to: Sample.host("h2")))
        #expect(refusal(world.ask(.perform(.stop(Sample.machine(3), force: true)))).contains("moves the same VM"))
    }

    @Test("Answers and their lack end it as they say")
    func badEnds() throws {
        let ends: [(HostTaskAnswer, OperationState)] = [
            (.refused("it is not running"), .refused), (.failed("the guest did not stop"), .failed),
            (.listening(address: "x"), .failed),
        ]
        for (answer, state) in ends {
            var world = world
            world.ask(.perform(.stop(Sample.machine(1), force: false)))
            world.answer(try #require(world.openCommands.first), answer)
            #expect(world.operation?.state == state)
            world.expect(.done(operation: 2), for: .perform(.pause(Sample.machine(1))))
        }
    }

    @Test("A silent host's VMs are told nothing")
    func silent() {
        var world = world
        world.pass(60)
        #expect(refusal(world.ask(.perform(.pause(Sample.machine(1))))).contains("h1 has not reported since"))
        #expect(refusal(world.ask(.create(Self.new, on: Sample.host("h2"), start: true))).contains("h2 has not"))
    }

    @Test("A step that its host never asked for is taken back; one that it was given is awaited")
    func takenBack() throws {
        var world = world
        world.ask(.perform(.pause(Sample.machine(1))))
        world.ask(.perform(.pause(Sample.machine(2))))
        let given = world.openCommands[1]
        world.take(.handedOut([given.number], time: world.now))
        world.pass(31)
        #expect(world.loop.operation(1)?.state == .refused)
        #expect(world.actions.contains { if case .withdraw = $0 { true } else { false } })
        #expect(world.openCommands == [given] && world.journal.state.commands == [given])
        #expect(world.loop.operation(2)?.log.last?.text.contains("has not answered") == true)
        world.restart()
        world.pass(31)
        #expect(world.loop.operation(2)?.state == .running)
        world.answer(given, .done)
        #expect(world.loop.operation(2)?.state == .succeeded)
    }

    @Test("A step whose host fell silent ends, and is not handed out again")
    func lost() throws {
        var world = world
        world.ask(.perform(.pause(Sample.machine(1))))
        let given = try #require(world.openCommands.first)
        world.take(.handedOut([given.number], time: world.now))
        world.pass(60)
        #expect(world.operation?.state == .running)
        world.pass(90)
        #expect(world.operation?.state == .failed && world.openCommands.isEmpty)
        #expect(world.operation?.log.last?.text.contains("shows when it reports again") == true)
        #expect(world.actions.contains { if case .withdraw = $0 { true } else { false } })
    }

    @Test("It can be called off until its host has it, and again when that host is silent")
    func calledOff() throws {
        var world = world
        world.ask(.perform(.pause(Sample.machine(1))))
        world.expect(.done(operation: 1), for: .cancel(operation: 1))
        #expect(world.operation?.state == .cancelled && world.openCommands.isEmpty)
        world.ask(.perform(.pause(Sample.machine(1))))
        let command = try #require(world.openCommands.first)
        world.take(.handedOut([command.number], time: world.now))
        #expect(refusal(world.ask(.cancel(operation: 2))).contains("h1 is at it already"))
        world.pass(60)
        world.expect(.done(operation: 2), for: .cancel(operation: 2))
        #expect(world.operation?.state == .cancelled)
        #expect(world.operation?.log.last?.text.contains("shows when it reports again") == true)
        world.answer(command, .done)
        #expect(world.operation?.state == .cancelled)
    }

    @Test("A restart of the server goes on with what was asked")
    func restart() throws {
        var world = world
        world.ask(.perform(.pause(Sample.machine(1))))
        let command = try #require(world.openCommands.first)
        world.restart()
        #expect(world.openCommands == [command] && world.issued == [command])
        world.reportAll()
        world.answer(command, .done)
        #expect(world.operation?.state == .succeeded)
    }

    @Test("A new VM needs a host, a name of its own and an identity of its own")
    func creation() {
        var world = world
        #expect(refusal(world.ask(.create(Self.new, on: nil, start: false))).contains("h1, h2"))
        world.expect(
            .notFound("there is no host h3, did you mean h1?; hosts are h1, h2"),
            for: .create(Self.new, on: Sample.host("h3"), start: false))
        var taken = Self.new
        taken.name = Sample.name("vm-1", Name<VirtualMachineKind>.init)
        #expect(refusal(world.ask(.create(taken, on: Sample.host("h2"), start: false))).contains("another name"))
        taken = Self.new
        taken.id = Sample.machine(1)
        #expect(refusal(world.ask(.create(taken, on: Sample.host("h2"), start: false))).contains("on h1 already"))
        #expect(refusal(world.ask(.create(taken, on: Sample.host("h1"), start: false))).contains("stop it before"))
        taken = Self.new
        taken.memory = .gibibytes(17)
        #expect(refusal(world.ask(.create(taken, on: Sample.host("h2"), start: false))).contains("in all"))
        taken.processorModel = "a b"
        #expect(refusal(world.ask(.create(taken, on: Sample.host("h2"), start: false))).hasPrefix("cpu:"))
        #expect(world.operation == nil)
    }

    @Test("The baseline is the richest CPU model that all hosts of the cluster have")
    func baseline() throws {
        var wanted = Self.new
        wanted.processorModel = VirtualMachineDefinition.baselineModel
        var world = world
        #expect(refusal(world.ask(.create(wanted, on: Sample.host("h2"), start: false))).contains("does not say"))
        world.hosts[0].report.capabilities = HostCapabilities(
            machines: ["pc-i440fx-7.2", "pc-i440fx-8.0"], processorModels: ["qemu64", "Nehalem", "Skylake", "host"])
        world.hosts[1].report.capabilities = HostCapabilities(
            machines: ["pc-i440fx-7.2"], processorModels: ["qemu64", "Nehalem", "EPYC"])
        world.reportAll()
        world.ask(.create(wanted, on: Sample.host("h2"), start: true))
        guard case .start(let definition)? = world.openCommands.first?.task else {
            Issue.record("no start: \(world.openCommands)")
            return
        }
        #expect(definition.processorModel == "Nehalem" && definition.machine == "pc-i440fx-7.2")
        world.hosts[0].report.capabilities?.processorModels = ["athlon"]
        world.reportAll()
        wanted.id = Sample.machine(10)
        wanted.name = Sample.name("web-10", Name<VirtualMachineKind>.init)
        #expect(refusal(world.ask(.create(wanted, on: Sample.host("h2"), start: false))).contains("in common"))
    }

    @Test("A VM that two hosts know is meant where it lives, else where an operator says")
    func places() throws {
        var world = world
        world.hosts[1].report.virtualMachines = [Sample.status(1, .stopped), Sample.status(7, .stopped)]
        world.hosts[0].report.virtualMachines.append(Sample.status(7, .crashed))
        world.reportAll()
        world.ask(.perform(.pause(Sample.machine(1))))
        #expect(world.openCommands.last?.host.text == "h1")
        #expect(refusal(world.ask(.perform(.launch(Sample.machine(7))))).contains("h1 (crashed) and h2 (stopped)"))
        world.ask(.perform(.launch(Sample.machine(7)), on: Sample.host("h2")))
        #expect(world.openCommands.last?.host.text == "h2")
        world.expect(
            .notFound("there is no VM \(Sample.machine(8))"), for: .perform(.launch(Sample.machine(8))))
    }

    @Test("What Evenkeel only looks at, and parts of a migration, are refused")
    func notAllowed() {
        var world = world
        world.hosts[0].report.virtualMachines[0].readOnly = "libvirt runs it"
        world.reportAll()
        #expect(refusal(world.ask(.perform(.pause(Sample.machine(1))))).contains("libvirt runs it"))
        #expect(refusal(world.ask(.perform(.releaseSource(Sample.machine(2))))).contains("part of a migration"))
    }
}
