import FleetModel
import FoundationEssentials
import Glibc
import Testing

@testable import HostRuntime

@Suite("A VM that is saved", .timeLimit(.minutes(2))) struct SavingTests {
    @Test(arguments: [AcceleratorChoice.tcg] + (kvmProblem == nil ? [.kvm] : []))
    func goesOnWhereItWas(_ accelerator: AcceleratorChoice) async throws {
        try await withHosts("a") { hosts in
            let vm = try pulse(near: hosts[0].folder, accelerator: accelerator)
            #expect(await hosts[0].answer(.start(vm)).isDone)
            let before = try await lastTick(of: hosts[0], vm.id, after: 10)
            for _ in 0..<2 { #expect(await hosts[0].answer(.save(vm.id)) == .done) }
            #expect(try await hosts[0].state(vm.id) == .saved)
            #expect(!processesRemain(under: hosts[0].folder))
            let file = MachineFolder(root: hosts[0].folder, vm.id).memory
            var status = stat()
            #expect(unsafe stat(file, &status) == 0 && status.st_mode & 0o777 == 0o600 && status.st_size > 4096)
            #expect(await hosts[0].answer(.start(vm)).isRefused)
            // Another run of the agent knows it too.
            await hosts[0].runtime.close()
            let again = try restarted(hosts[0])
            for _ in 0..<2 { #expect(await again.answer(.restore(vm.id)).isDone) }
            #expect(try await again.state(vm.id) == .running)
            #expect(unsafe access(file, F_OK) != 0)
            #expect(try await lastTick(of: again, vm.id, after: 1) >= before, "it did not start from nothing")
        }
    }

    @Test func haltedComesBackHalted() async throws {
        try await withHosts("a") { hosts in
            let vm = try pulse(near: hosts[0].folder)
            #expect(await hosts[0].answer(.start(vm)).isDone)
            #expect(await hosts[0].answer(.pause(vm.id)).isDone)
            #expect(await hosts[0].answer(.save(vm.id)) == .done)
            #expect(await hosts[0].answer(.restore(vm.id)).isDone)
            #expect(try await hosts[0].state(vm.id) == .paused)
            #expect(await hosts[0].answer(.resume(vm.id)).isDone)
            #expect(try await hosts[0].state(vm.id) == .running)
        }
    }

    @Test func losesNothingWhenItsFileIsDamaged() async throws {
        try await withHosts("a") { hosts in
            let vm = try pulse(near: hosts[0].folder)
            #expect(await hosts[0].answer(.start(vm)).isDone)
            #expect(await hosts[0].answer(.save(vm.id)) == .done)
            let file = MachineFolder(root: hosts[0].folder, vm.id).memory
            let whole = try #require(FileManager.default.contents(atPath: file))
            try SmallFile.replace(file, with: Array(whole.dropLast(100)))
            guard case .refused(let reason) = await hosts[0].answer(.restore(vm.id)) else {
                throw Unexpected("restored")
            }
            #expect(reason.contains("damaged") && reason.contains("\(whole.count)"))
            try SmallFile.replace(file, with: [UInt8](repeating: 0x55, count: whole.count))
            guard case .failed = await hosts[0].answer(.restore(vm.id)) else { throw Unexpected("restored") }
            #expect(try await hosts[0].state(vm.id) == .saved)
            #expect(unsafe access(file, F_OK) == 0)
            try SmallFile.replace(file, with: Array(whole))
            #expect(await hosts[0].answer(.restore(vm.id)).isDone)
            #expect(try await hosts[0].state(vm.id) == .running)
        }
    }

    @Test func canBeGivenUpOrRemoved() async throws {
        try await withHosts("a") { hosts in
            let vm = try pulse(near: hosts[0].folder)
            #expect(await hosts[0].answer(.start(vm)).isDone)
            #expect(await hosts[0].answer(.save(vm.id)) == .done)
            #expect(await hosts[0].answer(.stop(vm.id, force: false)).isDone)
            #expect(try await hosts[0].state(vm.id) == .saved)
            #expect(await hosts[0].answer(.stop(vm.id, force: true)).isDone)
            #expect(try await hosts[0].state(vm.id) == .stopped)
            #expect(await hosts[0].answer(.launch(vm.id)).isDone)
            #expect(await hosts[0].answer(.save(vm.id)) == .done)
            #expect(await hosts[0].answer(.remove(vm.id)) == .done)
            #expect(unsafe access(MachineFolder(root: hosts[0].folder, vm.id).path, F_OK) != 0)
        }
    }

    @Test func runsOnWhenItsAgentDiesBeforeItIsSaved() async throws {
        try await withHosts("a") { hosts in
            let vm = try pulse(near: hosts[0].folder)
            #expect(await hosts[0].answer(.start(vm)).isDone)
            let process = try await hosts[0].process(vm.id)
            await hosts[0].runtime.close()
            // As an agent leaves it that is killed when QEMU has just written everything.
            let folder = MachineFolder(root: hosts[0].folder, vm.id)
            var record = try folder.read()
            record.saving = .init(wasRunning: true)
            try folder.write(record)
            try SmallFile.replace(folder.memory, with: [1, 2, 3])
            let again = try restarted(hosts[0])
            try await looked(after: [again]) {
                try await eventually { unsafe access(folder.memory, F_OK) != 0 }
                #expect(try await again.state(vm.id) == .running)
                #expect(process.isAlive)
            }
        }
    }

    @Test func isNotLoadedOverAGuestThatRanOn() async throws {
        try await withHosts("a") { hosts in
            let vm = try pulse(near: hosts[0].folder)
            #expect(await hosts[0].answer(.start(vm)).isDone)
            let process = try await hosts[0].process(vm.id)
            await hosts[0].runtime.close()
            // As an agent leaves it that is killed when it has just let a restored guest run.
            let folder = MachineFolder(root: hosts[0].folder, vm.id)
            var record = try folder.read()
            record.saved = .init(bytes: 3, wasRunning: true, time: Timestamp(milliseconds: 0), isLoaded: true)
            try folder.write(record)
            try SmallFile.replace(folder.memory, with: [1, 2, 3])
            process.signal(SIGKILL)
            #expect(await process.ended(within: .seconds(5)))
            let again = try restarted(hosts[0])
            #expect(try await again.state(vm.id) == .crashed)
            #expect(await again.answer(.restore(vm.id)).isRefused)
        }
    }

    @Test(.enabled("a file system of its own can be mounted") { SmallDisk.canBeMade })
    func goesOnWhenTheDiskIsFull() async throws {
        let root = try temporaryFolder()
        defer { endProcesses(under: root) }
        let disk = try SmallDisk(at: "\(root)/d", mebibytes: 4)
        defer { disk.remove() }
        try await withHosts("a", configure: { $0.folder = "\(root)/d" }) { hosts in
            let host = TestHost(name: hosts[0].name, folder: "\(root)/d", runtime: hosts[0].runtime)
            var vm = try pulse(near: hosts[0].folder, memory: .mebibytes(32))
            vm.restart = .onFailure
            let busy = try await busyPulse(on: host)
            let answer = await host.answer(.save(busy.id))
            guard case .failed(let reason) = answer else { throw Unexpected(answer) }
            #expect(reason.contains("cannot save the memory") || reason.contains("No space"))
            #expect(try await host.state(busy.id) == .running)
            #expect(unsafe access(MachineFolder(root: host.folder, busy.id).memory, F_OK) != 0)
            _ = try await lastTick(of: host, busy.id, after: 1)
        }
    }
}

/// Hears `count` ticks and gives the number of the last.
func lastTick(of host: TestHost, _ id: VirtualMachineID, after count: Int) async throws -> Int64 {
    let console = try PulseConsole(path: host.runtime.consolePath(of: id))
    var heard = 0
    for await line in console.lines {
        guard case .tick(let number) = line.line else { continue }
        heard += 1
        if heard >= count { return number }
    }
    throw Unexpected("the guest is silent")
}

/// The host with another run of its agent, which looks only when it is asked.
func restarted(_ host: TestHost) throws -> TestHost {
    TestHost(
        name: host.name, folder: host.folder,
        runtime: try QEMURuntime(RuntimeConfiguration(folder: host.folder), log: quiet))
}

/// A file system in memory that is soon full.
struct SmallDisk {
    let path: String

    static var canBeMade: Bool {
        guard let root = try? temporaryFolder(), let disk = try? SmallDisk(at: "\(root)/d", mebibytes: 1) else {
            return false
        }
        disk.remove()
        unsafe rmdir(root)
        return true
    }

    init(at path: String, mebibytes: Int) throws {
        self.path = path
        guard unsafe mkdir(path, 0o700) == 0,
            unsafe mount("none", path, "tmpfs", 0, "size=\(mebibytes)m") == 0
        else { throw Unexpected(lastSystemError()) }
    }

    func remove() {
        unsafe umount2(path, 2)
        unsafe rmdir(path)
    }
}
