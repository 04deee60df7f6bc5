import FleetModel
import FoundationEssentials
import Glibc
import Testing

@testable import HostRuntime

@Suite("Copies of a VM's disks", .timeLimit(.minutes(2))) struct SnapshotTests {
    @Test func areWholeAndNamedInTheAnswer() async throws {
        try await withHosts("a") { hosts in
            let (vm, target) = try prepared(on: hosts[0])
            #expect(await hosts[0].answer(.snapshot(vm.id, folder: target)).isRefused, "it does not run")
            #expect(await hosts[0].answer(.start(vm)).isDone)
            let answer = await hosts[0].answer(.snapshot(vm.id, folder: target))
            guard case .advised(let notes) = answer else { throw Unexpected(answer) }
            #expect(notes.count == 3 && notes[2].contains("no agent answered"))
            #expect(notes[0].hasPrefix("\(target)/pulse-1-") && notes[0].hasSuffix("-disk0.raw"))
            #expect(
                FileManager.default.contents(atPath: notes[0]) == FileManager.default.contents(atPath: vm.disks[0].path)
            )
            let copy = try #require(FileManager.default.contents(atPath: notes[1]))
            #expect(copy.starts(with: [0x51, 0x46, 0x49, 0xfb]))
            // The disks are the guest's alone again, and the VM can move or be copied again.
            #expect(try MachineFolder(root: hosts[0].folder, vm.id).read().snapshot == nil)
            #expect(await hosts[0].answer(.snapshot(vm.id, folder: target)).isDone)
            #expect(await hosts[0].answer(.save(vm.id)) == .done)
        }
    }

    @Test func goNowhereButIntoAFolderOfTheHostsStorage() async throws {
        try await withHosts("a", configure: { $0.storage = ["\($0.folder)/.."] }) { hosts in
            let (vm, target) = try prepared(on: hosts[0])
            #expect(await hosts[0].answer(.start(vm)).isDone)
            for (folder, reason) in [
                ("/etc", "outside of this host's storage"), ("relative", "not an absolute path"),
                ("/nowhere", "No such file"), (vm.disks[0].path, "no folder"),
            ] {
                guard case .refused(let said) = await hosts[0].answer(.snapshot(vm.id, folder: folder)) else {
                    throw Unexpected(folder)
                }
                #expect(said.contains(reason))
            }
            #expect(await hosts[0].answer(.snapshot(vm.id, folder: target)).isDone)
        }
    }

    @Test(.enabled("a file system of its own can be mounted") { SmallDisk.canBeMade })
    func thatFindNoRoomAreRemovedAndTheGuestGoesOn() async throws {
        try await withHosts("a") { hosts in
            let (vm, _) = try prepared(on: hosts[0], mebibytes: 8)
            let disk = try SmallDisk(at: "\(hosts[0].folder)/small", mebibytes: 2)
            defer { disk.remove() }
            #expect(await hosts[0].answer(.start(vm)).isDone)
            let answer = await hosts[0].answer(.snapshot(vm.id, folder: disk.path))
            guard case .failed(let reason) = answer else { throw Unexpected(answer) }
            #expect(reason.contains("No space left"))
            #expect(try FileManager.default.contentsOfDirectory(atPath: disk.path).isEmpty)
            #expect(try await hosts[0].state(vm.id) == .running)
            #expect(try MachineFolder(root: hosts[0].folder, vm.id).read().snapshot == nil)
        }
    }

    @Test func ofAnAgentThatDiedAreClearedAway() async throws {
        try await withHosts("a") { hosts in
            let (vm, target) = try prepared(on: hosts[0])
            #expect(await hosts[0].answer(.start(vm)).isDone)
            let machine = try #require(hosts[0].runtime.known(vm.id))
            // As an agent leaves it that is killed while it copies.
            try SmallFile.replace("\(target)/copy.raw", with: [])
            try await machine.command(
                "blockdev-add", ["driver": "null-co", "node-name": "copy0-file", "size": .integer(1 << 20)])
            try await machine.command(
                "blockdev-add",
                ["driver": "raw", "node-name": "copy0", "file": "copy0-file", "size": .integer(1 << 20)])
            try await machine.command(
                "blockdev-backup",
                [
                    "job-id": "copy0", "device": "disk0", "target": "copy0", "sync": "full", "speed": 1,
                    "auto-dismiss": false,
                ])
            await hosts[0].runtime.close()
            let folder = MachineFolder(root: hosts[0].folder, vm.id)
            var record = try folder.read()
            record.snapshot = .init(folder: target, files: ["\(target)/copy.raw"], isFrozen: true)
            try folder.write(record)
            let again = try restarted(hosts[0])
            try await looked(after: [again]) {
                try await eventually { try folder.read().snapshot == nil }
                #expect(unsafe access("\(target)/copy.raw", F_OK) != 0)
                #expect(await again.answer(.snapshot(vm.id, folder: target)).isDone)
            }
        }
    }

    @Test func andAMigrationDoNotMix() async throws {
        try await withHosts("a") { hosts in
            let (vm, target) = try prepared(on: hosts[0])
            #expect(await hosts[0].answer(.start(vm)).isDone)
            let machine = try #require(hosts[0].runtime.known(vm.id))
            _ = await machine.exclusively { machine in
                try machine.update { $0.snapshot = .init(folder: target, files: [], isFrozen: false) }
                return .done
            }
            let sending = HostTask.send(
                OutgoingMigration(virtualMachine: vm.id, destination: "tcp:127.0.0.1:1", timeLimitSeconds: 5))
            for task in [sending, .save(vm.id), .snapshot(vm.id, folder: target)] {
                guard case .refused(let reason) = await hosts[0].answer(task) else { throw Unexpected(task) }
                #expect(reason.contains("disks are being copied"))
            }
        }
    }

    /// A VM with a disk of either kind, and a folder for copies.
    private func prepared(
        on host: TestHost, mebibytes: Int = 1
    ) throws -> (vm: VirtualMachineDefinition, target: String) {
        let root = "\(host.folder)/.."
        var vm = try pulse(near: host.folder)
        vm.disks = [
            .init(path: "\(root)/first.img", format: .raw, isLocal: true),
            .init(path: "\(root)/second.qcow2", format: .qcow2, isLocal: true),
        ]
        let content = (0..<mebibytes << 20).map { UInt8(truncatingIfNeeded: $0 &* 7 >> 3 | 1) }
        try SmallFile.replace(vm.disks[0].path, with: content)
        try EmptyImage.make(at: vm.disks[1].path, format: .qcow2, size: .mebibytes(1))
        let target = "\(root)/copies"
        guard unsafe mkdir(target, 0o700) == 0 else { throw Unexpected(lastSystemError()) }
        return (vm, target)
    }
}

