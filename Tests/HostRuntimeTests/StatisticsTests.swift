import FleetModel
import Glibc
import Testing

@testable import HostRuntime

@Suite("Statistics of running VMs", .timeLimit(.minutes(2))) struct StatisticsTests {
    @Test func underTCGAreWhatQEMUItselfCounts() async throws {
        try await withHosts("a") { hosts in
            let vm = try reader(near: hosts[0].folder)
            #expect(await hosts[0].answer(.start(vm)).isDone)
            try await eventually { await seen(on: hosts[0])?.reads?.count ?? 0 > 10 }
            let first = try #require(await hosts[0].runtime.statistics().first)
            #expect(first.id == vm.id && first.processors.isEmpty && first.hypervisor.isEmpty)
            #expect(first.processorModel == "qemu64")
            #expect(try #require(first.machineType).hasPrefix("pc-"))
            #expect(try #require(first.emulatorVersion).split(separator: ".").count == 3)
            #expect(first.balloon == nil && first.guestMemory == nil && first.interfaces.isEmpty)
            let disk = try #require(first.disks.first)
            #expect(disk.name == "disk0" && disk.path == vm.disks[0].path && disk.format == "raw" && disk.bus == "ide")
            #expect(disk.capacity == .mebibytes(1) && disk.isBlockDevice == false && disk.isPreallocated == false)
            #expect(try #require(disk.reads).bytes >= 512 && disk.writes?.count == 0 && disk.backingImages == 0)
            #expect(first.snapshots == nil)
            // A guest that goes on reading is seen to.
            let reads = try #require(disk.reads?.count)
            try await eventually { await seen(on: hosts[0])?.reads?.count ?? 0 > reads }
        }
    }

    @Test(.enabled(if: kvmProblem == nil, "KVM can be used")) func underKVMTellOfExits() async throws {
        try await withHosts("a") { hosts in
            let vm = try pulse(near: hosts[0].folder, accelerator: .kvm)
            #expect(await hosts[0].answer(.start(vm)).isDone)
            func exits() async -> Int64? {
                await hosts[0].runtime.statistics().first?.processors.first { $0.number == 0 }?.exits
            }
            try await eventually { await exits() ?? 0 > 0 }
            let first = try #require(await exits())
            try await eventually { await exits() ?? 0 > first }
            let statistics = try #require(await hosts[0].runtime.statistics().first)
            #expect(statistics.processors.map(\.number) == [0])
            #expect(try #require(statistics.processors[0].haltWaitNanoseconds) >= 0)
            #expect(statistics.hypervisor.keys.contains("remote_tlb_flush"))
        }
    }

    @Test func ofAVirtualMachineThatHangsCostTheOthersNothing() async throws {
        try await withHosts("a") { hosts in
            let (lives, hangs) = (
                try pulse(near: hosts[0].folder), try pulse(near: hosts[0].folder, name: "pulse-2")
            )
            for vm in [lives, hangs] { #expect(await hosts[0].answer(.start(vm)).isDone) }
            #expect(await hosts[0].runtime.statistics().count == 2)
            let process = try await hosts[0].process(hangs.id)
            process.signal(SIGSTOP)
            let began = ContinuousClock.now
            #expect(await hosts[0].runtime.statistics().map(\.id) == [lives.id])
            #expect(ContinuousClock.now - began < .seconds(4))
            process.signal(SIGCONT)
            try await eventually { await hosts[0].runtime.statistics().count == 2 }
        }
    }

    @Test func areThoseOfTheHostWhereTheGuestLives() async throws {
        try await withHosts("a", "b") { hosts in
            let vm = try pulse(near: hosts[0].folder)
            #expect(await hosts[0].answer(.start(vm)).isDone)
            #expect(await hosts[1].runtime.statistics().isEmpty)
            guard case .listening(let address) = await hosts[1].answer(.prepareIncoming(incoming(vm))) else {
                throw Unexpected("not listening")
            }
            #expect(await hosts[1].runtime.statistics().isEmpty, "the guest is not here yet")
            let sending = OutgoingMigration(
                virtualMachine: vm.id, destination: address, destinationName: "b", bandwidthLimit: nil,
                downtimeLimitMilliseconds: 300, timeLimitSeconds: 60)
            guard case .sent = await hosts[0].answer(.send(sending)) else { throw Unexpected("not sent") }
            #expect(await hosts[0].runtime.statistics().isEmpty)
            try await eventually { await hosts[1].runtime.statistics().map(\.id) == [vm.id] }
        }
    }

    private func seen(on host: TestHost) async -> VirtualMachineStatistics.Disk? {
        await host.runtime.statistics().first?.disks.first
    }

    /// A VM whose boot sector reads the sector behind it again and again.
    private func reader(near folder: String) throws -> VirtualMachineDefinition {
        let code: [UInt8] = [
            0xb8, 0x01, 0x02,  // 1: mov $0x201, %ax (read one sector)
            0xb9, 0x02, 0x00,  // mov $2, %cx (the second of the first track)
            0xb6, 0x00,  // mov $0, %dh; %dl is the disk, as the firmware left it
            0xbb, 0x00, 0x7e,  // mov $0x7e00, %bx
            0xcd, 0x13,  // int $0x13
            0xeb, 0xf1,  // jmp 1b
        ]
        let sector = code + [UInt8](repeating: 0, count: 510 - code.count) + [0x55, 0xaa]
        let path = "\(folder)/../reader.raw"
        try SmallFile.replace(path, with: sector)
        guard unsafe truncate(path, 1 << 20) == 0 else { throw Unexpected(lastSystemError()) }
        var definition = try Fixture.definition()
        definition.disks = [.init(path: path, format: .raw, bus: .ide)]
        return definition
    }
}
