import Glibc

/// Where a VM is sent: `tcp:HOST:PORT`, with an IPv6 host in brackets. It is parsed and never passed on as it came,
/// since QEMU would also take `exec:COMMAND`.
struct MigrationAddress: Hashable, Sendable {
    /// A name or an address.
    var host: String
    /// 0 where the kernel is to choose.
    var port: UInt16

    init(host: String, port: UInt16) {
        self.host = host
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
        var host = text[start..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        self.init(host: String(host), port: port)
        guard isWellFormed else { throw .migrationAddress(text, problem: wanted) }
    }

    /// Letters, digits, dots, dashes and colons: no option of QEMU's can hide in it.
    var isWellFormed: Bool {
        !host.isEmpty && !host.hasPrefix("-")
            && host.utf8.allSatisfy { byte in
                (0x30...0x3a).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
                    || byte == 0x2e || byte == 0x2d
            }
    }

    /// Whether traffic to it stays on this machine.
    var isLoopback: Bool { host == "localhost" || host == "::1" || isLoopbackIPv4 }

    private var isLoopbackIPv4: Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.first == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    /// As QEMU writes it.
    var text: String { host.contains(":") ? "tcp:[\(host)]:\(port)" : "tcp:\(host):\(port)" }

    /// Throws unless traffic to it is encrypted or stays on this machine.
    func requireSafety(hasTLS: Bool) throws(HostRuntimeError) {
        if hasTLS || isLoopback { return }
        throw .migrationAddress(
            text, problem: "beyond loopback VMs travel only under TLS: name the folder of the host's certificates")
    }
}
