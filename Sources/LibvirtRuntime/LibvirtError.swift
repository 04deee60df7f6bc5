/// What can go wrong between us and libvirt. Every description says what, where, and what a person can do.
public enum LibvirtError: Error, Hashable, Sendable {
    /// The library is not on this host, or lacks what we need: the dynamic linker's words.
    case missingLibrary(name: String, reason: String)
    /// The library is there and does not get ready.
    case unusableLibrary(name: String, reason: String)
    /// No connection: to which address, and libvirt's words.
    case unreachable(uri: String, reason: String)
    /// A call failed: what was being done, where, libvirt's words and its number for them (virErrorNumber).
    case call(doing: String, uri: String, reason: String, code: Int32)
    /// A call has not come back: what was being done, where, and for how long so far.
    case notAnswering(doing: String, uri: String, seconds: Int)
    /// What libvirt says of a domain cannot be read.
    case description(domain: String, problem: String)
}

extension LibvirtError: CustomStringConvertible {
    /// The problem for a person.
    public var description: String {
        switch self {
        case .missingLibrary(let name, let reason):
            "libvirt cannot be used: \(reason). Where this host's VMs are run by libvirt, install \(name) "
                + "(apt-get install libvirt0); else leave libvirt out of the configuration"
        case .unusableLibrary(let name, let reason):
            "libvirt cannot be used: \(name) does not get ready: \(reason)"
        case .unreachable(let uri, let reason):
            "libvirt at \(uri) cannot be reached: \(reason). See that its daemon runs (systemctl status libvirtd, or "
                + "virtqemud) and that the agent's user may open its socket (group libvirt)"
        case .call(let doing, let uri, let reason, let code):
            "libvirt at \(uri) could not \(doing): \(reason) (error \(code))"
        case .notAnswering(let doing, let uri, let seconds):
            "libvirt at \(uri) has not answered for \(seconds) s (\(doing)). It is asked again as soon as it answers; "
                + "where that does not happen, restart its daemon: VMs run on meanwhile"
        case .description(let domain, let problem):
            "libvirt's description of the domain \(domain) cannot be read: \(problem)"
        }
    }
}
