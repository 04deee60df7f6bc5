import FleetModel
import FoundationEssentials
import Glibc
import Testing

@testable import HostRuntime

/// Hosts whose VM folders lie on disks so small that a test can fill them.
@Suite(
    "A disk that fills in the middle of a migration", .timeLimit(.minutes(2)),
    .enabled(if: geteuid() == 0, "mounting a small disk needs root"))
struct FullDiskTests {
    @Test func aSourceThatCannotWriteDoesNotSendAndTheGuestGoesOn() async throws {
        try await withSmallDisks { hosts in
            let vm = try pulse(near: hosts[0].folder)
            #expect(await hosts[0].answer(.start(vm)).isDone)
            try fill(hosts[0])
            guard case .failed(let reason, .source) = try await MigrationDriver(vm, from: hosts[0], to: hosts[1]).run()
            else { throw Unexpected("it moved") }
            #expect(reason.contains("No space left"))
            #expect(try await hosts[0].state(vm.id) == .running)
            #expect(await hosts[1].runtime.virtualMachines().isEmpty)
            try await movesOnceThereIsRoom(vm, hosts, from: hosts[0])
        }
    }

    @Test func aDestinationThatCannotWriteRefusesAndTheGuestGoesOn() async throws {
        try await withSmallDisks { hosts in
            let vm = try pulse(near: hosts[0].folder)
            #expect(await hosts[0].answer(.start(vm)).isDone)
            try fill(hosts[1])
            let driver = MigrationDriver(vm, from: hosts[0], to: hosts[1])
            guard case .failed(let reason, .source) = try await driver.run() else { throw Unexpected("it moved") }
            #expect(reason.contains("No space left"))
            #expect(try await hosts[0].state(vm.id) == .running)
            try await movesOnceThereIsRoom(vm, hosts, from: hosts[0])
        }
    }

    @Test func aDiskThatFillsWhileTheGuestIsOnItsWayDoesNotKeepItFromArriving() async throws {
        try await withSmallDisks { hosts in
            let vm = try await busyPulse(on: hosts[0], dirtying: 100)
            let driver = MigrationDriver(vm, from: hosts[0], to: hosts[1], bandwidthLimit: .mebibytes(16)) { _ in
                for host in hosts { try fill(host) }
            }
            #expect(try await driver.run().location == .destination)
            #expect(try await hosts[1].state(vm.id) == .running)
            #expect(try await hosts[0].state(vm.id) == nil)
        }
    }

    private func movesOnceThereIsRoom(
        _ vm: VirtualMachineDefinition, _ hosts: [TestHost], from host: TestHost
    ) async throws {
        for host in hosts { unsafe _ = unlink(ballast(host)) }
        #expect(try await MigrationDriver(vm, from: hosts[0], to: hosts[1]).run().location == .destination)
    }

    private func ballast(_ host: TestHost) -> String { "\(host.folder)/ballast" }

    /// Leaves not a byte.
    private func fill(_ host: TestHost) throws {
        let number = unsafe open(ballast(host), O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard number >= 0 else { throw Unexpected(lastSystemError()) }
        let file = FileDescriptor(number)
        let bytes = [UInt8](repeating: 1, count: 4096)
        while unsafe write(file.number, bytes, bytes.count) > 0 {}
        guard errno == ENOSPC else { throw Unexpected(lastSystemError()) }
    }

    private func withSmallDisks(_ body: @Sendable ([TestHost]) async throws -> Void) async throws {
        let root = try temporaryFolder()
        defer { endProcesses(under: root) }
        let folders = ["a", "b"].map { "\(root)/\($0)" }
        for folder in folders {
            guard unsafe mkdir(folder, 0o700) == 0, unsafe mount("none", folder, "tmpfs", 0, "size=128k") == 0 else {
                throw Unexpected(lastSystemError())
            }
        }
        defer {
            endProcesses(under: root)
            for folder in folders { unsafe _ = umount2(folder, Int32(MNT_DETACH)) }
        }
        let hosts = try folders.map { folder in
            TestHost(
                name: try Fixture.name(String(folder.suffix(1))), folder: folder,
                runtime: try QEMURuntime(RuntimeConfiguration(folder: folder, shutdownSeconds: 1), log: quiet))
        }
        try await looked(after: hosts) { try await body(hosts) }
    }
}
