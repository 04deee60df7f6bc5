import FleetModel

/// How one host runs VMs.
public struct RuntimeConfiguration: Hashable, Sendable, Codable {
    /// Folder of the VMs, one folder each; made when it is not there. Its path and a VM's sockets in it must stay under
    /// 108 bytes, so it may have 50.
    public var folder: String
    /// QEMU, by absolute path.
    public var qemu: String
    /// Folders that a VM's disks, firmware, kernel and RAM disk must lie in, links followed; empty for anywhere. A VM's
    /// definition may come from another host, and its paths mean files of this one: without this list whoever can
    /// define a VM on one host can read and write every file and device of all. What a `qcow2` image names as its
    /// backing file must lie in them too.
    public var storage: [String]
    /// Folder of disks that only this host sees: a local disk with a relative path lies in it.
    public var localDisks: String?
    /// Folder that other hosts of the cluster see under the same path, for quick migrations.
    public var sharedFolder: String?
    /// Logical processors that VMs may run on; `nil` for all.
    public var logicalProcessors: [Int]?
    /// How much of the machine's memory VMs may have; `nil` for what there is.
    public var memory: Bytes?
    /// What VMs that leave it open run under.
    public var accelerator: AcceleratorChoice
    /// Address of this host that others send VMs to. Loopback may go without TLS, any other may not.
    public var migrationAddress: String
    /// Ports for incoming VMs, to be opened in the firewall; `nil` for any that is free.
    public var migrationPorts: ClosedRange<UInt16>?
    /// Folder with `ca-cert.pem`, `server-cert.pem`, `server-key.pem`, `client-cert.pem` and `client-key.pem`, as QEMU's
    /// `tls-creds-x509` wants them; `nil` for plain traffic, on loopback alone.
    public var migrationTLS: String?
    /// How long a VM has for its shutdown before it is stopped by force, in seconds.
    public var shutdownSeconds: Int

    /// How one host runs VMs.
    public init(
        folder: String, qemu: String = "/usr/bin/qemu-system-x86_64", storage: [String] = [],
        logicalProcessors: [Int]? = nil, accelerator: AcceleratorChoice = .auto, migrationAddress: String = "127.0.0.1",
        migrationPorts: ClosedRange<UInt16>? = nil, migrationTLS: String? = nil, shutdownSeconds: Int = 30,
        memory: Bytes? = nil
    ) {
        self.folder = folder
        self.qemu = qemu
        self.storage = storage
        self.logicalProcessors = logicalProcessors
        self.memory = memory
        self.accelerator = accelerator
        self.migrationAddress = migrationAddress
        self.migrationPorts = migrationPorts
        self.migrationTLS = migrationTLS
        self.shutdownSeconds = shutdownSeconds
    }
}
