import FleetModel
import Glibc
import Testing

@testable import HostRuntime

@Suite("Ways to migrate, between two QEMUs", .timeLimit(.minutes(4))) struct StrategyTests {
    private let narrow = Bytes.mebibytes(8)

    @Test(arguments: [
        MigrationMethod(channels: 2), MigrationMethod(channels: 4, compression: .zstd),
        MigrationMethod(autoConverge: true), MigrationMethod(postCopy: true),
    ])
    func eachWayBringsTheGuestOver(_ method: MigrationMethod) async throws {
        try await moving(method, dirtying: 200) { driver, hosts, vm in
            guard case .succeeded(let figures?) = try await driver.run() else { throw Unexpected(await driver.log) }
            #expect(try #require(figures.passes) > 0)
            try await isWhole(vm, at: hosts[1], not: hosts[0])
        }
    }

    @Test func aGuestThatWritesFasterThanTheNetworkTakesItGoesOverInPostCopy() async throws {
        try await moving(MigrationMethod(postCopy: true), bandwidthLimit: narrow) { driver, hosts, vm in
            guard case .succeeded(let figures?) = try await driver.run() else { throw Unexpected(await driver.log) }
            #expect(figures.wasPostCopied == true)
            try await isWhole(vm, at: hosts[1], not: hosts[0])
        }
    }

    @Test func theSourceSaysThatItIsStillNeededInPostCopy() async throws {
        try await moving(MigrationMethod(postCopy: true), bandwidthLimit: narrow) { driver, hosts, vm in
            let ending = Task { try await driver.run() }
            try await eventually { try await hosts[0].state(vm.id) == .trailing }
            guard case .refused = await hosts[0].answer(.releaseSource(vm.id)) else { throw Unexpected("released") }
            #expect(await hosts[0].answer(.cancelSend(vm.id)) == .state(.trailing))
            #expect(try await ending.value.location == .destination)
            try await isWhole(vm, at: hosts[1], not: hosts[0])
        }
    }

    @Test func aStreamThatBreaksInPostCopyIsTakenUpAgain() async throws {
        try await moving(MigrationMethod(postCopy: true), bandwidthLimit: narrow) { driver, hosts, vm in
            let ending = Task { try await driver.run() }
            try await eventually { try await hosts[0].state(vm.id) == .trailing }
            try await hosts[0].runtime.monitor(of: vm.id, "migrate-pause")
            let outcome = try await ending.value
            guard case .succeeded = outcome else { throw Unexpected("\(outcome) \(await driver.log)") }
            try await isWhole(vm, at: hosts[1], not: hosts[0])
        }
    }

    @Test(arguments: [VirtualMachineDefinition.RestartPolicy.never, .onFailure])
    func aSourceKilledInPostCopyCostsTheGuestWhichIsStartedAnewByItsPolicy(
        _ policy: VirtualMachineDefinition.RestartPolicy
    ) async throws {
        try await moving(MigrationMethod(postCopy: true), bandwidthLimit: narrow, policy: policy) { driver, hosts, vm in
            let ending = Task { try await driver.run() }
            try await eventually { try await hosts[0].state(vm.id) == .trailing }
            try await hosts[0].process(vm.id).signal(SIGKILL)
            guard case .failed(let reason, .destination) = try await ending.value else {
                throw Unexpected(await driver.log)
            }
            // Early in post-copy the destination's QEMU ends as well; later it waits for the rest, and is ended.
            #expect(reason.contains("lost") || reason.contains("ended there"))
            #expect(try await hosts[0].state(vm.id) == nil)
            #expect(try await hosts[1].state(vm.id) == (policy == .never ? .crashed : .running))
        }
    }

    @Test(arguments: [VirtualMachineDefinition.RestartPolicy.never, .onFailure])
    func aSourceKilledBeforeTheGuestLeftIsStartedAnewThereByItsPolicy(
        _ policy: VirtualMachineDefinition.RestartPolicy
    ) async throws {
        try await moving(MigrationMethod(), bandwidthLimit: narrow, policy: policy) { driver, hosts, vm in
            let ending = Task { try await driver.run() }
            try await eventually { try await hosts[0].state(vm.id) == .outgoing }
            try await hosts[0].process(vm.id).signal(SIGKILL)
            #expect(try await ending.value.location == .source)
            #expect(try await hosts[0].state(vm.id) == (policy == .never ? .crashed : .running))
            #expect(try await hosts[1].state(vm.id) == nil)
        }
    }

    @Test func aGuestThatIsSlowedDownConverges() async throws {
        // What the guest writes while one pass is sent is more than half of it.
        try await moving(
            MigrationMethod(autoConverge: true), dirtying: 1600, bandwidthLimit: narrow
        ) { driver, hosts, vm in
            guard case .succeeded(let figures?) = try await driver.run() else { throw Unexpected(await driver.log) }
            #expect(try #require(figures.throttlePercent) >= 20)
            try await isWhole(vm, at: hosts[1], not: hosts[0])
        }
    }

    private func moving(
        _ method: MigrationMethod, dirtying pagesPerSecond: Int = 5000, bandwidthLimit: Bytes? = nil,
        policy: VirtualMachineDefinition.RestartPolicy = .never,
        _ body: @escaping @Sendable (MigrationDriver, [TestHost], VirtualMachineDefinition) async throws -> Void
    ) async throws {
        try await withHosts("a", "b") { hosts in
            let vm = try await busyPulse(on: hosts[0], dirtying: pagesPerSecond, restart: policy)
            let driver = MigrationDriver(
                vm, from: hosts[0], to: hosts[1], bandwidthLimit: bandwidthLimit, timeLimitSeconds: 90, method: method)
            try await body(driver, hosts, vm)
        }
    }

    /// Whether the guest goes on at one host and the other has nothing of it.
    private func isWhole(_ vm: VirtualMachineDefinition, at host: TestHost, not other: TestHost) async throws {
        #expect(try await host.state(vm.id) == .running)
        #expect(try await other.state(vm.id) == nil)
        #expect(await other.runtime.virtualMachines().isEmpty)
        let console = try PulseConsole(path: host.runtime.consolePath(of: vm.id))
        for await heard in console.lines { if case .tick = heard.line { return } }
        throw Unexpected("the guest is silent")
    }
}

extension QEMURuntime {
    /// Gives a VM's QEMU a command, as somebody with a monitor of his own might.
    fileprivate func monitor(of id: VirtualMachineID, _ command: String) async throws {
        try await known(id)?.command(command, isUrgent: true)
    }
}
