import Foundation

/// TCP ports of 127.0.0.1.
enum LoopbackPort {
    /// Whether nobody listens there.
    static func isFree(_ port: Int) -> Bool { bound(port) != nil }

    /// A port that nobody uses at this moment.
    static func anyFree() throws -> Int {
        guard let port = bound(0) else { throw CommandFailure(.environment, "no TCP port of 127.0.0.1 is free") }
        return port
    }

    /// Binds and lets go again; `nil` where the system refuses.
    private static func bound(_ port: Int) -> Int? {
        let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard number >= 0 else { return nil }
        defer { close(number) }
        var on: Int32 = 1
        unsafe setsockopt(number, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(truncatingIfNeeded: port).bigEndian)
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                unsafe bind(number, generic, length) == 0 && getsockname(number, generic, &length) == 0
            }
        }
        return result ? Int(UInt16(bigEndian: address.sin_port)) : nil
    }
}
