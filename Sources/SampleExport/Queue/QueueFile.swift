import Glibc

/// A file of a queue: written at its end, read anywhere. Writing leaves the bytes to the system's memory, which a killed
/// process cannot lose; `sync` brings them to the disk.
final class QueueFile: Sendable {
    let path: String
    private let descriptor: Int32

    /// Opens the file and makes it where it is missing.
    init(_ path: String) throws(ExportError) {
        self.path = path
        descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        if descriptor < 0 { throw ExportError.file(path, "open") }
    }

    deinit { close(descriptor) }

    /// How long the file is.
    func size() throws(ExportError) -> Int {
        let size = lseek(descriptor, 0, SEEK_END)
        if size < 0 { throw ExportError.file(path, "lseek") }
        return Int(size)
    }

    /// Writes all of `bytes` at `offset`.
    func write(_ bytes: [UInt8], at offset: Int) throws(ExportError) {
        var done = 0
        while done < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { room -> Int in
                guard let start = room.baseAddress else { return 0 }
                return unsafe pwrite(descriptor, start + done, room.count - done, off_t(offset + done))
            }
            if count > 0 {
                done += count
            } else if count < 0, errno != EINTR {
                throw ExportError.file(path, "write")
            }
        }
    }

    /// Up to `count` bytes from `offset` on; fewer at the end of the file.
    func read(_ count: Int, at offset: Int) throws(ExportError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let read = unsafe bytes.withUnsafeMutableBytes { room -> Int in
                guard let start = room.baseAddress else { return 0 }
                return unsafe pread(descriptor, start + done, count - done, off_t(offset + done))
            }
            if read == 0 { break }
            if read > 0 {
                done += read
            } else if errno != EINTR {
                throw ExportError.file(path, "read")
            }
        }
        bytes.removeLast(count - done)
        return bytes
    }

    /// Cuts the file to its first `length` bytes.
    func truncate(to length: Int) throws(ExportError) {
        if ftruncate(descriptor, off_t(length)) != 0 { throw ExportError.file(path, "truncate") }
    }

    /// Returns when the disk has what was written.
    func sync() throws(ExportError) {
        if fdatasync(descriptor) != 0 { throw ExportError.file(path, "sync") }
    }
}

/// Why samples cannot be kept for a receiver.
public enum ExportError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A file or folder cannot be used: which, by which call, and the system's words.
    case file(path: String, call: String, reason: String)

    /// The failure of the last system call.
    static func file(_ path: String, _ call: String) -> ExportError {
        let reason = unsafe strerror(errno).map { unsafe String(cString: $0) } ?? "errno \(errno)"
        return .file(path: path, call: call, reason: reason)
    }

    /// What is wrong, and where.
    public var description: String {
        switch self {
        case .file(let path, let call, let reason): "\(path): \(call) failed: \(reason)"
        }
    }
}
