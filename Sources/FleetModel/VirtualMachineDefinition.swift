/// What a VM is made of, independent of where it runs: all that a host needs to start it or to receive it.
public struct VirtualMachineDefinition: Hashable, Sendable {
    /// Its identity.
    public var id: VirtualMachineID
    /// What operators call it; unique in a cluster by convention, not by force.
    public var name: Name<VirtualMachineKind>
    /// How many virtual processors.
    public var virtualProcessors: Int
    /// The guest's memory.
    public var memory: Bytes
    /// What runs the guest's code.
    public var accelerator: AcceleratorChoice
    /// QEMU's machine type, such as `pc` or `q35`; the same on every host that the VM may move to.
    public var machine: String
    /// QEMU's CPU model, such as `qemu64`.
    public var processorModel: String
    /// A firmware image in place of the machine's own, as an absolute path that every host of the cluster sees.
    public var firmware: String?
    /// A kernel to start directly.
    public var kernel: KernelBoot?
    /// Its disks.
    public var disks: [Disk]
    /// Whether it has a balloon, through which the guest reports its memory.
    public var balloon: Bool
    /// Its network interfaces.
    public var networkInterfaces: [NetworkInterface] = []
    /// Up to how many virtual processors can be added while it runs; `nil` for none.
    public var maximumProcessors: Int?
    /// Up to what size memory can be added while it runs; `nil` for none.
    public var maximumMemory: Bytes?
    /// Memory that was added while it runs, module by module; it counts in `memory`, and is part of it from the next start.
    public var memoryModules: [Bytes] = []
    /// What a change that could not be made while it runs gives it at its next start.
    public var atNextStart: Size?
    /// Whether it has a channel for the guest agent (qemu-ga), which brings its file systems to rest for a snapshot.
    public var guestAgent = false
    /// On which LPs each VP may run, VP by VP; one entry holds for all of them, none for any LP.
    public var pinning: [[Int]] = []
    /// Weight of its processor time against other VMs', 1...10000 with 100 as the usual (cgroup v2, `cpu.weight`).
    public var shares: Int?
    /// What operators want to know it by.
    public var labels: [String: String] = [:]
    /// Which VMs come first where not all can be had, 0...1000; higher comes first.
    public var priority = Self.usualPriority
    /// What happens after its process has ended without being told to.
    public var restart = RestartPolicy.never

    /// Stands for the richest CPU model that every host of the cluster has, until a server has looked which that is.
    public static let baselineModel = "baseline"

    /// The priority of a VM that says nothing of it.
    public static let usualPriority = 100

    /// A VM; everything but identity, name, processors and memory has the runtime's default.
    public init(
        id: VirtualMachineID, name: Name<VirtualMachineKind>, virtualProcessors: Int, memory: Bytes,
        accelerator: AcceleratorChoice = .auto, machine: String = "pc", processorModel: String = "qemu64",
        firmware: String? = nil, kernel: KernelBoot? = nil, disks: [Disk] = [], balloon: Bool = false
    ) {
        self.id = id
        self.name = name
        self.virtualProcessors = virtualProcessors
        self.memory = memory
        self.accelerator = accelerator
        self.machine = machine
        self.processorModel = processorModel
        self.firmware = firmware
        self.kernel = kernel
        self.disks = disks
        self.balloon = balloon
    }

    /// A Linux kernel that QEMU loads itself.
    public struct KernelBoot: Hashable, Codable, Sendable {
        /// Absolute path of the kernel image.
        public var image: String
        /// Absolute path of the initial RAM disk.
        public var initialRAMDisk: String?
        /// The kernel's command line.
        public var commandLine: String

        /// A kernel with its RAM disk and command line.
        public init(image: String, initialRAMDisk: String? = nil, commandLine: String = "") {
            self.image = image
            self.initialRAMDisk = initialRAMDisk
            self.commandLine = commandLine
        }
    }

    /// A virtual disk.
    public struct Disk: Hashable, Sendable {
        /// How the image is stored.
        public enum Format: String, Codable, Sendable, CaseIterable { case raw, qcow2 }
        /// How the guest sees it.
        public enum Bus: String, Codable, Sendable, CaseIterable { case virtio, ide, scsi }
        /// How the host keeps what the guest writes (qemu-system-x86_64(1), `-drive cache=`).
        public enum Cache: String, Codable, Sendable, CaseIterable {
            /// Past the host's memory, with the disk's own cache: what VMs on storage that several hosts see should have.
            case none
            /// In the host's memory until the guest says flush.
            case writeback
            /// In the host's memory, and on the disk before a write is done.
            case writethrough
            /// Past the host's memory, and on the disk before a write is done.
            case directsync
            /// In the host's memory whatever the guest says: lost with the host.
            case unsafe
        }
        /// Absolute path of the image or device.
        public var path: String
        /// How it is stored.
        public var format: Format
        /// How the guest sees it.
        public var bus: Bus
        /// How the host keeps what the guest writes.
        public var cache: Cache
        /// Whether only this host sees it: it then moves along with the VM.
        public var isLocal: Bool
        /// Whether the guest may only read it.
        public var isReadOnly: Bool

