import Glibc

/// Where a VM is sent: `tcp:HOST:PORT`, with an IPv6 host in brackets. It is parsed and never passed on as it came,
/// since QEMU would also take `exec:COMMAND`.
public struct MigrationAddress: Hashable, Sendable {
    /// A name or an address, without brackets.
    let host: String
    /// 0 where the kernel is to choose.
    let port: UInt16

    init(host: String, port: UInt16) {
        self.host = Self.withoutBrackets(host)
        self.port = port
    }

    /// Reads `tcp:HOST:PORT`.
    init(_ text: String) throws(HostRuntimeError) {
        let wanted = "it must be tcp:HOST:PORT"
        guard text.hasPrefix("tcp:"), let colon = text.lastIndex(of: ":") else {
            throw .migrationAddress(text, problem: wanted)
        }
        let start = text.index(text.startIndex, offsetBy: 4)
        guard start < colon, let port = UInt16(text[text.index(after: colon)...]) else {
            throw .migrationAddress(text, problem: wanted)
        }
        let host = String(text[start..<colon])
        if let problem = Self.objection(to: host) { throw .migrationAddress(text, problem: problem) }
        self.init(host: host, port: port)
    }

    /// What is wrong with `host` as an address that VMs are received at or sent to; `nil` when nothing is. Right are
    /// an IPv4 address, an IPv6 address with or without brackets, and a host name (RFC 1123). No option of QEMU's can
    /// hide in any of them.
    public static func objection(to host: String) -> String? {
        let bare = withoutBrackets(host)
        if isIPv6(bare) || bare == host && (bytesOfIPv4(bare) != nil || isHostName(bare)) { return nil }
        return "'\(host)' is not a host name or an address"
    }

    /// Whether traffic to `host` stays on this machine: 127.0.0.0/8, `::1` or `localhost`. A name that merely looks
    /// like such an address is not one.
    public static func isLoopback(_ host: String) -> Bool {
        let bare = withoutBrackets(host)
        return bare == "localhost" || bare == "::1" || bytesOfIPv4(bare)?.first == 127
    }

    private static func withoutBrackets(_ host: String) -> String {
        host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
    }

    private static func bytesOfIPv4(_ text: String) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 4)
        return unsafe !text.utf8.contains(0) && inet_pton(AF_INET, text, &bytes) == 1 ? bytes : nil
    }

    private static func isIPv6(_ text: String) -> Bool {
        var address = in6_addr()
        return unsafe !text.utf8.contains(0) && inet_pton(AF_INET6, text, &address) == 1
    }

    /// A name whose last part is a number is none: the resolver would take `127.1` for an address.
    private static func isHostName(_ text: String) -> Bool {
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        guard text.utf8.count <= 253, let last = labels.last, !last.allSatisfy(\.isNumber) else { return false }
        return labels.allSatisfy { label in
            (1...63).contains(label.utf8.count) && !label.hasPrefix("-") && !label.hasSuffix("-")
                && label.utf8.allSatisfy { byte in
                    (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
                        || byte == 0x2d
                }
        }
    }

    /// Whether traffic to it stays on this machine.
    var isLoopback: Bool { Self.isLoopback(host) }

    /// As QEMU writes it.
    var text: String { host.contains(":") ? "tcp:[\(host)]:\(port)" : "tcp:\(host):\(port)" }

    /// Throws unless traffic to it is encrypted or stays on this machine.
    func requireSafety(hasTLS: Bool) throws(HostRuntimeError) {
        if hasTLS || isLoopback { return }
        throw .migrationAddress(
            text, problem: "beyond loopback VMs travel only under TLS: name the folder of the host's certificates")
    }
}
