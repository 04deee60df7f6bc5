import FleetModel
import Glibc

/// A folder of the file system, held by one process at a time.
public final class FolderDisk: Disk {
    private let folder: String
    private let lock: Int32

    /// Makes the folder where it is missing, for its owner alone, and takes it: throws `AgentError.folderInUse` while
    /// another process has it.
    public init(_ folder: String) throws(AgentError) {
        self.folder = folder
        try Self.makeFolders(folder)
        let path = "\(folder)/lock"
        lock = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        if lock < 0 { throw Self.problem(path, "open") }
        if flock(lock, LOCK_EX | LOCK_NB) != 0 {
            let isTaken = errno == EWOULDBLOCK
            let problem = isTaken ? AgentError.folderInUse(path: folder) : Self.problem(path, "flock")
            close(lock)
            throw problem
        }
    }

    deinit {
        close(lock)
    }

    /// See `Disk.names`.
    public func names() throws(AgentError) -> [String] {
        guard let stream = unsafe opendir(folder) else { throw Self.problem(folder, "opendir") }
        defer { unsafe closedir(stream) }
        var found: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != "..", name != "lock", !name.hasSuffix(".new") { found.append(name) }
        }
        return found
    }

    /// See `Disk.read`.
    public func read(_ name: String) throws(AgentError) -> [UInt8] {
        let path = "\(folder)/\(name)"
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        if file < 0 {
            if errno == ENOENT { return [] }
            throw Self.problem(path, "open")
        }
        defer { close(file) }
        var content: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe part.withUnsafeMutableBytes { unsafe Glibc.read(file, $0.baseAddress, $0.count) }
            if count == 0 { return content }
            if count > 0 {
                content.append(contentsOf: part.prefix(count))
            } else if errno != EINTR {
                throw Self.problem(path, "read")
            }
        }
    }

    /// See `Disk.append`.
    public func append(_ bytes: [UInt8], to name: String) throws(AgentError) {
        let path = "\(folder)/\(name)"
        let isNew = unsafe access(path, F_OK) != 0
        let file = unsafe open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
        if file < 0 { throw Self.problem(path, "open") }
        defer { close(file) }
        try Self.write(bytes, to: file, path)
        if fdatasync(file) != 0 { throw Self.problem(path, "fdatasync") }
        if isNew { try syncFolder() }
    }

    /// See `Disk.truncate`.
    public func truncate(_ name: String, to length: Int) throws(AgentError) {
        let path = "\(folder)/\(name)"
        if unsafe Glibc.truncate(path, off_t(length)) != 0, errno != ENOENT { throw Self.problem(path, "truncate") }
    }

    /// See `Disk.replace`.
    public func replace(_ name: String, with bytes: [UInt8]) throws(AgentError) {
        let path = "\(folder)/\(name)"
        let draft = "\(path).new"
        let file = unsafe open(draft, O_WRONLY | O_TRUNC | O_CREAT | O_CLOEXEC, 0o600)
        if file < 0 { throw Self.problem(draft, "open") }
        do throws(AgentError) {
            defer { close(file) }
            try Self.write(bytes, to: file, draft)
            if fsync(file) != 0 { throw Self.problem(draft, "fsync") }
        } catch {
            unsafe unlink(draft)
            throw error
        }
        if unsafe rename(draft, path) != 0 { throw Self.problem(path, "rename") }
        try syncFolder()
    }

    /// See `Disk.note`.
    public func note(_ bytes: [UInt8], in name: String) throws(AgentError) {
        let path = "\(folder)/\(name)"
        let file = unsafe open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        if file < 0 { throw Self.problem(path, "open") }
        defer { close(file) }
        try Self.write(bytes, to: file, path)
    }

    /// See `Disk.remove`.
    public func remove(_ name: String) throws(AgentError) {
        let path = "\(folder)/\(name)"
        if unsafe unlink(path) != 0, errno != ENOENT { throw Self.problem(path, "unlink") }
    }

    private func syncFolder() throws(AgentError) {
        let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if descriptor < 0 { throw Self.problem(folder, "open") }
        defer { close(descriptor) }
        if fsync(descriptor) != 0 { throw Self.problem(folder, "fsync") }
    }

    private static func write(_ bytes: [UInt8], to file: Int32, _ path: String) throws(AgentError) {
        var done = 0
        while done < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { room -> Int in
                guard let start = room.baseAddress else { return 0 }
                return unsafe Glibc.write(file, start + done, room.count - done)
            }
            if count >= 0 {
                done += count
            } else if errno != EINTR {
                throw problem(path, "write")
            }
        }
    }

    private static func makeFolders(_ folder: String) throws(AgentError) {
        var made = folder.hasPrefix("/") ? "" : "."
        for part in folder.split(separator: "/") {
            made += "/\(part)"
            if unsafe mkdir(made, 0o700) != 0, errno != EEXIST { throw problem(made, "mkdir") }
        }
    }

    private static func problem(_ path: String, _ call: String) -> AgentError {
        let number = errno
        let reason = unsafe strerror(number).map { unsafe String(cString: $0) } ?? "errno \(number)"
        return .file(path: path, call: call, reason: reason, errno: number)
    }
}
