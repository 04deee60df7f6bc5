import Glibc

/// Unix stream sockets by path.
enum UnixSocket {
    /// A listening socket at `path`, replacing what a dead process left there.
    static func listening(at path: String) throws(HostRuntimeError) -> FileDescriptor {
        let descriptor = try make()
        unsafe unlink(path)
        guard unsafe try withAddress(path, { unsafe bind(descriptor.number, $0, $1) }) == 0,
            listen(descriptor.number, 4) == 0
        else { throw .system(doing: "cannot listen on", on: path, reason: lastSystemError()) }
        return descriptor
    }

    /// A connection to whoever listens at `path`. It waits for nothing: neither for the other side to take it, nor,
    /// where too many already wait for that (EAGAIN, unix(7)), for room among them.
    static func connected(to path: String) throws(HostRuntimeError) -> FileDescriptor {
        let descriptor = try make(Int32(SOCK_NONBLOCK.rawValue))
        guard unsafe try withAddress(path, { unsafe connect(descriptor.number, $0, $1) }) == 0 else {
            let reason = errno == EAGAIN ? "QEMU does not take connections" : lastSystemError()
            throw .system(doing: "cannot connect to", on: path, reason: reason)
        }
        return descriptor
    }

    private static func make(_ options: Int32 = 0) throws(HostRuntimeError) -> FileDescriptor {
        let number = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue) | options, 0)
        guard number >= 0 else { throw .system(doing: "cannot make", on: "a socket", reason: lastSystemError()) }
        return FileDescriptor(number)
    }

    private static func withAddress(
        _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) throws(HostRuntimeError) -> Int32 {
        var address = sockaddr_un()
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw .socketPathTooLong(path)
        }
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        return unsafe withUnsafePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}
