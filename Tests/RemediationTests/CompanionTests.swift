import FleetModel
import Placement
import Remediation
import Testing

@Suite("VMs that must share a host, on their way")
struct CompanionTests {
    private let pair = [Sample.machine(1), Sample.machine(2)]

    /// h1 gives two VMs at a time, and has two that must share a host.
    private func world() -> World {
        var settings = ControlSettings()
        settings.outgoingPerHost = 2
        settings.incomingPerHost = 2
        var world = World.roomy(settings: settings)
        world.use[Sample.host("h1")] = 0.3
        for number in 1...3 { world.machineUse[Sample.machine(number)] = 0.3 }
        world.round()
        world.ask(.changePolicy(.addConstraint(Constraint(kind: .affinity, machines: pair, hosts: []))))
        return world
    }

    private func moving(_ world: World) -> [VirtualMachineID] {
        world.loop.openOperations.compactMap(\.move?.virtualMachine).filter(pair.contains)
    }

    private func home(of machine: VirtualMachineID, in world: World) -> HostName? {
        world.hosts.first { $0.report.virtualMachines.contains { $0.definition.id == machine } }?.report.host
    }

    private func look(_ world: inout World) {
        world.pass(5)
        world.reportAll()
        world.round()
    }

    /// The move of a VM ends: where `fails`, it stays where it is.
    private func end(_ machine: VirtualMachineID, _ world: inout World, fails: Bool) {
        guard let move = world.loop.openOperations.first(where: { $0.move?.virtualMachine == machine }) else { return }
        while let command = world.openCommands.first(where: { $0.operation == move.number }) {
            switch command.task {
            case .prepareIncoming where fails: world.answer(command, .failed("no room on disk"))
            case .prepareIncoming: world.answer(command, .listening(address: "tcp:127.0.0.1:49152"))
            case .send:
                let figures = MigrationFigures(
                    totalMilliseconds: 900, downtimeMilliseconds: 12, transferred: .mebibytes(64))
                world.answer(command, .sent(figures))
            case .inspect: world.answer(command, .state(.running))
            default: world.answer(command, .done)
            }
        }
        if !fails, let number = (1...3).first(where: { Sample.machine($0) == machine }), let to = move.move?.destination
        {
            world.relocate(number, to: to.text)
        }
        look(&world)
    }

    @Test("the second begins once the first has arrived, though others go beside it")
    func oneAfterTheOther() throws {
        var world = world()
        world.expect(.done(tip: 1), for: .hold(.host(Sample.host("h1")), reason: "new memory"))
        look(&world)
        let first = try #require(moving(world).first)
        #expect(moving(world) == [first])
        #expect(world.loop.openOperations.count == 2, "the VM that is bound to none goes at the same time")
        end(first, &world, fails: false)
        let second = try #require(pair.first { $0 != first })
        #expect(moving(world) == [second])
        end(second, &world, fails: false)
        #expect(home(of: first, in: world) == home(of: second, in: world))
        #expect(home(of: first, in: world) != Sample.host("h1"))
    }

    @Test("where the first fails the second never begins, and what is left is planned anew", arguments: [false, true])
    func firstFails(isCalledOff: Bool) throws {
        var world = world()
        world.expect(.done(tip: 1), for: .hold(.host(Sample.host("h1")), reason: "new memory"))
        look(&world)
        let first = try #require(moving(world).first)
        let second = try #require(pair.first { $0 != first })
        let operation = try #require(world.loop.openOperations.first { $0.move?.virtualMachine == first })
        if isCalledOff { world.ask(.cancel(operation: operation.number)) }
        end(first, &world, fails: true)
        let ended = try #require(world.loop.operation(operation.number))
        #expect(ended.state == (isCalledOff ? .cancelled : .failed))
        for _ in 0..<3 {
            #expect(!moving(world).contains(second), "\(world.tip?.history.map(\.note) ?? [])")
            #expect(
                world.tip?.plan?.actions.count { $0.virtualMachine.map(pair.contains) ?? false } == 2, "both or none")
            if let again = moving(world).first { end(again, &world, fails: true) } else { look(&world) }
        }
        let notes = world.tip?.history.map(\.note) ?? []
        #expect(isCalledOff || notes.contains { $0.contains("what is left is planned anew") }, "\(notes)")
        if isCalledOff {
            world.ask(.approve(tip: 1))
            #expect(world.tip?.state == .running)
            look(&world)
            #expect(moving(world) == [first], "\(world.tip?.history.map(\.note) ?? [])")
        }
        let begun = world.journal.state.operations + world.journal.state.endedOperations
        #expect(!begun.contains { $0.move?.virtualMachine == second })
        #expect(pair.allSatisfy { home(of: $0, in: world) == Sample.host("h1") })
    }
}