@Suite("An agent in a guest", .timeLimit(.minutes(1))) struct GuestAgentTests {
    @Test func isHeardAfterWhateverLayInTheChannel() {
        var session = GuestAgentSession()
        let bytes =
            Array(#"{"return": 1}gar"#.utf8) + [0xff] + Array("{\"return\": 7}\n{\"return\": {}}\nnonsense\n".utf8)
        #expect(session.receive(bytes) == [["return": 7], ["return": [:]]])
    }

    @Test func cannotFillTheHostsMemory() {
        var session = GuestAgentSession()
        for _ in 0..<40 { #expect(session.receive([UInt8](repeating: 0x5b, count: 1 << 14)).isEmpty) }
        #expect(session.receive([0x0a]).isEmpty)
        #expect(session.receive(Array("{\"return\": 1}\n".utf8)) == [["return": 1]])
    }

    @Test func isAskedWhetherItIsThereBeforeAnythingElse() async throws {
        try await withAgent { line in
            line.contains("guest-sync-delimited")
                ? [0xff] + Array("{\"return\": 42}\n".utf8) : Array("{\"return\": 3}\n".utf8)
        } _: { agent in
            #expect(await agent.isThere(number: 42, within: .seconds(5)))
            #expect(await agent.execute("guest-fsfreeze-freeze", within: .seconds(5)) == ["return": 3])
        }
    }

    @Test func thatSaysSomethingElseOrNothingIsNotThere() async throws {
        try await withAgent { _ in
            Array("{\"return\": 41}\n\u{1b}[2J\n".utf8)
        } _: { agent in
            #expect(await agent.isThere(number: 42, within: .milliseconds(300)) == false)
        }
        try await withAgent { _ in
            []
        } _: { agent in
            #expect(await agent.isThere(number: 42, within: .milliseconds(100)) == false)
        }
    }

    /// Plays the guest's agent on a real socket.
    private func withAgent(
        answering: @escaping @Sendable (String) -> [UInt8], _ body: (GuestAgent) async throws -> Void
    ) async throws {
        let root = try temporaryFolder()
        defer { endProcesses(under: root) }
        let listener = try UnixSocket.listening(at: "\(root)/agent.sock")
        let peer = Locked<FileDescriptor?>(nil)
        let watch = Readiness(of: listener) { _ in
            let number = accept(listener.number, nil, nil)
            if number >= 0 { peer.withLock { $0 = FileDescriptor(number) } }
        }
        defer { watch.cancel() }
        let agent = try GuestAgent(path: "\(root)/agent.sock")
        let answers = Task {
            while !Task.isCancelled {
                guard let socket = peer.withLock({ $0 }) else {
                    try await Task.sleep(for: .milliseconds(5))
                    continue
                }
                var waiting = pollfd(fd: socket.number, events: Int16(POLLIN), revents: 0)
                guard unsafe poll(&waiting, 1, 20) == 1, let bytes = try socket.read(limit: 4096), !bytes.isEmpty else {
                    continue
                }
                for line in bytes.split(separator: 0x0a) {
                    _ = try socket.writeAll(answering(String(decoding: line, as: UTF8.self)))
                }
            }
        }
        defer { answers.cancel() }
        try await body(agent)
    }
}
