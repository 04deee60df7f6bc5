import Glibc

/// Small files that outlive power loss: replaced in one step, and on disk when that returns.
public enum DurableFile {
    /// Why a file was not written; the one before is as it was.
    public struct Failure: Error, Hashable, CustomStringConvertible {
        /// The file or folder.
        public let path: String
        /// What the system said.
        public let reason: String

        /// Both.
        public var description: String { "\(path): \(reason)" }
    }

    /// Puts `bytes` at `path`: a reader, also after power loss, sees all of the old or all of the new.
    public static func replace(_ path: String, with bytes: [UInt8]) throws(Failure) {
        let draft = path + ".new"
        let file = unsafe open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw failure(draft) }
        do throws(Failure) {
            defer { close(file) }
            try write(bytes, to: file, draft)
            guard fsync(file) == 0 else { throw failure(draft) }
        } catch {
            unsafe unlink(draft)
            throw error
        }
        guard unsafe rename(draft, path) == 0 else { throw failure(path) }
        try syncFolder(of: path)
    }

    private static func write(_ bytes: [UInt8], to file: Int32, _ path: String) throws(Failure) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(file, $0.baseAddress, $0.count) }
            guard count > 0 || errno == EINTR else { throw failure(path) }
            rest = rest.dropFirst(max(0, count))
        }
    }

    /// A name is on disk once its folder is.
    private static func syncFolder(of path: String) throws(Failure) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        let folder = path.contains("/") ? parts.joined(separator: "/") + "/" : "."
        let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(folder) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure(folder) }
    }

    private static func failure(_ path: String) -> Failure {
        Failure(path: path, reason: unsafe String(cString: strerror(errno)))
    }
}
