import CLinux
import FleetModel
import FoundationEssentials
import Glibc
import Logging

/// Copies of a VM's disks as they all are at one moment. QEMU begins the copies in one transaction; a block that the
/// guest writes afterwards is copied first (QEMU's docs/interop/live-block-operations.rst, `blockdev-backup`).
extension QEMUMachine {
    /// How long the agent in the guest has to say that it is there.
    private static let agentLimit = Duration.seconds(2)
    /// How long the guest has to bring its file systems to rest, and to let them go on.
    private static let freezeLimit = Duration.seconds(30)

    /// The answer names the files once they are whole. It may take as long as the disks are large, so other steps do not
    /// wait for it; those that it rules out are refused.
    func snapshot(into target: String) async -> HostTaskAnswer {
        let begun = await exclusively { machine in try await machine.beginSnapshot(into: target) }
        guard case .advised(let notes) = begun else { return begun }
        return await answering { machine in try await machine.snapshotEnded(notes) }
    }

    private func beginSnapshot(into target: String) async throws -> HostTaskAnswer {
        let state = await look()
        guard let definition = record?.definition else { return .refused("this host does not know the VM \(id)") }
        switch state {
        case .running, .paused: break
        case .outgoing, .incoming, .fetching, .trailing, .handedOver:
            return .refused("the VM is being migrated (\(state?.rawValue ?? "")): its disks are copied before or after")
        default: return .refused("the VM is \(state?.rawValue ?? "") here: its disks can be copied as they are")
        }
        if let running = record?.snapshot { return .refused("its disks are being copied to \(running.folder)") }
        if try await areDisksMoving() { return .refused("the VM is being migrated: its disks are on their way") }
        try SnapshotFolder.check(target, storage: host.storage)
        let disks = definition.disks.enumerated().filter { !$0.element.isReadOnly }.map { ($0.offset, $0.element) }
        guard !disks.isEmpty else { return .refused("the VM has no disk that it writes to") }
        let files = SnapshotFolder.files(for: definition.name, disks, in: target, at: clock.now)
        try update { $0.snapshot = .init(folder: target, files: files, isFrozen: false) }
        do {
            for ((place, disk), file) in zip(disks, files) { try await makeTarget(of: disk, at: place, file) }
            let isQuiet = try await copyQuietly(disks.map(\.0), definition)
            return .advised([
                isQuiet
                    ? "the guest's file systems were at rest"
                    : "the guest's file systems were as after a loss of power, as no agent answered in the guest"
            ])
        } catch {
            await clearSnapshot()
            throw error
        }
    }

    /// The images that are copied to, known to QEMU by names of their own.
    private func makeTarget(
        of disk: VirtualMachineDefinition.Disk, at place: Int, _ path: String
    ) async throws(HostRuntimeError) {
        let size = try await size(of: place)
        try SnapshotFolder.make(path, bytes: disk.format == .raw ? size : 0)
        let file: JSONValue = [
            "driver": "file", "node-name": .string(fileNode(place)), "filename": .string(path), "discard": "unmap",
        ]
        try await command("blockdev-add", file)
        if disk.format == .qcow2 {
            let job = "make-copy\(place)"
            try await command(
                "blockdev-create",
                [
                    "job-id": .string(job),
                    "options": ["driver": "qcow2", "file": .string(fileNode(place)), "size": .integer(size)],
                ])
            try await finish([job])
        }
        try await command(
            "blockdev-add",
            [
                "driver": .string(disk.format.rawValue), "node-name": .string(node(place)),
                "file": .string(fileNode(place)), "discard": "unmap", "detect-zeroes": "unmap",
            ])
    }

    /// Begins to copy while the guest's file systems are at rest, if there is somebody in the guest who sees to that.
    private func copyQuietly(
        _ places: [Int], _ definition: VirtualMachineDefinition
    ) async throws(HostRuntimeError) -> Bool {
        let agent = try await isAgentPresent() ? try? GuestAgent(path: folder.agent) : nil
        let number = clock.now.milliseconds
        guard let agent, await agent.isThere(number: number, within: Self.agentLimit) else {
            try await copy(places)
            return false
        }
        // Written down first: whoever comes after us lets it go on.
        try update { $0.snapshot?.isFrozen = true }
        let frozen = await agent.execute("guest-fsfreeze-freeze", within: Self.freezeLimit)
        let result: Result<Void, HostRuntimeError>
        do throws(HostRuntimeError) {
            try await copy(places)
            result = .success(())
        } catch {
            result = .failure(error)
        }
        await thaw(agent)
        try result.get()
        return frozen?["return"]?.whole != nil
    }

