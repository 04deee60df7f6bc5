import Glibc

/// Files that are read and written whole.
enum SmallFile {
    /// The bytes of the file, up to a mebibyte; `nil` where it cannot be read.
    static func read(_ path: String) -> [UInt8]? {
        let number = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard number >= 0 else { return nil }
        let file = FileDescriptor(number)
        var all: [UInt8] = []
        while all.count < 1 << 20 {
            guard let part = try? file.read(limit: 1 << 16) else { return nil }
            if part.isEmpty { break }
            all += part
        }
        return all
    }

    /// Puts `bytes` at `path` so that a reader, also after a power failure, sees all of the old or all of the new.
    static func replace(_ path: String, with bytes: [UInt8]) throws(HostRuntimeError) {
        let temporary = path + ".new"
        let number = unsafe open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard number >= 0 else { throw .system(doing: "cannot write", on: temporary, reason: lastSystemError()) }
        let file = FileDescriptor(number)
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe write(file.number, $0.baseAddress, $0.count) }
            guard count > 0 || errno == EINTR else {
                throw .system(doing: "cannot write", on: temporary, reason: lastSystemError())
            }
            rest = rest.dropFirst(max(0, count))
        }
        guard fsync(file.number) == 0, unsafe rename(temporary, path) == 0 else {
            throw .system(doing: "cannot write", on: path, reason: lastSystemError())
        }
    }
}
