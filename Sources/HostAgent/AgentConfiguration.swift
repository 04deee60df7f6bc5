import Counters
import FleetModel
import HTTPDoor

/// What an agent must know of its host, its server and its folders: the agent's YAML file, read and checked.
///
/// ```yaml
/// # Every key, with its default or an example. Relative paths count from the folder of this file.
/// host: kvm1                        # the host's name in the fleet; default: the machine's host name
/// cluster: default                  # hosts among which VMs may move
/// server: https://evenkeel.example:7411   # default http://127.0.0.1:7411; http only to loopback
/// token_file: /etc/evenkeel/token   # the secret from `evenkeel token create agent NAME`; none without tokens
/// ca_file: /etc/evenkeel/ca.pem     # certificates to trust in place of the system's
/// data: /var/lib/evenkeel/agent     # spool and command journal
/// machines: /var/lib/evenkeel/machines    # one folder for each VM that runs here
/// storage: /srv/vms,/srv/boot       # VMs' disks, firmware and kernels must lie in these folders; default: anywhere
/// interval: 10s                     # how often samples are taken and sent: 100ms to 5m
/// logical_processors: "0-3,6"       # the host is this part of the machine; default: all of it
/// memory: 32GiB                     # the host's share of the machine's memory; default: all of it
/// accelerator: auto                 # auto, kvm or tcg
/// runtime: auto                     # the bundled runtime for VMs: auto (where QEMU is installed), on or off
/// qemu: /usr/bin/qemu-system-x86_64 # the QEMU that the bundled runtime starts
/// libvirt: auto                     # auto (where it runs as the agent starts), off, or qemu:///system
/// migration_address: 10.0.0.2       # where other hosts send VMs to; without it this host cannot receive
/// migration_ports: 49152-49215      # ports for incoming VMs, for the firewall; default: any that is free
/// migration_bandwidth: 100MiB       # a second, of what migrations take to and from this host; default: the server's
/// disk_bandwidth: 400MiB            # a second, of what its disks can read and write; default: unknown, no limit
/// local_disks: /var/lib/evenkeel/disks    # local disks with a relative path lie in it, and move along with their VM
/// shared_folder: /srv/shared        # a folder that the cluster's hosts share, for quick migrations; default: none
/// libvirt_control: off              # on: Evenkeel may start, stop and move libvirt's VMs; off: it only looks
/// libvirt_migration_address: qemu+tls://kvm1.example/system   # where other hosts' libvirt finds this one's
/// migration_tls: /etc/evenkeel/pki  # ca-cert.pem, server-*.pem, client-*.pem; needed off loopback
/// spool_limit: 1GiB                 # the oldest undelivered samples are dropped beyond this
/// metrics_listen: 127.0.0.1:7412    # a page of metrics for who scrapes this host; default: nowhere
/// metrics_tls_certificate: agent.pem      # beyond loopback: PEM, with 'metrics_tls_key' and 'metrics_token_file'
/// metrics_tls_key: agent.key        # PEM
/// metrics_token_file: scrape.token  # the secret that scrapers must send, as a bearer token or a password
/// ```
public struct AgentConfiguration: Hashable, Sendable {
    /// The host's name in the fleet.
    public var host: HostName
    /// The cluster that it is in.
    public var cluster: ClusterName
    /// The server's address, `http` or `https`, without a path.
    public var server: String
    /// File with the agent's secret; `nil` where the server asks for none.
    public var tokenFile: String?
    /// File with certificates to trust in place of the system's.
    public var certificateAuthority: String?
    /// Folder of the spool and the command journal.
    public var dataFolder: String
    /// Folder that the runtime keeps its VMs in.
    public var machinesFolder: String
    /// Folders that VMs' disks, firmware and kernels must lie in; empty for anywhere.
    public var storageFolders: [String]
    /// How often samples are taken and sent.
    public var interval: Duration
    /// The part of the machine's logical processors that is the host; `nil` for all.
    public var logicalProcessors: LogicalProcessorSet?
    /// The host's share of the machine's memory; `nil` for all.
    public var memory: Bytes?
    /// What VMs that leave it open run under.
    public var accelerator: AcceleratorChoice
    /// Whether VMs may be run by the bundled runtime.
    public var runtime = RuntimeChoice.auto
    /// The QEMU that it starts.
    public var emulator = "/usr/bin/qemu-system-x86_64"
    /// Versions of what runs VMs here, as far as whoever starts the agent has found them; no key of the file.
    public var versions = SamplerOptions.Versions()
    /// Whether and where libvirt is asked for its VMs.
    public var libvirt = LibvirtChoice.auto
    /// Address that other hosts send VMs to; `nil` where this host cannot receive.
    public var migrationAddress: String?
    /// Folder of the certificates for migration traffic.
    public var migrationCertificates: String?
    /// Ports for incoming VMs; `nil` for any that is free.
    public var migrationPorts: ClosedRange<UInt16>?
    /// Upper bound of migration traffic to and from this host in bytes a second; `nil` for none of its own.
    public var migrationBandwidth: Bytes?
    /// Bytes a second that the host's disks can read and write together; `nil` where nobody says.
    public var diskBandwidth: Bytes?
    /// A folder that the cluster's hosts share under the same path, for quick migrations.
    public var sharedFolder: String?
    /// Folder of disks that only this host sees, for those with a relative path.
    public var localDisksFolder: String?
    /// Whether Evenkeel may act on libvirt's VMs.
    public var libvirtControl = false
    /// Where other hosts' libvirt finds this one's; `nil` where it takes no VMs.
    public var libvirtMigrationAddress: String?
    /// How much the spool may hold.
    public var spoolLimit: Bytes
    /// Where the agent serves its own page of metrics; `nil` for nowhere.
    public var metrics: MetricsListener?

