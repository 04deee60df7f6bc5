import FleetModel
import Placement
import Testing

@testable import Remediation

@Suite("Everything is stopped")
struct StopTests {
    private static let id = Sample.machine(1)

    private static var definition: VirtualMachineDefinition {
        VirtualMachineDefinition(
            id: Sample.machine(9), name: Sample.name("vm-9", Name<VirtualMachineKind>.init), virtualProcessors: 1,
            memory: .gibibytes(1))
    }

    static let refused: [ControlRequest.Kind] = [
        .perform(.launch(id)), .perform(.pause(id)), .perform(.resume(id)), .perform(.save(id)),
        .perform(.restore(id)), .perform(.remove(id)), .perform(.balloon(id, .mebibytes(512))),
        .create(definition, on: Sample.host("h1"), start: true), .migrate(id, to: Sample.host("h2")),
        .hold(.host(Sample.host("h1")), reason: "new memory"), .approve(tip: 1),
    ]

    @Test("Whatever an operator names is refused with who stopped it, when and how to go on; after a restart too")
    func refusals() throws {
        for kind in Self.refused {
            var world = World.hot()
            world.round([Sample.hot("h1")])
            world.expect(.done(), for: .hold(.fleet, reason: "storm"), by: "bob")
            for _ in 0..<2 {
                guard case .refused(let reason) = world.ask(kind) else {
                    Issue.record("\(kind) began")
                    continue
                }
                #expect(reason.contains("everything is stopped by bob since 1970-01-01"), "\(kind): \(reason)")
                #expect(!reason.hasPrefix("not now"), "nobody waits for the end of a stop: \(reason)")
                #expect(reason.contains("(storm); 'evenkeel stop --resume' lets it go on"), "\(kind): \(reason)")
                #expect(world.openCommands.isEmpty && world.loop.openOperations.isEmpty)
                world.restart()
                world.reportAll()
                world.round([Sample.hot("h1")])
            }
            world.expect(.done(), for: .release(.fleet))
            world.reportAll()
            if case .refused(let reason) = world.ask(kind) {
                #expect(!reason.contains("stopped"), "\(kind): \(reason)")
            }
        }
    }

    @Test("A VM may still be ended, gently or by force, and looked at")
    func allowed() {
        for task in [
            HostTask.stop(Self.id, force: false), .stop(Self.id, force: true), .openConsole(Self.id, session: "s"),
        ] {
            var world = World.hot()
            world.ask(.hold(.fleet, reason: "storm"))
            world.expect(.done(operation: 1), for: .perform(task))
        }
    }

    @Test("A step that no host was given yet is taken back; one that was given comes to its end")
    func steps() throws {
        var world = World.hot()
        world.ask(.perform(.pause(Self.id)))
        world.ask(.perform(.pause(Sample.machine(2))))
        let given = try #require(world.openCommands.first)
        world.take(.handedOut([given.number], time: world.now))
        world.ask(.hold(.fleet, reason: "storm"))
        #expect(world.loop.operation(2)?.state == .refused)
        #expect(world.loop.operation(2)?.log.last?.text.contains("everything was stopped by ann: storm") == true)
        #expect(world.openCommands == [given])
        world.answer(given, .done)
        #expect(world.loop.operation(1)?.state == .succeeded)
    }

    @Test(
        "So is a move, and its tip waits again: once that is over, policy may go on and an operator is asked again",
        arguments: [AutomationLevel.operator, .automatic])
    func moves(level: AutomationLevel) throws {
        var world = World.hot(level: level)
        world.round([Sample.hot("h1")])
        if level == .operator { world.ask(.approve(tip: 1)) }
        #expect(world.operation?.state == .intended && !world.openCommands.isEmpty)
        world.expect(.stopped(cancelled: [1]), for: .hold(.fleet, reason: "storm"), by: "bob")
        #expect(world.loop.operation(1)?.state == .cancelled && world.openCommands.isEmpty)
        #expect(
            world.loop.operation(1)?.log.last?.text.contains("everything was stopped by bob: storm; no host") == true)
        #expect(world.tip?.state == .awaitingApproval)
        world.pass(1)
        world.reportAll()
        world.expect(.done(), for: .release(.fleet), by: "bob")
        #expect(world.tip?.state == (level == .automatic ? .running : .awaitingApproval), "\(world.tip?.history ?? [])")
        #expect(world.loop.openOperations.map(\.number) == (level == .automatic ? [2] : []))
    }

    @Test("Who stops everything and calls off what runs is told what was, also when it is stopped already")
    func cancelled() {
        var world = World.hot()
        world.round([Sample.hot("h1")])
        world.ask(.approve(tip: 1))
        world.handOut()
        world.expect(.done(), for: .hold(.fleet, reason: "storm"))
        world.expect(.stopped(cancelled: [1]), for: .hold(.fleet, reason: "storm", cancelling: true))
        #expect(world.journal.audit.contains { $0.event == "operation.cancel" && $0.operation == 1 })
        while let command = world.openCommands.first { world.answer(command, .done) }
        world.expect(.stopped(cancelled: []), for: .hold(.fleet, reason: "storm", cancelling: true))
        guard case .refused(let reason) = world.ask(.hold(.fleet, reason: "again")) else {
            Issue.record("it was stopped twice")
            return
        }
        #expect(reason.contains("fleet is held already by ann"))
        #expect(world.journal.audit.contains { $0.event == "hold.again" && $0.detail.contains("called off (storm)") })
    }

    @Test("A stop that the store does not take holds all the same, and once it is stored since it was asked for")
    func notStored() {
        var world = World.hot(level: .automatic)
        let asked = world.now
        world.take(.stopNotStored(by: "bob", reason: "storm", time: world.now))
        #expect(world.actions.isEmpty, "nothing of it needs the store")
        world.pass(1)
        world.round([Sample.hot("h1")])
        #expect(world.tip?.state == .awaitingApproval && world.openCommands.isEmpty)
        #expect(world.tip?.waitsFor?.contains("everything is stopped by bob since \(asked.text) (storm)") == true)
        guard case .refused = world.ask(.approve(tip: 1)) else {
            Issue.record("it was approved")
            return
        }
        #expect(world.loop.openHolds.map(\.scope) == [.fleet])
        #expect(world.loop.openHolds.first?.reason == "storm (not on disk yet: it holds while this server runs)")
        world.expect(.done(), for: .hold(.fleet, reason: "storm"), by: "bob")
        let stored = Hold(scope: .fleet, actor: "bob", since: asked, reason: "storm")
        #expect(world.loop.openHolds == [stored] && world.journal.state.holds == [stored])
        world.expect(.done(), for: .release(.fleet))
        #expect(world.loop.openHolds.isEmpty && world.tip?.state == .running)
    }
}
