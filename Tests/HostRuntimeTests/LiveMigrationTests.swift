import FleetModel
import Glibc
import Testing

@testable import HostRuntime

@Suite("Live migration between two QEMUs", .timeLimit(.minutes(3))) struct LiveMigrationTests {
    @Test func theGuestTicksOnAtTheDestinationUnderTCG() async throws {
        try await checkTicksContinue(.tcg)
    }

    @Test(.enabled(if: kvmProblem == nil, "KVM is not to be had here: \(kvmProblem ?? "")"))
    func theGuestTicksOnAtTheDestinationUnderKVM() async throws {
        try await checkTicksContinue(.kvm)
    }

    private func checkTicksContinue(_ accelerator: Accelerator) async throws {
        try await withHosts("a", "b") { hosts in
            let (a, b) = (hosts[0], hosts[1])
            let vm = try pulse(near: a.folder, accelerator: accelerator == .kvm ? .kvm : .tcg)
            #expect(await a.answer(.start(vm)).isDone)
            let ticks = Locked(PulseTicks())
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await listen(to: a, vm.id, ticks) }
                try await eventually { ticks.withLock { $0.count } > 20 }
                let driver = MigrationDriver(vm, from: a, to: b, accelerator: accelerator) { _ in }
                group.addTask {
                    // The console is there before the guest is.
                    try await eventually { unsafe access(b.runtime.consolePath(of: vm.id), F_OK) == 0 }
                    try await listen(to: b, vm.id, ticks)
                }
                let outcome = try await driver.run()
                guard case .succeeded(let figures?) = outcome else { throw Unexpected(await driver.log) }
                #expect(figures.totalMilliseconds > 0 && figures.transferred > .zero)
                let atArrival = ticks.withLock { $0.count }
                try await eventually { ticks.withLock { $0.count } > atArrival + 20 }
                #expect(await b.answer(.stop(vm.id, force: true)).isDone)
                try await group.waitForAll()
            }
            let heard = ticks.withLock { $0 }
            #expect(heard.repetitions == 0, "the guest ran in two places")
            #expect(heard.longestGap < .seconds(2))
            #expect(try await a.state(vm.id) == nil)
            #expect(await a.runtime.virtualMachines().isEmpty)
            print("\(accelerator): longest time between two ticks across the migration: \(heard.longestGap)")
        }
    }

    @Test func aCancelledMigrationLeavesTheGuestWhereItWas() async throws {
        try await interfering { driver, _, _, _ in
            try await driver.cancel("the operator says so")
        } check: {
            #expect($0 == .cancelled(reason: "the operator says so"))
        }
    }

    @Test func aCancellationThatOvertakesTheSendingIsForThatSendingAlone() async throws {
        try await withHosts("a") { hosts in
            let vm = try pulse(near: hosts[0].folder)
            #expect(await hosts[0].answer(.start(vm)).isDone)
            let sending = HostTask.send(
                OutgoingMigration(virtualMachine: vm.id, destination: "tcp:127.0.0.1:1", timeLimitSeconds: 5))
            #expect(await hosts[0].answer(.cancelSend(vm.id)) == .state(.running))
            let first = await hosts[0].answer(sending)
            #expect(first == .refused("sending was cancelled before it began"))
            #expect(try await hosts[0].state(vm.id) == .running)
            // The next one goes as far as its destination lets it.
            guard case .failed(let reason) = await hosts[0].answer(sending) else { throw Unexpected("not tried") }
            #expect(reason.contains("Connection refused"))
        }
    }

    @Test func aDestinationKilledOnTheWayLeavesTheGuestWhereItWas() async throws {
        try await interfering { _, _, b, id in
            try await b.process(id).signal(SIGKILL)
        } check: {
            #expect($0.location == .source)
        }
    }

    @Test func aSourceKilledOnTheWayIsCrashedThereAndGoneAtTheDestination() async throws {
        try await withHosts("a", "b") { hosts in
            let vm = try await busyPulse(on: hosts[0])
            let driver = MigrationDriver(vm, from: hosts[0], to: hosts[1], bandwidthLimit: .mebibytes(2)) { _ in
                try await hosts[0].process(vm.id).signal(SIGKILL)
            }
            let outcome = try await driver.run()
            #expect(outcome.location == .source)
            #expect(try await hosts[0].state(vm.id) == .crashed)
            #expect(try await hosts[1].state(vm.id) == nil)
        }
    }

    @Test func aMigrationThatDoesNotConvergeIsGivenUpInItsTimeLimit() async throws {
        try await withHosts("a", "b") { hosts in
            let vm = try await busyPulse(on: hosts[0])
            let driver = MigrationDriver(
                vm, from: hosts[0], to: hosts[1], bandwidthLimit: .mebibytes(1), timeLimitSeconds: 1)
            guard case .failed(let reason, .source) = try await driver.run() else { throw Unexpected(await driver.log) }
            #expect(reason.contains("time limit"))
            #expect(try await hosts[0].state(vm.id) == .running)
            #expect(try await hosts[1].state(vm.id) == nil)
        }
    }

    /// A migration slow enough to be interfered with, after which the guest must run on at the source and nowhere else.
    private func interfering(
        _ interference:
            @escaping @Sendable (MigrationDriver, TestHost, TestHost, VirtualMachineID) async throws -> Void,
        check: @Sendable (MigrationOutcome) -> Void
    ) async throws {
        try await withHosts("a", "b") { hosts in
            let vm = try await busyPulse(on: hosts[0])
            let driver = MigrationDriver(vm, from: hosts[0], to: hosts[1], bandwidthLimit: .mebibytes(2)) { driver in
                try await interference(driver, hosts[0], hosts[1], vm.id)
            }
            check(try await driver.run())
            #expect(try await hosts[0].state(vm.id) == .running)
            #expect(try await hosts[1].state(vm.id) == nil)
            #expect(await hosts[1].runtime.virtualMachines().isEmpty)
            // And it can still be moved.
            #expect(try await MigrationDriver(vm, from: hosts[0], to: hosts[1]).run().location == .destination)
        }
    }

    @Test func anAgentThatRestartsOnTheWayFindsTheMigrationAndAnswersForIt() async throws {
        try await withHosts("a", "b") { hosts in
            let vm = try await busyPulse(on: hosts[0], dirtying: 100)
            guard case .listening(let address) = await hosts[1].answer(.prepareIncoming(incoming(vm))) else {
                throw Unexpected("not listening")
            }
            let sending = HostTask.send(
                OutgoingMigration(
                    virtualMachine: vm.id, destination: address, bandwidthLimit: .mebibytes(8), timeLimitSeconds: 60))
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await hosts[0].answer(sending) }
                try await eventually { try await hosts[0].state(vm.id) == .outgoing }
                // Both agents go and come back.
                for host in hosts { await host.runtime.close() }
                try await group.waitForAll()
            }
            let again = try hosts.map { host in
                TestHost(
                    name: host.name, folder: host.folder,
                    runtime: try QEMURuntime(RuntimeConfiguration(folder: host.folder), log: quiet))
            }
            guard case .sent = await again[0].answer(sending) else { throw Unexpected("not sent") }
            #expect(try await again[1].state(vm.id) == .running)
            #expect(await again[0].answer(.releaseSource(vm.id)) == .done)
            #expect(try await again[0].state(vm.id) == nil)
        }
    }
}

