import FleetModel
import Glibc

/// Quick migration, as Windows Server 2008 had it: the guest is halted, its memory goes into a file on storage that both
/// hosts see, and the other host loads it. QEMU makes it as a migration into the file, so a guest whose saving fails goes
/// on by itself; the source keeps it, halted and whole, until the destination was seen to have it.
extension QEMUMachine {
    private static let scheme = "file:"

    /// Where the memory of this VM goes on its way.
    func passage() throws(HostRuntimeError) -> String {
        guard let folder = host.sharedFolder else {
            throw .migration("this host has no folder that it shares with others, which a quick migration needs")
        }
        return "\(folder)/\(id.text).memory"
    }

    // MARK: At the destination

    /// The process waits for nothing but to be told to load.
    func awaitPassage(_ migration: IncomingMigration) throws(HostRuntimeError) -> String {
        guard migration.definition.localDisks.isEmpty else {
            throw .migration("disks that only one host sees cannot come along in a quick migration")
        }
        return Self.scheme + (try passage())
    }

    /// See ``HostTask/load(_:)``.
    func load() async throws -> HostTaskAnswer {
        switch await look() {
        case nil: return .refused("this host does not know the VM \(id)")
        case .running, .paused: return .done
        case .incoming: break
        case .some(let state): return .refused("the VM is \(state.rawValue) here")
        }
        let path = try passage()
        guard record?.incoming?.address == Self.scheme + path else {
            return .refused("the VM is not awaited from a file")
        }
        if try await !migration().isUnderWay {
            let file = try SavedMemory(opening: path)
            try await setUpFile()
            try await command("getfd", ["fdname": "memory"], passing: file.descriptor)
            try await command("migrate-incoming", ["uri": "fd:memory"])
        }
        while true {
            let seen = changes.rings
            switch await look() {
            case .running, .paused:
                unsafe _ = unlink(path)
                return .done
            case .incoming: break
            default: return .failed("QEMU cannot load the memory in \(path), and has ended")
            }
            await changes.wait(after: seen, upTo: .milliseconds(100))
        }
    }

    // MARK: At the source

    /// Begins to save. The bandwidth is what storage takes, and the guest is halted for as long as it takes.
    func beginPassage(_ migration: OutgoingMigration) async throws(HostRuntimeError) {
        let path = try passage()
        guard migration.destination == Self.scheme + path else {
            throw .migrationAddress(migration.destination, problem: "this host would have it go through \(path)")
        }
        try await setUpFile()
        let file = try SavedMemory(creating: path)
        isAboutToSend = true
        sendings += 1
        defer { isAboutToSend = false }
        try update {
            $0.isSending = true
            $0.passage = path
        }
        try await command("getfd", ["fdname": "memory"], passing: file.descriptor)
        try await command("migrate", ["uri": "fd:memory"])
    }

    /// Has all of it on storage before another host is told to load it.
    func settlePassage() throws(HostRuntimeError) {
        guard let path = record?.passage else { return }
        _ = try SavedMemory(opening: path).settle()
    }

    /// Removes the file of a move that did not happen, or is over.
    func dropPassage() {
        guard let path = record?.passage else { return }
        unsafe _ = unlink(path)
        note { $0.passage = nil }
    }
}
