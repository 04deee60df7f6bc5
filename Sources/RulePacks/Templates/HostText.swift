/// Prometheus' way with host names and ports (prometheus `template/template.go`, Go `net.SplitHostPort`).
enum HostText {
    /// The host without its port; the whole where there is no port.
    static func withoutPort(_ text: String) -> String { split(text)?.host ?? text }

    /// The first part of a host's name, with its port; an address stays as it is.
    static func withoutDomain(_ text: String) -> String {
        let parts = split(text)
        let host = parts?.host ?? text
        if isAddress(host) { return text }
        let name = String(host.prefix { $0 != "." })
        guard let port = parts?.port, !port.isEmpty else { return name }
        return name.contains(":") ? "[\(name)]:\(port)" : "\(name):\(port)"
    }

    private static func split(_ text: String) -> (host: String, port: String)? {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let port = String(text[text.index(after: colon)...])
        let host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { return (String(host.dropFirst().dropLast()), port) }
        return host.contains(":") || host.contains("[") || host.contains("]") ? nil : (String(host), port)
    }

    private static func isAddress(_ host: String) -> Bool {
        if host.contains(":") { return host.allSatisfy { $0.isHexDigit || $0 == ":" || $0 == "." || $0 == "%" } }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { UInt8($0) != nil }
    }
}
