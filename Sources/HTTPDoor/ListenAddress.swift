#if canImport(Glibc)
    import Glibc
#endif

/// Where the server listens: a numeric address, or `localhost`, and a port.
public struct ListenAddress: Hashable, Sendable {
    /// `127.0.0.1`, `::1`, `0.0.0.0`, `localhost`; without brackets.
    public var host: String
    /// 0 lets the system choose.
    public var port: Int

    /// An address and a port.
    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Reads `127.0.0.1:7411`, `localhost:7411` or `[::1]:7411`; `nil` for anything else. Host names other than
    /// `localhost` are refused: what they resolve to can change under a server's feet.
    public init?(parsing text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            return nil
        }
        var host = String(text[..<colon])
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        if isBracketed { host = String(host.dropFirst().dropLast()) }
        guard host == "localhost" || Self.isNumeric(host, family: isBracketed ? AF_INET6 : AF_INET) else { return nil }
        self.init(host: host, port: Int(port))
    }

    /// Whether only processes of this machine can reach it.
    public var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }

    /// As it stands in a URL.
    public var authority: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    private static func isNumeric(_ host: String, family: Int32) -> Bool {
        unsafe withUnsafeTemporaryAllocation(byteCount: MemoryLayout<in6_addr>.size, alignment: 8) { room in
            unsafe inet_pton(family, host, room.baseAddress) == 1
        }
    }
}
