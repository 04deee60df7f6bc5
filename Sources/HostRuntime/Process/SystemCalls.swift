import CLinux
import Glibc

/// The system's words for the error of the last call that failed on this thread.
func lastSystemError() -> String {
    let code = errno
    guard let text = unsafe strerror(code) else { return "error \(code)" }
    return unsafe String(cString: text)
}

/// A file descriptor that is closed when nobody holds it any more.
final class FileDescriptor: Sendable {
    let number: Int32

    init(_ number: Int32) { self.number = number }

    deinit { close(number) }

    /// Takes what nobody wants to read.
    static func discarding() throws(HostRuntimeError) -> FileDescriptor {
        let number = unsafe open("/dev/null", O_WRONLY | O_CLOEXEC)
        guard number >= 0 else { throw .system(doing: "cannot open", on: "/dev/null", reason: lastSystemError()) }
        return FileDescriptor(number)
    }

    /// Reads up to `limit` bytes; an empty result is the end, `nil` that nothing is there yet.
    func read(limit: Int) throws(HostRuntimeError) -> [UInt8]? {
        while true {
            var count = 0
            let bytes = unsafe [UInt8](unsafeUninitializedCapacity: limit) { buffer, initialized in
                count = unsafe Glibc.read(number, buffer.baseAddress, limit)
                initialized = max(0, count)
            }
            if count >= 0 { return bytes }
            if errno == EAGAIN { return nil }
            if errno == ECONNRESET { return [] }
            if errno != EINTR { throw .system(doing: "cannot read from", on: "descriptor", reason: lastSystemError()) }
        }
    }

    /// Writes all of `bytes`, or throws: a peer that lets the queue run full does not listen. False when the peer has
    /// closed: what it said before can still be read. A descriptor to be passed goes along with the first of them.
    func writeAll(_ bytes: [UInt8], passing passed: FileDescriptor? = nil) throws(HostRuntimeError) -> Bool {
        var (rest, passed) = (bytes[...], passed)
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes {
                guard let passed else { return unsafe send(number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
                return unsafe linux_send_descriptor(number, $0.baseAddress, $0.count, passed.number)
            }
            if count > 0 {
                rest = rest.dropFirst(count)
                passed = nil
            } else if errno == EPIPE || errno == ECONNRESET {
                return false
            } else if errno != EINTR {
                throw .system(doing: "cannot write to", on: "socket", reason: lastSystemError())
            }
        }
        return true
    }
}
