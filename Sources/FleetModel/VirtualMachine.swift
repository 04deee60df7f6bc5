/// What a VM is made of, independent of where it runs: all that a host needs to start it or to receive it.
public struct VirtualMachineDefinition: Hashable, Codable, Sendable {
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
    /// Its disks, all on storage that every host of the cluster sees.
    public var disks: [Disk]
    /// Whether it has a balloon, through which the guest reports its memory.
    public var balloon: Bool

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
    public struct Disk: Hashable, Codable, Sendable {
        /// How the image is stored.
        public enum Format: String, Codable, Sendable { case raw, qcow2 }
        /// How the guest sees it.
        public enum Bus: String, Codable, Sendable { case virtio, ide, scsi }
        /// Absolute path of the image or device.
        public var path: String
        /// How it is stored.
        public var format: Format
        /// How the guest sees it.
        public var bus: Bus

        /// A disk.
        public init(path: String, format: Format, bus: Bus = .virtio) {
            self.path = path
            self.format = format
            self.bus = bus
        }
    }
}

/// Marks names of VMs.
public enum VirtualMachineKind: Sendable {}

/// What may run a guest's code, as asked for.
public enum AcceleratorChoice: String, Codable, Sendable, CaseIterable {
    /// KVM where a probe guest really runs under it, else TCG.
    case auto
    /// Hardware virtualisation; refused where it does not work.
    case kvm
    /// QEMU's own translator: slow, works everywhere.
    case tcg
}

/// What does run a guest's code.
public enum Accelerator: String, Codable, Sendable {
    /// The kernel's hypervisor.
    case kvm
    /// QEMU's translator.
    case tcg
}

/// Where a VM is in its life on one host.
public enum VirtualMachineState: String, Codable, Sendable {
    /// Defined here, no process.
    case stopped
    /// Its guest runs here.
    case running
    /// Its guest is halted here and would go on here.
    case paused
    /// A process waits here for the VM's memory; the guest runs elsewhere.
    case incoming
    /// The guest runs here while its memory is being sent.
    case outgoing
    /// Memory and devices are sent whole and the guest is halted here for good: it runs, or may run, elsewhere.
    case handedOver
    /// The process is there and does not answer, or answers what cannot be placed.
    case unknown
    /// The process ended without being told to.
    case crashed

    /// Whether this host is the one where the guest lives: it runs here, or would go on here.
    public var ownsGuest: Bool {
        switch self {
        case .running, .paused, .outgoing: true
        case .stopped, .incoming, .handedOver, .unknown, .crashed: false
        }
    }
}

extension VirtualMachineState {
    /// A state that a newer version has and this one does not know is unknown, and not a reason to refuse a report.
    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        self = Self(rawValue: text) ?? .unknown
    }
}

/// A VM as one host sees it.
public struct VirtualMachineStatus: Hashable, Codable, Sendable {
    /// What it is.
    public var definition: VirtualMachineDefinition
    /// Where it is in its life.
    public var state: VirtualMachineState
    /// What runs its code; `nil` while it is stopped.
    public var accelerator: Accelerator?
    /// Memory of the host that its process holds; `nil` where it cannot be read.
    public var residentMemory: Bytes?
    /// Process id of its QEMU on that host; `nil` while it is stopped.
    public var process: Int32?
    /// Why it is not well: exit status, last log lines; `nil` when all is well.
    public var problem: String?
    /// Who runs it: `libvirt`, or `none` for a process that nobody manages; `nil` for the bundled runtime.
    public var manager: String?
    /// Why Evenkeel only looks at it and does nothing to it; `nil` where it may act.
    public var readOnly: String?

    /// A VM as one host sees it.
    public init(
        definition: VirtualMachineDefinition, state: VirtualMachineState, accelerator: Accelerator? = nil,
        residentMemory: Bytes? = nil, process: Int32? = nil, problem: String? = nil, manager: String? = nil,
        readOnly: String? = nil
    ) {
        self.definition = definition
        self.state = state
        self.accelerator = accelerator
        self.residentMemory = residentMemory
        self.process = process
        self.problem = problem
        self.manager = manager
        self.readOnly = readOnly
    }
}