    /// What the sampler looks at.
    public var samplerOptions: SamplerOptions {
        var options = SamplerOptions(logicalProcessors: logicalProcessors, memory: memory)
        options.versions = versions
        return options
    }

    /// Whether the bundled runtime is used.
    public enum RuntimeChoice: String, CaseIterable, Sendable {
        /// Where its QEMU is installed.
        case auto
        /// Always: without QEMU the agent does not start.
        case on
        /// Never: the agent only looks.
        case off
    }

    /// Whether and where libvirt is asked.
    public enum LibvirtChoice: Hashable, Sendable {
        /// Where its daemon runs.
        case auto
        /// Never.
        case off
        /// Always, at this address.
        case address(String)
    }

    /// Where and for whom a page of metrics is served.
    public struct MetricsListener: Hashable, Sendable {
        /// Where.
        public var address: ListenAddress
        /// Certificate and key; needed beyond loopback.
        public var tls: TLSFiles?
        /// File with the secret that scrapers must send; needed beyond loopback.
        public var tokenFile: String?

        /// A listener at `address`.
        public init(address: ListenAddress, tls: TLSFiles? = nil, tokenFile: String? = nil) {
            self.address = address
            self.tls = tls
            self.tokenFile = tokenFile
        }
    }

    /// A configuration; what is not given has its default.
    public init(
        host: HostName, cluster: ClusterName, server: String = "http://127.0.0.1:7411", tokenFile: String? = nil,
        certificateAuthority: String? = nil, dataFolder: String = "/var/lib/evenkeel/agent",
        machinesFolder: String = "/var/lib/evenkeel/machines", storageFolders: [String] = [],
        interval: Duration = .seconds(10),
        logicalProcessors: LogicalProcessorSet? = nil, memory: Bytes? = nil, accelerator: AcceleratorChoice = .auto,
        migrationAddress: String? = nil, migrationCertificates: String? = nil, spoolLimit: Bytes = .gibibytes(1)
    ) {
        self.host = host
        self.cluster = cluster
        self.server = server
        self.tokenFile = tokenFile
        self.certificateAuthority = certificateAuthority
        self.dataFolder = dataFolder
        self.machinesFolder = machinesFolder
        self.storageFolders = storageFolders
        self.interval = interval
        self.logicalProcessors = logicalProcessors
        self.memory = memory
        self.accelerator = accelerator
        self.migrationAddress = migrationAddress
        self.migrationCertificates = migrationCertificates
        self.spoolLimit = spoolLimit
    }
}
