import FleetModel
import FoundationEssentials
import Glibc
import Testing

@testable import HostRuntime

@Suite("Disks that only one host sees", .timeLimit(.minutes(3))) struct LocalDiskTests {
    private let size = Bytes.mebibytes(24)

    @Test(arguments: [VirtualMachineDefinition.Disk.Format.raw, .qcow2])
    func moveAlongWithWhatWasWrittenMeanwhile(_ format: VirtualMachineDefinition.Disk.Format) async throws {
        try await withLocalDisks(format) { hosts, vm in
            let (a, b) = (hosts[0], hosts[1])
            try await a.io(vm.id, "write -P 0x5a 1M 2M")
            let driver = try await driver(vm, a, b) { _ in
                // It may still be copied, or be copied twice: either way it must be there.
                try await a.io(vm.id, "write -P 0x77 5M 1M")
            }
            guard case .succeeded = try await driver.run() else { throw Unexpected(await driver.log) }
            #expect(try await b.state(vm.id) == .running)
            for pattern in ["0x5a 1M 2M", "0x77 5M 1M", "0 8M 1M"] { try await b.io(vm.id, "read -P \(pattern)") }
            // Nothing is left at the source, and nothing is served at the destination.
            #expect(try await a.state(vm.id) == nil)
            #expect(disks(of: a).isEmpty && disks(of: b) == ["data.img"])
            await #expect(throws: HostRuntimeError.self) {
                try await b.runtime.known(vm.id)?.command("nbd-server-stop")
            }
            // And back.
            guard case .succeeded = try await self.driver(vm, b, a).run() else { throw Unexpected("not back") }
            try await a.io(vm.id, "read -P 0x77 5M 1M")
        }
    }

    @Test func aCancelledMoveLeavesNoCopy() async throws {
        try await withLocalDisks(.raw) { hosts, vm in
            let driver = try await driver(vm, hosts[0], hosts[1], bandwidth: .mebibytes(4)) { driver in
                try await driver.cancel("the operator says so")
            }
            #expect(try await driver.run() == .cancelled(reason: "the operator says so"))
            #expect(try await hosts[0].state(vm.id) == .running)
            #expect(disks(of: hosts[1]).isEmpty && disks(of: hosts[0]) == ["data.img"])
            guard case .succeeded = try await self.driver(vm, hosts[0], hosts[1]).run() else {
                throw Unexpected("stuck")
            }
        }
    }

    @Test func aDestinationKilledWhileDisksAreCopiedLeavesTheGuestWhereItWas() async throws {
        try await withLocalDisks(.raw) { hosts, vm in
            let driver = try await driver(vm, hosts[0], hosts[1], bandwidth: .mebibytes(4)) { _ in
                try await hosts[1].process(vm.id).signal(SIGKILL)
            }
            #expect(try await driver.run().location == .source)
            #expect(try await hosts[0].state(vm.id) == .running)
            #expect(disks(of: hosts[1]).isEmpty)
            guard case .succeeded = try await self.driver(vm, hosts[0], hosts[1]).run() else {
                throw Unexpected("stuck")
            }
        }
    }

    @Test func anImageThatIsThereAlreadyIsNotTouched() async throws {
        try await withLocalDisks(.raw) { hosts, vm in
            try SmallFile.replace("\(hosts[1].folder)-disks/data.img", with: [1, 2, 3])
            guard case .failed(let reason, .source) = try await driver(vm, hosts[0], hosts[1]).run() else {
                throw Unexpected("it moved")
            }
            #expect(reason.contains("exists"))
            #expect(SmallFile.read("\(hosts[1].folder)-disks/data.img") == [1, 2, 3])
        }
    }

    @Test(arguments: ["../data.img", "/etc/../data.img/..", "a//b", "./x"])
    func aPathThatLeadsOutOfTheFolderIsRefused(_ path: String) throws {
        var configuration = RuntimeConfiguration(folder: "/x")
        configuration.localDisks = "/srv/disks"
        let disk = VirtualMachineDefinition.Disk(path: path, format: .raw, isLocal: true)
        if path.hasPrefix("/") {
            #expect(try configuration.place(of: disk) == path)
        } else {
            #expect(throws: HostRuntimeError.self) { try configuration.place(of: disk) }
        }
    }

    private func driver(
        _ vm: VirtualMachineDefinition, _ source: TestHost, _ destination: TestHost, bandwidth: Bytes? = nil,
        during: @escaping @Sendable (MigrationDriver) async throws -> Void = { _ in }
    ) async throws -> MigrationDriver {
        let status = await source.runtime.virtualMachines().first { $0.definition.id == vm.id }
        let sizes = try #require(status?.localDiskSizes)
        #expect(sizes == [0: size])
        return MigrationDriver(
            vm, from: source, to: destination, bandwidthLimit: bandwidth, diskSizes: sizes, during: during)
    }

    private func disks(of host: TestHost) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: "\(host.folder)-disks")) ?? []
    }

    private func withLocalDisks(
        _ format: VirtualMachineDefinition.Disk.Format,
        _ body: @escaping @Sendable ([TestHost], VirtualMachineDefinition) async throws -> Void
    ) async throws {
        try await withHosts("a", "b", configure: { $0.localDisks = "\($0.folder)-disks" }) { hosts in
            for host in hosts {
                try FileManager.default.createDirectory(
                    atPath: "\(host.folder)-disks", withIntermediateDirectories: true)
            }
            try EmptyImage.make(at: "\(hosts[0].folder)-disks/data.img", format: format, size: size)
            var vm = try pulse(near: hosts[0].folder)
            vm.disks = [.init(path: "data.img", format: format, isLocal: true)]
            guard await hosts[0].answer(.start(vm)).isDone else { throw Unexpected("did not start") }
            try await body(hosts, vm)
        }
    }
}

extension TestHost {
    /// Reads or writes a VM's first disk as QEMU does for its guest; throws where what is read is not what it should be.
    fileprivate func io(_ id: VirtualMachineID, _ line: String) async throws {
        let said = try await runtime.known(id)?.command(
            "human-monitor-command", ["command-line": .string("qemu-io disk0 \"\(line)\"")])
        let text = said?.text ?? "unknown VM"
        guard !text.contains("failed"), !text.contains("rror") else { throw Unexpected("\(line): \(text)") }
    }
}
