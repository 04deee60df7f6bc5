#if canImport(Glibc)
    import Glibc
#endif

/// The file operations that the log needs, as a seam: production uses the operating system, tests a disk that fails,
/// fills up, and forgets what was not synced.
protocol LogFolder: Sendable {
    /// The names of the files in the folder.
    func list() throws(StoreError) -> [String]
    /// Creates a file that must not exist yet; it is there after a crash once this returns.
    func create(_ name: String) throws(StoreError) -> any LogFile
    /// The whole content of a file.
    func read(_ name: String) throws(StoreError) -> [UInt8]
    /// Removes a file.
    func remove(_ name: String) throws(StoreError)
}

/// A file that is written from front to back.
protocol LogFile: Sendable {
    /// Writes all of `bytes` at the end, or throws; then any part of it may have been written.
    func append(_ bytes: [UInt8]) throws(StoreError)
    /// Returns when everything that was appended survives a power cut.
    func sync() throws(StoreError)
    /// Cuts the file to a length.
    func truncate(to length: Int) throws(StoreError)
}

/// A folder of the operating system.
struct DiskFolder: LogFolder {
    let path: String

    /// Makes the folder and those above it where they are missing.
    init(making path: String) throws(StoreError) {
        self.path = path
        var prefix = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            prefix += part + "/"
            if unsafe mkdir(prefix, 0o750) != 0, errno != EEXIST { throw .last(path, "make the folder") }
        }
    }

    /// A folder that is there already, or is found missing when it is used.
    init(existing path: String) { self.path = path }

    func list() throws(StoreError) -> [String] {
        guard let folder = unsafe opendir(path) else { throw .last(path, "list the folder") }
        defer { unsafe closedir(folder) }
        var names: [String] = []
        while let entry = unsafe readdir(folder) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    func create(_ name: String) throws(StoreError) -> any LogFile {
        let full = path + "/" + name
        let descriptor = unsafe open(full, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else { throw .last(full, "create") }
        let file = DiskFile(path: full, descriptor: descriptor)
        try syncFolder()
        return file
    }

    func read(_ name: String) throws(StoreError) -> [UInt8] {
        let full = path + "/" + name
        let descriptor = unsafe open(full, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .last(full, "open") }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw .last(full, "examine") }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        var filled = 0
        while filled < bytes.count {
            let count = unsafe bytes.withUnsafeMutableBytes { room in
                unsafe Glibc.read(descriptor, room.baseAddress?.advanced(by: filled), room.count - filled)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .last(full, "read") }
            if count == 0 { break }
            filled += count
        }
        bytes.removeLast(bytes.count - filled)
        return bytes
    }

    func remove(_ name: String) throws(StoreError) {
        let full = path + "/" + name
        guard unsafe unlink(full) == 0 || errno == ENOENT else { throw .last(full, "remove") }
    }

    /// How many bytes a file has; 0 for what is not a plain file or is not there.
    func size(of name: String) -> Int {
        var status = stat()
        guard unsafe lstat(path + "/" + name, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return 0 }
        return Int(status.st_size)
    }

    /// Gives a file another name.
    func rename(_ name: String, to other: String) throws(StoreError) {
        let full = path + "/" + name
        guard unsafe Glibc.rename(full, path + "/" + other) == 0 else { throw .last(full, "rename") }
        try syncFolder()
    }

    /// Makes what a file holds survive a power cut.
    func syncFile(_ name: String) throws(StoreError) {
        let full = path + "/" + name
        let descriptor = unsafe open(full, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .last(full, "open") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .last(full, "sync") }
    }

    /// Makes the folder's list of files survive a power cut.
    func syncFolder() throws(StoreError) {
        let descriptor = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .last(path, "open") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .last(path, "sync") }
    }
}

/// A file of the operating system.
final class DiskFile: LogFile {
    private let path: String
    private let descriptor: Int32

    init(path: String, descriptor: Int32) {
        self.path = path
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    func append(_ bytes: [UInt8]) throws(StoreError) {
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { room in
                unsafe write(descriptor, room.baseAddress?.advanced(by: written), room.count - written)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .last(path, "write") }
            written += count
        }
    }

    func sync() throws(StoreError) {
        while fdatasync(descriptor) != 0 {
            guard errno == EINTR else { throw .last(path, "sync") }
        }
    }

    func truncate(to length: Int) throws(StoreError) {
        guard ftruncate(descriptor, length) == 0 else { throw .last(path, "truncate") }
    }
}

extension StoreError {
    /// What the last call to the operating system complained of.
    static func last(_ path: String, _ operation: String) -> StoreError {
        let code = errno
        if code == ENOSPC || code == EDQUOT { return .noSpace(path: path) }
        let reason = unsafe String(cString: strerror(code))
        return .fileFailed(path: path, operation: operation, reason: reason)
    }
}
