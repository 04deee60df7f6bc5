/// How to reach libvirt on this host.
public struct LibvirtConfiguration: Hashable, Sendable {
    /// The address of the daemon (https://libvirt.org/uri.html).
    public var uri: String
    /// Where libvirt keeps the process ids of its QEMUs, a file `NAME.pid` each.
    public var processFolder: String
    /// How long a call may take before whoever asks gets an error.
    public var callLimit: Duration
    /// How often all domains are listed though no event says that anything changed.
    public var listInterval: Duration
    /// How often snapshots and versions are read, of which no event tells.
    public var rareInterval: Duration

    /// The daemon of the system, unless told otherwise.
    public init(
        uri: String = "qemu:///system", processFolder: String = "/run/libvirt/qemu",
        callLimit: Duration = .seconds(10), listInterval: Duration = .seconds(60), rareInterval: Duration = .seconds(60)
    ) {
        self.uri = uri
        self.processFolder = processFolder
        self.callLimit = callLimit
        self.listInterval = listInterval
        self.rareInterval = rareInterval
    }
}
