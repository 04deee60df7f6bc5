import FleetModel
import FoundationEssentials
import Glibc
import Testing

@testable import HostRuntime

@Suite("A real Linux guest", .timeLimit(.minutes(5))) struct LinuxGuestTests {
    @Test(.enabled("the guest can be made: see Tests/Guests/make-linux-guest") { try await LinuxGuest.isThere() })
    func saysThroughItsBalloonHowMuchMemoryItHas() async throws {
        try await withHosts("a") { hosts in
            var vm = try Fixture.definition(memory: .mebibytes(256))
            vm.kernel = .init(
                image: "\(LinuxGuest.folder)/vmlinuz", initialRAMDisk: "\(LinuxGuest.folder)/initrd",
                commandLine: "console=ttyS0 quiet")
            vm.balloon = true
            #expect(await hosts[0].answer(.start(vm)).isDone)
            let early = await hosts[0].runtime.statistics().first
            #expect(early?.guestMemory == nil, "unknown before the guest has said anything")
            #expect(early?.balloon == .mebibytes(256))
            func view() async -> VirtualMachineStatistics.GuestView? {
                await hosts[0].runtime.statistics().first?.guestMemory
            }
            try await eventually { await view()?.available != nil }
            let memory = try #require(await view())
            let (total, available) = (try #require(memory.total), try #require(memory.available))
            #expect(total > .mebibytes(128) && total < .mebibytes(256))
            #expect(available > .zero && available < total)
            #expect(try #require(memory.free) > .zero)
            #expect(try #require(memory.majorFaults) >= 0 && memory.swappedOut == .zero)
            // The guest goes on telling.
            let updated = try #require(memory.updated)
            try await eventually { await view()?.updated ?? updated > updated }
        }
    }

    @Test(.enabled("the guest can be made: see Tests/Guests/make-linux-guest") { try await LinuxGuest.isThere() })
    func takesProcessorsAndLetsThemGo() async throws {
        try await withHosts("a") { hosts in
            var vm = try Fixture.definition(memory: .mebibytes(256))
            vm.kernel = .init(
                image: "\(LinuxGuest.folder)/vmlinuz", initialRAMDisk: "\(LinuxGuest.folder)/initrd",
                commandLine: "console=ttyS0 quiet")
            vm.balloon = true
            (vm.maximumProcessors, vm.maximumMemory) = (3, .mebibytes(1024))
            #expect(await hosts[0].answer(.start(vm)).isDone)
            // Its balloon speaks once it is up.
            try await eventually { await hosts[0].runtime.statistics().first?.guestMemory?.available != nil }
            #expect(
                await hosts[0].answer(.resize(vm.id, virtualProcessors: 3, memory: .mebibytes(512))) == .done)
            func definition() async throws -> VirtualMachineDefinition {
                try #require(await hosts[0].runtime.virtualMachines().first).definition
            }
            #expect(try await definition().virtualProcessors == 3)
            // A busy guest may let go later than it is waited for; then that is noticed when it happens.
            #expect(await hosts[0].answer(.resize(vm.id, virtualProcessors: 1, memory: nil)).isDone)
            try await eventually { try await definition().virtualProcessors == 1 }
            try await eventually { try await definition().atNextStart == nil }
        }
    }

    @Test(
        .enabled("the guest can be made, with an agent: see Tests/Guests/make-linux-guest") {
            try await LinuxGuest.isThere() && LinuxGuest.hasAgent
        }, arguments: [true, false])
    func isAtRestInACopyWhereItsAgentAnswersAndShutsDownWhenAsked(_ hasAgent: Bool) async throws {
        try await withHosts("a") { hosts in
            let vm = try LinuxGuest.writing(near: hosts[0].folder, hasAgent: hasAgent)
            #expect(await hosts[0].answer(.start(vm)).isDone)
            try await LinuxGuest.ready(vm, on: hosts[0])
            guard case .advised(let notes) = await hosts[0].answer(.snapshot(vm.id, folder: hosts[0].folder)) else {
                throw Unexpected("not copied")
            }
            #expect(notes.contains { $0.contains(hasAgent ? "were at rest" : "as after a loss of power") })
            // A file system that was at rest has nothing in its journal that would have to be done again.
            let copy = try #require(notes.first { $0.hasSuffix(".raw") })
            let state = try await LinuxGuest.superblock(of: copy, in: hosts[0].folder)
            #expect(state.contains("Filesystem features:"))
            #expect(state.contains("needs_recovery") == !hasAgent)
            #expect(await hosts[0].answer(.stop(vm.id, force: false)) == .done, "its power was not cut")
            #expect(try await hosts[0].state(vm.id) == .stopped)
        }
    }

    @Test(
        .enabled("the guest can be made, with an agent: see Tests/Guests/make-linux-guest") {
            try await LinuxGuest.isThere() && LinuxGuest.hasAgent
        })
    func goesOnWritingAfterAnAgentOfTheHostThatDiedWhileItWasAtRest() async throws {
        try await withHosts("a") { hosts in
            let vm = try LinuxGuest.writing(near: hosts[0].folder, hasAgent: true)
            #expect(await hosts[0].answer(.start(vm)).isDone)
            try await LinuxGuest.ready(vm, on: hosts[0])
            let folder = MachineFolder(root: hosts[0].folder, vm.id)
            do {
                let guest = try GuestAgent(path: folder.agent)
                #expect(await guest.isThere(number: 1, within: .seconds(10)))
                #expect(await guest.execute("guest-fsfreeze-freeze", within: .seconds(10))?["return"]?.whole == 1)
            }
            await hosts[0].runtime.close()
            var record = try folder.read()
            record.snapshot = .init(folder: hosts[0].folder, files: [], isFrozen: true)
            try folder.write(record)
            let again = try restarted(hosts[0])
            try await looked(after: [again]) {
                try await eventually { try folder.read().snapshot == nil }
                let guest = try GuestAgent(path: folder.agent)
                #expect(await guest.isThere(number: 2, within: .seconds(10)))
                let status = await guest.execute("guest-fsfreeze-status", within: .seconds(10))
                #expect(status?["return"]?.text == "thawed")
            }
            #expect(await again.answer(.stop(vm.id, force: true)).isDone)
        }
    }
}

