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
    /// Its memory lies on this host's disk, and it would go on from there.
    case saved
    /// A process waits here for the VM's memory; the guest runs elsewhere.
    case incoming
    /// The guest runs here, and the rest of its memory is still at its source (post-copy).
    case fetching
    /// The guest runs here while its memory is being sent.
    case outgoing
    /// The guest runs elsewhere, and the rest of its memory is still here (post-copy): without this process it is lost.
    case trailing
    /// Memory and devices are sent whole and the guest is halted here for good: it runs, or may run, elsewhere.
    case handedOver
    /// The process is there and does not answer, or answers what cannot be placed.
    case unknown
    /// The process ended without being told to.
    case crashed

    /// Whether this host is the one where the guest lives: it runs here, or would go on here.
    public var ownsGuest: Bool {
        switch self {
        case .running, .paused, .outgoing, .fetching: true
        case .stopped, .saved, .incoming, .trailing, .handedOver, .unknown, .crashed: false
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
    /// The ``manager`` of VMs that libvirt runs.
    public static let libvirt = "libvirt"
    /// Why Evenkeel only looks at it and does nothing to it; `nil` where it may act.
    public var readOnly: String?
    /// The version of its QEMU, which an upgrade of the host does not change; `nil` while it is stopped.
    public var emulatorVersion: String?
    /// How often it was started again after it had failed; `nil` where it never was.
    public var restarts: Int?
    /// When and why it failed last, where it was started again afterwards: exit status, last log lines.
    public var lastFailure: PastFailure?
    /// Sizes of the disks that only its host sees, by their place in the definition; `nil` where that is not known.
    public var localDiskSizes: [Int: Bytes]?
    /// Size of all disks that only its host sees, as far as it is known.
    public var localDisks: Bytes { (localDiskSizes ?? [:]).values.reduce(.zero, +) }
    /// How it writes to its memory; `nil` where that was not looked at yet.
    public var survey: MemorySurvey?

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

/// A failure that is over.
public struct PastFailure: Hashable, Codable, Sendable {
    /// When, by the host's clock.
    public var time: Timestamp
    /// Exit status and last log lines.
    public var reason: String

    /// A failure.
    public init(time: Timestamp, reason: String) {
        self.time = time
        self.reason = reason
    }
}