        /// A disk.
        public init(
            path: String, format: Format, bus: Bus = .virtio, cache: Cache = .writeback, isLocal: Bool = false,
            isReadOnly: Bool = false
        ) {
            self.path = path
            self.format = format
            self.bus = bus
            self.cache = cache
            self.isLocal = isLocal
            self.isReadOnly = isReadOnly
        }
    }

    /// A network interface.
    public struct NetworkInterface: Hashable, Codable, Sendable {
        /// The card that the guest sees.
        public enum Model: String, Codable, Sendable, CaseIterable {
            /// Paravirtual: the guest knows that it is one.
            case virtio
            /// Intel's PRO/1000, emulated.
            case e1000
            /// Realtek's, emulated.
            case rtl8139
        }
        /// What it is connected to.
        public enum Connection: Hashable, Codable, Sendable {
            /// A bridge of the host's, by name; the same on every host that the VM may move to.
            case bridge(String)
            /// The host's own addresses, translated: out, and not in.
            case user
        }
        /// What it is connected to.
        public var connection: Connection
        /// The card that the guest sees.
        public var model: Model
        /// Its hardware address, such as `52:54:00:12:34:56`; the same wherever the VM runs.
        public var hardwareAddress: String

        /// An interface.
        public init(connection: Connection, model: Model = .virtio, hardwareAddress: String) {
            self.connection = connection
            self.model = model
            self.hardwareAddress = hardwareAddress
        }
    }

    /// What happens after a VM's process has ended without being told to.
    public enum RestartPolicy: String, Codable, Sendable, CaseIterable {
        /// It stays down.
        case never
        /// It is started again on its host, after growing pauses, until it has failed too often in a row.
        case onFailure = "on-failure"
    }
}

// Records and reports of older versions lack what was added later, which then has its default.
extension VirtualMachineDefinition: Codable {
    /// Reads what this version or an older one wrote.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            id: try values.decode(VirtualMachineID.self, forKey: .id),
            name: try values.decode(Name<VirtualMachineKind>.self, forKey: .name),
            virtualProcessors: try values.decode(Int.self, forKey: .virtualProcessors),
            memory: try values.decode(Bytes.self, forKey: .memory),
            accelerator: try values.decode(AcceleratorChoice.self, forKey: .accelerator),
            machine: try values.decode(String.self, forKey: .machine),
            processorModel: try values.decode(String.self, forKey: .processorModel),
            firmware: try values.decodeIfPresent(String.self, forKey: .firmware),
            kernel: try values.decodeIfPresent(KernelBoot.self, forKey: .kernel),
            disks: try values.decode([Disk].self, forKey: .disks),
            balloon: try values.decode(Bool.self, forKey: .balloon))
        func later<Value: Decodable>(_ key: CodingKeys, into field: inout Value) throws {
            if let value = try values.decodeIfPresent(Value.self, forKey: key) { field = value }
        }
        try later(.networkInterfaces, into: &networkInterfaces)
        maximumProcessors = try values.decodeIfPresent(Int.self, forKey: .maximumProcessors)
        maximumMemory = try values.decodeIfPresent(Bytes.self, forKey: .maximumMemory)
        try later(.memoryModules, into: &memoryModules)
        atNextStart = try values.decodeIfPresent(Size.self, forKey: .atNextStart)
        try later(.guestAgent, into: &guestAgent)
        try later(.pinning, into: &pinning)
        shares = try values.decodeIfPresent(Int.self, forKey: .shares)
        try later(.labels, into: &labels)
        try later(.priority, into: &priority)
        try later(.restart, into: &restart)
    }
}

extension VirtualMachineDefinition.Disk: Codable {
    /// Reads what this version or an older one wrote.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            path: try values.decode(String.self, forKey: .path),
            format: try values.decode(Format.self, forKey: .format),
            bus: try values.decode(Bus.self, forKey: .bus),
            cache: try values.decodeIfPresent(Cache.self, forKey: .cache) ?? .writeback,
            isLocal: try values.decodeIfPresent(Bool.self, forKey: .isLocal) ?? false,
            isReadOnly: try values.decodeIfPresent(Bool.self, forKey: .isReadOnly) ?? false)
    }
}
