import FleetModel
import FoundationEssentials
import Glibc
import Testing

@testable import HostRuntime

@Suite("Another run of the agent", .timeLimit(.minutes(1))) struct AdoptionTests {
    @Test func takesOverWhatAnEarlierVersionHasStarted() async throws {
        try await withHosts("a") { hosts in
            let vm = try pulse(near: hosts[0].folder)
            #expect(await hosts[0].answer(.start(vm)).isDone)
            let process = try await hosts[0].process(vm.id)
            await hosts[0].runtime.close()
            // As the version before wrote it: no word of what came later, and a machine type without a version.
            let folder = MachineFolder(root: hosts[0].folder, vm.id)
            let text = #"""
                {"accelerator": "tcg", "process": \#(process.identifier), "definition": {"accelerator": "tcg",
                "balloon": false, "disks": [], "firmware": "\#(vm.firmware ?? "")", "id": "\#(vm.id)", "machine": "pc",
                "memory": \#(vm.memory.count), "name": "\#(vm.name)", "processorModel": "qemu64",
                "virtualProcessors": 1}}
                """#
            try SmallFile.replace(folder.record, with: Array(text.utf8))
            let again = try restarted(hosts[0])
            try await looked(after: [again]) {
                try await eventually { try folder.read().definition.machine.hasPrefix("pc-i440fx-") }
                #expect(try await again.state(vm.id) == .running)
                #expect(try await again.process(vm.id).identifier == process.identifier)
                // It is the VM that it was.
                #expect(await again.answer(.start(vm)).isDone)
                #expect(await again.answer(.save(vm.id)) == .done)
                #expect(await again.answer(.restore(vm.id)).isDone)
            }
        }
    }

    @Test func pinsProcessorsWhereTheyBelong() async throws {
        let there = try #require(Affinity.allowed())
        try await withHosts("a") { hosts in
            var vm = try pulse(near: hosts[0].folder)
            vm.pinning = [[there[0]]]
            #expect(await hosts[0].answer(.start(vm)).isDone)
            let thread = try processorThread(of: try await hosts[0].process(vm.id).identifier)
            await hosts[0].runtime.close()
            try Affinity.confine(thread: thread, to: there)
            let again = try restarted(hosts[0])
            try await looked(after: [again]) {
                try await eventually { allowed(thread) == "\(there[0])" }
            }
        }
    }

    @Test(.enabled("control groups can be made") { ShareGroup.canBeMade })
    func findsSharesAndTakesThemAwayWithTheVirtualMachine() async throws {
        try await withHosts("a") { hosts in
            var vm = try pulse(near: hosts[0].folder)
            vm.shares = 50
            #expect(await hosts[0].answer(.start(vm)).isDone)
            let process = try await hosts[0].process(vm.id).identifier
            let group = "evenkeel-vm-\(vm.id.text)"
            func groups() -> String { String(decoding: SmallFile.read("/proc/\(process)/cgroup") ?? [], as: UTF8.self) }
            #expect(groups().contains(group))
            let folder = ShareGroup(vm.id, HostSurroundings()).folder
            #expect(unsafe access("\(folder)/cgroup.procs", F_OK) == 0)
            await hosts[0].runtime.close()
            let again = try restarted(hosts[0])
            #expect(await again.answer(.stop(vm.id, force: true)).isDone)
            #expect(unsafe access(folder, F_OK) != 0)
        }
    }

    private func processorThread(of process: Int32) throws -> Int32 {
        for thread in try threads(of: process) {
            guard SmallFile.read("\(thread)/comm") == Array("CPU 0/TCG\n".utf8) else { continue }
            return try #require(thread.split(separator: "/").last.flatMap { Int32($0) })
        }
        throw Unexpected("no thread of a virtual processor")
    }

    private func allowed(_ thread: Int32) -> String? {
        let status = String(decoding: SmallFile.read("/proc/\(thread)/status") ?? [], as: UTF8.self)
        return status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") }
            .map { String($0.split(separator: "\t")[1]) }
    }
}

extension ShareGroup {
    /// Whether this process may make one: tried with one of nobody's.
    static var canBeMade: Bool {
        guard let id = try? Fixture.definition().id else { return false }
        let output = try? FileDescriptor.discarding()
        guard let output, let child = try? Spawn(program: "/bin/sleep", arguments: ["20"], output: output).start(),
            let process = try? ProcessHandle(child)
        else { return false }
        let group = ShareGroup(id, HostSurroundings())
        let problem = group.take(child, shares: 100)
        process.signal(SIGKILL)
        for _ in 0..<400 where process.isAlive { usleep(5000) }
        _ = process.howItEnded()
        group.remove()
        return problem == nil
    }
}
