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
            #expect(await hosts[0].answer(.start(first)) == .done)
            guard case .failed(let reason) = await hosts[0].answer(.start(second)) else { throw Unexpected("started") }
            #expect(reason.contains("lock"))
        }
    }

    @Test func aDiskOnSharedStorageMovesAlongAndStaysLockedWhereTheGuestIs() async throws {
        try await withHosts("a", "b") { hosts in
            let path = "\(hosts[0].folder)/../shared.img"
            try SmallFile.replace(path, with: [UInt8](repeating: 0, count: 1 << 16))
            var (vm, other) = (try pulse(near: hosts[0].folder), try pulse(near: hosts[0].folder, name: "pulse-2"))
            vm.disks = [.init(path: path, format: .raw, bus: .scsi)]
            other.disks = vm.disks
            #expect(await hosts[0].answer(.start(vm)) == .done)
            #expect(try await MigrationDriver(vm, from: hosts[0], to: hosts[1]).run().location == .destination)
            guard case .failed = await hosts[0].answer(.start(other)) else { throw Unexpected("started") }
        }
    }

    @Test(.enabled("openssl is needed to make certificates") { unsafe access("/usr/bin/openssl", X_OK) == 0 })
    func aGuestTravelsUnderMutualTLSAndNotToAnImpostor() async throws {
        let root = try temporaryFolder()
        defer { endProcesses(under: root) }
        try await Certificates.make(in: root, host: "b")
        try await withHosts("a", "b", configure: { $0.migrationTLS = root }) { hosts in
            let vm = try pulse(near: hosts[0].folder)
            #expect(await hosts[0].answer(.start(vm)) == .done)
            let outcome = try await MigrationDriver(vm, from: hosts[0], to: hosts[1]).run()
            guard case .succeeded = outcome else { throw Unexpected(outcome) }
        }
        // The same certificate does not make another host of it.
        try await withHosts("a", "c", configure: { $0.migrationTLS = root }) { hosts in
            let vm = try pulse(near: hosts[0].folder)
            #expect(await hosts[0].answer(.start(vm)) == .done)
            let outcome = try await MigrationDriver(vm, from: hosts[0], to: hosts[1]).run()
            #expect(outcome.location == .source)
            #expect(try await hosts[0].state(vm.id) == .running)
            #expect(try await hosts[1].state(vm.id) == nil)
        }
    }
}

/// A certificate authority and the files that QEMU wants, for tests.
private enum Certificates {
    static func make(in folder: String, host: String) async throws {
        try SmallFile.replace("\(folder)/names", with: Array("subjectAltName=DNS:\(host)".utf8))
        try await openssl(
            ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
                + ["-subj", "/CN=test authority", "-keyout", "\(folder)/ca-key.pem", "-out", "\(folder)/ca-cert.pem"],
            folder)
        for role in ["server", "client"] {
            try await openssl(
                ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=\(host)"]
                    + ["-keyout", "\(folder)/\(role)-key.pem", "-out", "\(folder)/request.pem"], folder)
            try await openssl(
                ["x509", "-req", "-in", "\(folder)/request.pem", "-CA", "\(folder)/ca-cert.pem", "-CAcreateserial"]
                    + ["-CAkey", "\(folder)/ca-key.pem", "-days", "2", "-extfile", "\(folder)/names"]
                    + ["-out", "\(folder)/\(role)-cert.pem"], folder)
        }
    }

    private static func openssl(_ arguments: [String], _ folder: String) async throws {
        let output = try MachineFolder.log(at: "\(folder)/openssl.log")
        let identifier = try Spawn(program: "/usr/bin/openssl", arguments: arguments, output: output).start()
        let process = try #require(try ProcessHandle(identifier))
        guard await process.ended(within: .seconds(30)), process.howItEnded() == ExitStatus.text(0) else {
            throw Unexpected(String(decoding: SmallFile.read("\(folder)/openssl.log") ?? [], as: UTF8.self))
        }
    }
}
