import FleetModel
import Glibc
import Testing

@testable import HostRuntime

@Suite("A destination's QEMU that ends", .timeLimit(.minutes(2))) struct UnseenEndTests {
    @Test func whileItsAgentIsAwayIsNotTakenForOneThatTheGuestNeverReached() async throws {
        try await withHosts("a", "b") { hosts in
            let (vm, sent) = try await sending(from: hosts[0], to: hosts[1])
            let process = try await hosts[1].process(vm.id)
            await hosts[1].runtime.close()
            guard case .sent = await hosts[0].answer(sent) else { throw Unexpected("not sent") }
            process.signal(SIGKILL)
            #expect(await process.ended(within: .seconds(5)))

            let again = try restarted(hosts[1])
            #expect(try await again.state(vm.id) == .unknown)
            let problem = try #require(await again.runtime.virtualMachines().first?.problem)
            #expect(problem.contains("nobody saw whether the guest arrived"))
            #expect(await again.answer(.abandonIncoming(vm.id)) == .state(.crashed))
            #expect(await again.answer(.prepareIncoming(incoming(vm))).isRefused)
            #expect(await again.answer(.start(vm)).isRefused)
            #expect(try await hosts[0].state(vm.id) == .handedOver)
            // Only somebody who has found out may say that it is over here.
            #expect(await again.answer(.stop(vm.id, force: false)).isRefused)
            #expect(await again.answer(.stop(vm.id, force: true)).isDone)
            #expect(try await again.state(vm.id) == .stopped)
            #expect(await again.answer(.remove(vm.id)) == .done)
        }
    }

    @Test func leavesTheGuestHaltedAtTheSourceWhereNobodyCanKnow() async throws {
        try await withHosts("a", "b") { hosts in
            let (vm, sent) = try await sending(from: hosts[0], to: hosts[1])
            let process = try await hosts[1].process(vm.id)
            await hosts[1].runtime.close()
            let figures = await hosts[0].answer(sent)
            process.signal(SIGKILL)
            #expect(await process.ended(within: .seconds(5)))
            let again = try restarted(hosts[1])
            var request = try Fixture.request()
            request.definition = vm
            var machine = MigrationMachine(request)
            _ = machine.receive(.begin)
            for answer in [HostTaskAnswer.listening(address: "tcp:127.0.0.1:1"), figures] {
                let (side, task) = try #require(machine.outstanding.first)
                _ = machine.receive(.answered(side, task, answer))
            }
            while let (side, task) = machine.outstanding.first {
                let host = side == .source ? hosts[0] : again
                _ = machine.receive(.answered(side, task, await host.answer(task)))
            }
            guard case .failed(let reason, nil) = machine.outcome else { throw Unexpected(machine.outcome as Any) }
            #expect(reason.contains("halted at alpha") && reason.contains("nobody saw"))
            #expect(try await hosts[0].state(vm.id) == .handedOver)
        }
    }

    @Test func rightAfterTheGuestBeganToRunHasCrashedWithIt() async throws {
        try await withHosts("a", "b") { hosts in
            // Nobody looks after this host, so nothing but the monitor's own word tells of the arrival.
            await hosts[1].runtime.close()
            let unwatched = try restarted(hosts[1])
            let (vm, sent) = try await sending(from: hosts[0], to: unwatched)
            let process = try await unwatched.process(vm.id)
            guard case .sent = await hosts[0].answer(sent) else { throw Unexpected("not sent") }
            let console = try PulseConsole(path: unwatched.runtime.consolePath(of: vm.id))
            for await heard in console.lines {
                if case .tick = heard.line { break }
            }
            process.signal(SIGKILL)
            #expect(await process.ended(within: .seconds(5)))
            #expect(try await unwatched.state(vm.id) == .crashed)
            #expect(await unwatched.answer(.abandonIncoming(vm.id)).isRefused)
        }
    }

    @Test func beforeTheGuestCameIsForgottenByWhoWatchedAlsoAfterARestart() async throws {
        try await withHosts("b") { hosts in
            let vm = try pulse(near: hosts[0].folder)
            _ = await hosts[0].answer(.prepareIncoming(incoming(vm)))
            await hosts[0].runtime.close()
            let again = try restarted(hosts[0])
            #expect(try await again.state(vm.id) == .incoming)
            let process = try await again.process(vm.id)
            process.signal(SIGKILL)
            #expect(await process.ended(within: .seconds(5)))
            #expect(try await again.state(vm.id) == nil)
        }
    }

    @Test func beforeItListenedIsReplacedByTheNextAttempt() async throws {
        try await withHosts("b") { hosts in
            let vm = try pulse(near: hosts[0].folder)
            _ = await hosts[0].answer(.prepareIncoming(incoming(vm)))
            let orphan = try await hosts[0].process(vm.id)
            await hosts[0].runtime.close()
            // As an agent leaves it that is killed between the launch and the first word of where it listens.
            let folder = MachineFolder(root: hosts[0].folder, vm.id)
            var record = try folder.read()
            record.incoming?.address = nil
            try folder.write(record)

            let again = try restarted(hosts[0])
            guard case .listening = await again.answer(.prepareIncoming(incoming(vm))) else {
                throw Unexpected("not listening")
            }
            #expect(!orphan.isAlive)
            #expect(try await again.process(vm.id).identifier != orphan.identifier)
        }
    }
}

/// A guest that runs on `source`, awaited by `destination`, and the step that sends it.
private func sending(
    from source: TestHost, to destination: TestHost
) async throws -> (vm: VirtualMachineDefinition, send: HostTask) {
    let vm = try pulse(near: source.folder)
    guard await source.answer(.start(vm)).isDone,
        case .listening(let address) = await destination.answer(.prepareIncoming(incoming(vm)))
    else { throw Unexpected("not ready to be sent") }
    return (vm, .send(OutgoingMigration(virtualMachine: vm.id, destination: address, timeLimitSeconds: 60)))
}