    /// Whether something in the guest has its end of the channel open.
    private func isAgentPresent() async throws(HostRuntimeError) -> Bool {
        guard record?.definition.guestAgent == true else { return false }
        let channels = try await command("query-chardev").fewItems
        return channels.first { $0["label"]?.text == "agent" }?["frontend-open"]?.flag == true
    }

    private func thaw(_ agent: GuestAgent) async {
        if await agent.execute("guest-fsfreeze-thaw", within: Self.freezeLimit)?["return"] != nil {
            note { $0.snapshot?.isFrozen = false }
        } else {
            log.error("the guest does not say that its file systems go on", metadata: ["vm": "\(id)"])
        }
    }

    private func copy(_ places: [Int]) async throws(HostRuntimeError) {
        let actions = places.map { place -> JSONValue in
            [
                "type": "blockdev-backup",
                "data": [
                    "job-id": .string(job(place)), "device": .string(QEMUCommandLine.diskName(place)),
                    "target": .string(node(place)), "sync": "full", "auto-dismiss": false,
                ],
            ]
        }
        try await command(
            "transaction", ["actions": .array(actions), "properties": ["completion-mode": "grouped"]],
            within: .seconds(30))
    }

    private func snapshotEnded(_ notes: [String]) async throws -> HostTaskAnswer {
        guard let snapshot = record?.snapshot, let disks = record?.definition.disks else {
            return .failed("the copies of the disks were given up")
        }
        let places = disks.indices.filter { !disks[$0].isReadOnly }
        do {
            try await finish(places.map(job))
            try await dropNodes(places)
            for file in snapshot.files {
                try SnapshotFolder.settle(file)
                SnapshotFolder.dig(file)
            }
            try SnapshotFolder.settle(snapshot.folder)
        } catch {
            await clearSnapshot()
            throw error
        }
        try update { $0.snapshot = nil }
        return .advised(snapshot.files + notes)
    }

    /// Waits for jobs to end; throws why one of them did not do its work.
    private func finish(_ jobs: [String]) async throws(HostRuntimeError) {
        while true {
            let seen = changes.rings
            let answer = try await command("query-jobs").fewItems
            let ours = answer.filter { item in item["id"]?.text.map(jobs.contains) ?? false }
            guard ours.count == jobs.count else {
                throw .monitor(.incomplete(command: "query-jobs", missing: jobs.joined(separator: ", ")))
            }
            if ours.allSatisfy({ $0["status"]?.text == "concluded" }) {
                let problems = ours.compactMap { $0["error"]?.plainText() }
                // One that fails has the others of its transaction cancelled.
                let problem = problems.first { !$0.contains("cancel") } ?? problems.first
                for job in jobs { try await command("job-dismiss", ["id": .string(job)]) }
                if let problem { throw .system(doing: "cannot copy", on: "the VM's disks", reason: problem) }
                return
            }
            await changes.wait(after: seen, upTo: .milliseconds(500))
        }
    }

    /// Removes all that there is of a snapshot that was not brought to its end, and lets the guest go on.
    func clearSnapshot() async {
        guard let snapshot = record?.snapshot else { return }
        if process?.isAlive == true {
            if snapshot.isFrozen, let agent = try? GuestAgent(path: folder.agent),
                await agent.isThere(number: clock.now.milliseconds, within: Self.agentLimit)
            {
                await thaw(agent)
            }
            await dropJobs()
            await dropAllNodes()
        }
        for file in snapshot.files { unsafe _ = unlink(file) }
        note { $0.snapshot = nil }
    }

