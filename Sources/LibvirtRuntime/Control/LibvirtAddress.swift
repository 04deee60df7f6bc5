import FleetModel

/// Where another host's libvirt finds this one: `qemu+tls://HOST[:PORT]/system`. It is parsed and never passed on as it
/// came: libvirt's addresses may also name programs to run (`qemu+ext://`) and switch checks off (`?no_verify=1`).
struct LibvirtAddress: Hashable, Sendable {
    /// Whether it is TLS that domains and their memory travel under.
    let isEncrypted: Bool
    /// A name or an address; an IPv6 address in brackets.
    let host: String
    let port: UInt16?

    /// Reads an address; throws what is wrong with it, for a person. `allowsPlain` as in ``LibvirtConfiguration``.
    init(_ text: String, allowsPlain: Bool) throws(Objection) {
        let parts = text.split(separator: "://", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else {
            if text.hasPrefix("tcp:") || text.hasPrefix("unix:") {
                throw Objection(
                    "the destination waits at \(text), which is the bundled runtime's; a VM that libvirt runs moves to "
                        + "hosts where libvirt runs VMs")
            }
            throw Objection("'\(text)' is not an address of libvirt's: it must be qemu+tls://HOST/system")
        }
        let (scheme, rest) = (parts[0], parts[1])
        guard scheme == "qemu+tls" || scheme == "qemu+tcp" else {
            throw Objection("'\(text)': other hosts reach libvirt at qemu+tls://HOST/system")
        }
        isEncrypted = scheme == "qemu+tls"
        guard rest.hasSuffix("/system") else {
            throw Objection("'\(text)': it must end in /system, with nothing behind it")
        }
        var authority = rest.dropLast("/system".count)
        var port: UInt16?
        if let colon = authority.lastIndex(of: ":"), authority.last != "]" {
            port = UInt16(authority[authority.index(after: colon)...])
            if port == nil || port == 0 { throw Objection("'\(text)': its port is no number of 1 to 65535") }
            authority = authority[..<colon]
        }
        self.port = port
        host = String(authority)
        guard Self.isHost(host) else { throw Objection("'\(text)': '\(host)' is not a host name or an address") }
        if !isEncrypted, !allowsPlain, !isLoopback {
            throw Objection("'\(text)': beyond loopback domains travel only under TLS: qemu+tls://HOST/system")
        }
    }

    /// What is wrong with an address.
    struct Objection: Error, Hashable, CustomStringConvertible {
        let description: String
        init(_ text: String) { description = text }
    }

    /// As libvirt takes it.
    var text: String {
        "\(isEncrypted ? "qemu+tls" : "qemu+tcp")://\(host)\(port.map { ":\($0)" } ?? "")/system"
    }

    private var isLoopback: Bool {
        if host == "localhost" || host == "[::1]" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    /// Letters, digits, dots and dashes, or an IPv6 address in brackets: nothing that would mean more than a host.
    private static func isHost(_ text: String) -> Bool {
        func isPlain(_ byte: UInt8) -> Bool {
            (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
        }
        guard (1...253).contains(text.utf8.count) else { return false }
        if text.hasPrefix("["), text.hasSuffix("]") {
            let inner = text.dropFirst().dropLast().utf8
            return inner.count >= 2 && inner.allSatisfy { isPlain($0) || $0 == 0x3a || $0 == 0x2e }
        }
        return text.utf8.first.map(isPlain) == true && text.utf8.allSatisfy { isPlain($0) || $0 == 0x2e || $0 == 0x2d }
    }
}