/// The guest of Tests/Guests/make-linux-guest, made once and kept between runs.
private enum LinuxGuest {
    static let folder: String = {
        let home = unsafe getenv("HOME").map { unsafe String(cString: $0) } ?? "/tmp"
        return "\(home)/.cache/evenkeel/linux-guest"
    }()

    /// Whether the guest has QEMU's agent in it: its package could be had, and its libraries were there.
    static var hasAgent: Bool { FileManager.default.fileExists(atPath: "\(folder)/agent") }

    /// A guest that writes to the file system of its disk all the time.
    static func writing(near folder: String, hasAgent: Bool) throws -> VirtualMachineDefinition {
        let disk = "\(folder)/../linux.raw"
        try run("/usr/bin/truncate", "-s", "64M", disk)
        try run("/sbin/mkfs.ext4", "-q", "-F", disk)
        var vm = try Fixture.definition(memory: .mebibytes(256))
        vm.kernel = .init(
            image: "\(Self.folder)/vmlinuz", initialRAMDisk: "\(Self.folder)/initrd",
            commandLine: "console=ttyS0 quiet")
        vm.disks = [.init(path: disk, format: .raw, bus: .virtio, cache: .none)]
        (vm.balloon, vm.guestAgent) = (true, hasAgent)
        return vm
    }

    /// Waits until the guest is up and, where it has an agent, that is there.
    static func ready(_ vm: VirtualMachineDefinition, on host: TestHost) async throws {
        // While a file system is written to, its superblock says so.
        try await eventually {
            try await superblock(of: vm.disks[0].path, in: host.folder).contains("needs_recovery")
        }
        guard vm.guestAgent else { return }
        let machine = try #require(host.runtime.known(vm.id))
        try await eventually {
            let channels = try await machine.command("query-chardev").fewItems
            return channels.first { $0["label"]?.text == "agent" }?["frontend-open"]?.flag == true
        }
    }

    /// What dumpe2fs says of a file system.
    static func superblock(of image: String, in folder: String) async throws -> String {
        try run("/sbin/dumpe2fs", "-h", image, into: "\(folder)/superblock")
        return String(decoding: SmallFile.read("\(folder)/superblock") ?? [], as: UTF8.self)
    }

    private static func run(_ program: String, _ arguments: String..., into log: String = "/dev/null") throws {
        let output = try MachineFolder.log(at: log)
        let identifier = try Spawn(program: program, arguments: arguments, output: output).start()
        var status: Int32 = 0
        guard unsafe waitpid(identifier, &status, 0) == identifier, status == 0 else {
            throw Unexpected("\(program) ended with \(status)")
        }
    }

    static func isThere() async throws -> Bool {
        let tests = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(2).joined(separator: "/")
        let root = try temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: root) }
        let output = try MachineFolder.log(at: "\(root)/log")
        let identifier = try Spawn(
            program: "\(tests)/Guests/make-linux-guest", arguments: [folder], output: output
        ).start()
        let process = try #require(try ProcessHandle(identifier))
        guard await process.ended(within: .seconds(240)) else {
            process.signal(SIGKILL)
            return false
        }
        if process.howItEnded() == ExitStatus.text(0) { return true }
        print(String(decoding: SmallFile.read("\(root)/log") ?? [], as: UTF8.self))
        return false
    }
}
