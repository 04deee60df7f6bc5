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
}

/// The guest of Tests/Guests/make-linux-guest, made once and kept between runs.
private enum LinuxGuest {
    static let folder: String = {
        let home = unsafe getenv("HOME").map { unsafe String(cString: $0) } ?? "/tmp"
        return "\(home)/.cache/evenkeel/linux-guest"
    }()

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