func incoming(_ vm: VirtualMachineDefinition, timeLimitSeconds: Int = 60) -> IncomingMigration {
    IncomingMigration(definition: vm, accelerator: .tcg, timeLimitSeconds: timeLimitSeconds)
}

/// Hears the ticks of a guest on one host until its process ends.
func listen(to host: TestHost, _ id: VirtualMachineID, _ ticks: Locked<PulseTicks>) async throws {
    let console = try PulseConsole(path: host.runtime.consolePath(of: id))
    for await heard in console.lines {
        if case .tick(let number) = heard.line { ticks.withLock { $0.hear(number, at: heard.moment) } }
    }
}

/// A pulse guest with enough memory in use, and changing, that its migration takes a while.
func busyPulse(
    on host: TestHost, dirtying pagesPerSecond: Int = 5000,
    restart: VirtualMachineDefinition.RestartPolicy = .never
) async throws -> VirtualMachineDefinition {
    var vm = try pulse(near: host.folder, memory: .mebibytes(32))
    vm.restart = restart
    guard await host.answer(.start(vm)).isDone else { throw Unexpected("the guest did not start") }
    let console = try PulseConsole(path: host.runtime.consolePath(of: vm.id))
    var isSet = false
    for await heard in console.lines {
        if !isSet {
            try console.send(.fill(mebibytes: 24))
            try console.send(.dirty(pagesPerSecond: pagesPerSecond))
            isSet = true
        }
        if case .settings(let settings) = heard.line, settings.filledMiB == 24, settings.dirtyPagesPerSecond > 0 {
            break
        }
    }
    return vm
}
