#if canImport(Glibc)
    import Glibc
#endif

/// Keeps a folder for one process: an advisory lock (flock) on the file `lock` in it, which the kernel drops when the
/// process ends, however it ends.
final class FolderLock: Sendable {
    private let descriptor: Int32

    /// Throws `StoreError.inUse` when another process, or another store of this one, has the folder.
    init(folder: String) throws(StoreError) {
        let path = folder + "/lock"
        descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else { throw .last(path, "open") }
        if flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            let code = errno
            // No close here: a class that is whole runs its deinit also when its init throws.
            let owner = Self.owner(descriptor)
            guard code == EWOULDBLOCK else { throw .last(path, "lock") }
            throw .inUse(folder: folder, owner: owner)
        }
        let text = Array("\(getpid())\n".utf8)
        _ = ftruncate(descriptor, 0)
        _ = unsafe text.withUnsafeBytes { unsafe pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    }

    deinit {
        // Unlocking frees the folder even while a process that was just forked still holds a copy of the descriptor.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    private static func owner(_ descriptor: Int32) -> String {
        var room = [UInt8](repeating: 0, count: 32)
        let count = unsafe room.withUnsafeMutableBytes { unsafe pread(descriptor, $0.baseAddress, $0.count, 0) }
        let digits = room.prefix(max(0, count)).prefix { $0 != 0x0a }
        return digits.isEmpty ? "another process" : "process \(String(decoding: digits, as: UTF8.self))"
    }
}
