import FleetModel
import FoundationEssentials
import Glibc
import Testing

@testable import HostRuntime

@Suite("Disks and certificates", .timeLimit(.minutes(2))) struct SharedThingsTests {
    @Test func aDiskIsOneVirtualMachinesAloneAndItsPathMayHoldCommas() async throws {
        try await withHosts("a") { hosts in
            let path = "\(hosts[0].folder)/a disk,readonly=on.img"
            try SmallFile.replace(path, with: [UInt8](repeating: 0, count: 1 << 16))
            var (first, second) = (
                try pulse(near: hosts[0].folder), try pulse(near: hosts[0].folder, name: "pulse-2")
            )
            first.disks = [.init(path: path, format: .raw)]
            second.disks = [.init(path: path, format: .raw, bus: .ide)]
            #expect(await hosts[0].answer(.start(first)).isDone)
            guard case .refused(let reason) = await hosts[0].answer(.start(second)) else { throw Unexpected("started") }
            let holder = try await hosts[0].process(first.id).identifier
            #expect(reason.contains("in use by the VM pulse-1 (process \(holder))"))
        }
    }

    @Test func aDiskOnSharedStorageMovesAlongAndStaysLockedWhereTheGuestIs() async throws {
        try await withHosts("a", "b") { hosts in
            let path = "\(hosts[0].folder)/../shared.img"
            try SmallFile.replace(path, with: [UInt8](repeating: 0, count: 1 << 16))
            var (vm, other) = (try pulse(near: hosts[0].folder), try pulse(near: hosts[0].folder, name: "pulse-2"))
            vm.disks = [.init(path: path, format: .raw, bus: .scsi)]
            other.disks = vm.disks
            #expect(await hosts[0].answer(.start(vm)).isDone)
            #expect(try await MigrationDriver(vm, from: hosts[0], to: hosts[1]).run().location == .destination)
            guard case .refused = await hosts[0].answer(.start(other)) else { throw Unexpected("started") }
        }
    }

    @Test(.enabled("openssl is needed to make certificates") { unsafe access("/usr/bin/openssl", X_OK) == 0 })
    func aGuestTravelsUnderMutualTLSInEveryWayAndNotToAnImpostor() async throws {
        let root = try temporaryFolder()
        defer { endProcesses(under: root) }
        try await Certificates.make(in: root, host: "b")
        for method in [MigrationMethod(), MigrationMethod(channels: 2), MigrationMethod(postCopy: true)] {
            try await withHosts("a", "b", configure: { $0.migrationTLS = root }) { hosts in
                let vm = try await busyPulse(on: hosts[0])
                let driver = MigrationDriver(
                    vm, from: hosts[0], to: hosts[1], bandwidthLimit: method.postCopy ? .mebibytes(8) : nil,
                    method: method)
                guard case .succeeded(let figures?) = try await driver.run() else { throw Unexpected(await driver.log) }
                #expect(figures.wasPostCopied == (method.postCopy ? true : nil))
            }
        }
        // The same certificate does not make another host of it.
        try await withHosts("a", "c", configure: { $0.migrationTLS = root }) { hosts in
            let vm = try pulse(near: hosts[0].folder)
            #expect(await hosts[0].answer(.start(vm)).isDone)
            let outcome = try await MigrationDriver(vm, from: hosts[0], to: hosts[1]).run()
            #expect(outcome.location == .source)
            #expect(try await hosts[0].state(vm.id) == .running)
            #expect(try await hosts[1].state(vm.id) == nil)
        }
    }
}
