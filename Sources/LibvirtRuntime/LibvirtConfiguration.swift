/// How to reach libvirt on this host.
public struct LibvirtConfiguration: Hashable, Sendable {
    /// The address of the daemon (https://libvirt.org/uri.html).
    public var uri: String
    /// Where libvirt keeps the process ids of its QEMUs, a file `NAME.pid` each.
    public var processFolder: String
    /// Whether Evenkeel may act on the domains; without it the connection is read-only.
    public var control: Bool
    /// Where other hosts' libvirt finds this one: `qemu+tls://HOST/system`, or `qemu+tcp://` on loopback; `nil` where
    /// this host receives no domains.
    public var migrationAddress: String?
    /// Folders that the files of a VM must lie in that Evenkeel defines; empty for anywhere (`RuntimeConfiguration.storage`).
    public var storage: [String] = []
    /// Whether domains may also travel without TLS, beyond loopback. For tests, whose network nobody else is on.
    public var allowsPlainMigration = false
    /// How long a domain has for its shutdown before it is stopped by force, in seconds.
    public var shutdownSeconds = 30
    /// How long a call may take before whoever asks gets an error.
    public var callLimit: Duration
    /// How often all domains are listed though no event says that anything changed.
    public var listInterval: Duration
    /// How often snapshots and versions are read, of which no event tells.
    public var rareInterval: Duration

    /// The daemon of the system, unless told otherwise.
    public init(
        uri: String = "qemu:///system", control: Bool = false, migrationAddress: String? = nil,
        processFolder: String = "/run/libvirt/qemu",
        callLimit: Duration = .seconds(10), listInterval: Duration = .seconds(60), rareInterval: Duration = .seconds(60)
    ) {
        self.uri = uri
        self.control = control
        self.migrationAddress = migrationAddress
        self.processFolder = processFolder
        self.callLimit = callLimit
        self.listInterval = listInterval
        self.rareInterval = rareInterval
    }
}