    private func dropJobs() async {
        let deadline = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < deadline {
            let seen = changes.rings
            let jobs = ((try? await command("query-jobs")) ?? .null).fewItems.filter { item in
                item["id"]?.text.map { $0.hasPrefix("copy") || $0.hasPrefix("make-copy") } ?? false
            }
            if jobs.isEmpty { return }
            for job in jobs {
                guard let id = job["id"] else { continue }
                let isOver = job["status"]?.text == "concluded"
                _ = try? await command(isOver ? "job-dismiss" : "job-cancel", ["id": id])
            }
            await changes.wait(after: seen, upTo: .milliseconds(100))
        }
    }

    private func dropAllNodes() async {
        for place in record?.definition.disks.indices ?? 0..<0 {
            for name in [node(place), fileNode(place)] {
                _ = try? await command("blockdev-del", ["node-name": .string(name)])
            }
        }
    }

    private func dropNodes(_ places: [Int]) async throws(HostRuntimeError) {
        for place in places {
            for name in [node(place), fileNode(place)] {
                try await command("blockdev-del", ["node-name": .string(name)], within: .seconds(30))
            }
        }
    }

    private func size(of place: Int) async throws(HostRuntimeError) -> Int64 {
        let name = QEMUCommandLine.diskName(place)
        let nodes = try await command("query-named-block-nodes", ["flat": true]).fewItems
        guard let size = nodes.first(where: { $0["node-name"]?.text == name })?["image"]?["virtual-size"]?.count else {
            throw .monitor(.incomplete(command: "query-named-block-nodes", missing: name))
        }
        return size
    }

    private func job(_ place: Int) -> String { "copy\(place)" }
    private func node(_ place: Int) -> String { "copy\(place)" }
    private func fileNode(_ place: Int) -> String { "copy\(place)-file" }
}

/// Where copies of disks go.
enum SnapshotFolder {
    /// Throws where copies cannot go there.
    static func check(_ folder: String, storage: [String]) throws(HostRuntimeError) {
        var status = stat()
        guard folder.hasPrefix("/"), !folder.utf8.contains(0) else {
            throw .copies(folder: folder, problem: "it is not an absolute path")
        }
        guard unsafe stat(folder, &status) == 0 else {
            throw .copies(folder: folder, problem: lastSystemError())
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw .copies(folder: folder, problem: "it is no folder")
        }
        if let problem = StorageFolders(storage).objection(to: folder, isFolder: true) {
            throw .copies(folder: folder, problem: problem)
        }
    }

    /// `FOLDER/NAME-20260102T030405.678Z-disk0.qcow2`, one for each disk.
    static func files(
        for name: Name<VirtualMachineKind>, _ disks: [(Int, VirtualMachineDefinition.Disk)], in folder: String,
        at time: Timestamp
    ) -> [String] {
        let date = Date(timeIntervalSince1970: Double(time.milliseconds) / 1000)
        let style = Date.ISO8601FormatStyle(
            dateSeparator: .omitted, timeSeparator: .omitted, includingFractionalSeconds: true)
        let moment = date.formatted(style)
        return disks.map {
            "\(folder)/\(name.text)-\(moment)-\(QEMUCommandLine.diskName($0.0)).\($0.1.format.rawValue)"
        }
    }

    /// A new file for a copy.
    static func make(_ path: String, bytes: Int64) throws(HostRuntimeError) {
        let number = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard number >= 0 else { throw .system(doing: "cannot write", on: path, reason: lastSystemError()) }
        let file = FileDescriptor(number)
        guard ftruncate(file.number, Int(bytes)) == 0 else {
            throw .system(doing: "cannot write", on: path, reason: lastSystemError())
        }
    }

    /// Has a file or a folder on the disk.
    static func settle(_ path: String) throws(HostRuntimeError) {
        let number = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard number >= 0 else { throw .system(doing: "cannot read", on: path, reason: lastSystemError()) }
        let file = FileDescriptor(number)
        guard fsync(file.number) == 0 else { throw .system(doing: "cannot write", on: path, reason: lastSystemError()) }
    }

    /// Gives back what a copy takes for nothing: QEMU sets room aside for what is empty in the original. That a file
    /// system cannot give it back is no reason against the copy.
    static func dig(_ path: String) {
        let number = unsafe open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
        guard number >= 0 else { return }
        let file = FileDescriptor(number)
        linux_dig_holes(file.number)
    }
}
