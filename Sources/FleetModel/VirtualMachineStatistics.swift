/// What a provider says of one running VM beyond its state, read at the sending interval: what its virtual processors
/// left guest code for, its memory as the guest sees it, its disks and network interfaces, what it is made of.
///
/// All counts grow over the life of the VM's process on this host. What a provider cannot say is `nil`, or missing from
/// a list; it is never zero in its place.
public struct VirtualMachineStatistics: Hashable, Sendable {
    /// Which VM.
    public var id: VirtualMachineID
    /// Its virtual processors, as far as the hypervisor counts for them.
    public var processors: [Processor] = []
    /// What the hypervisor counts for the whole VM, by the kernel's names (`remote_tlb_flush`, `pages_4k`, ...).
    public var hypervisor: [String: Int64] = [:]
    /// Memory that the balloon leaves to the guest.
    public var balloon: Bytes?
    /// Memory as the guest sees it; `nil` where it has not said, or not lately.
    public var guestMemory: GuestView?
    /// Its disks.
    public var disks: [Disk] = []
    /// Its network interfaces.
    public var interfaces: [Interface] = []
    /// Its snapshots; `nil` where the provider cannot know them.
    public var snapshots: [Snapshot]?
    /// The version of QEMU that runs it, such as `7.2.22`.
    public var emulatorVersion: String?
    /// QEMU's machine type, such as `pc-q35-7.2`.
    public var machineType: String?
    /// QEMU's CPU model, such as `qemu64` or `host-passthrough`.
    public var processorModel: String?

    /// Nothing is known of the VM yet.
    public init(id: VirtualMachineID) {
        self.id = id
    }

    /// What the hypervisor counts for one virtual processor (Linux `Documentation/virt/kvm/api.rst`,
    /// `KVM_GET_STATS_FD`).
    public struct Processor: Hashable, Sendable {
        /// Its number, from 0.
        public var number: Int
        /// How often it left guest code.
        public var exits: Int64?
        /// Exits because it had nothing to do.
        public var haltExits: Int64?
        /// Nanoseconds blocked with nothing to do.
        public var haltWaitNanoseconds: Int64?
        /// Nanoseconds that the host polled before work came.
        public var haltPollSuccessNanoseconds: Int64?
        /// Nanoseconds that the host polled in vain.
        public var haltPollFailNanoseconds: Int64?
        /// Exits in which the host had to emulate an instruction.
        public var instructionEmulations: Int64?
        /// Exits to the emulator: devices.
        public var inputOutputExits: Int64?
        /// Exits because of a register of the device kind (MMIO).
        public var memoryMappedExits: Int64?
        /// Exits because of interrupts of the host.
        public var interruptExits: Int64?
        /// Faults of the guest's memory that the host had to answer.
        public var pageFaults: Int64?

        /// A virtual processor of which nothing is known yet.
        public init(number: Int) {
            self.number = number
        }
    }

    /// Memory by the guest's own figures (virtio balloon).
    public struct GuestView: Hashable, Sendable {
        /// All that the guest has.
        public var total: Bytes?
        /// What it could still give to programs.
        public var available: Bytes?
        /// What is used for nothing.
        public var free: Bytes?
        /// Bytes that the guest read from its swap.
        public var swappedIn: Bytes?
        /// Bytes that the guest wrote to its swap.
        public var swappedOut: Bytes?
        /// Page faults of the guest that a disk had to answer.
        public var majorFaults: Int64?
        /// When the guest said so, by the host's clock.
        public var updated: Timestamp?

        /// Nothing is known yet.
        public init() {}
    }

    /// Requests of one kind on one disk.
    public struct Requests: Hashable, Sendable {
        /// How many.
        public var count: Int64
        /// Bytes moved.
        public var bytes: Int64
        /// Nanoseconds that they took together; `nil` where nobody measures it.
        public var nanoseconds: Int64?

        /// Requests of one kind.
        public init(count: Int64, bytes: Int64, nanoseconds: Int64? = nil) {
            self.count = count
            self.bytes = bytes
            self.nanoseconds = nanoseconds
        }
    }

    /// A virtual disk.
    public struct Disk: Hashable, Sendable {
        /// What the provider calls it: `vda`, or a device's name.
        public var name: String
        /// The image or device behind it, as an absolute path or a network address; `nil` while it is empty.
        public var path: String?
        /// How the image is stored: `raw`, `qcow2`.
        public var format: String?
        /// How the guest sees it: `virtio`, `ide`, `scsi`, `sata`.
        public var bus: String?
        /// How the host keeps what the guest writes, by QEMU's word for it: `none`, `writeback`.
        public var cache: String?
        /// Whether it is a device of the host rather than a file.
        public var isBlockDevice: Bool?
        /// Whether all of its room was given to it when it was made; `false` for one that grows.
        public var isPreallocated: Bool?
        /// Bytes that the guest sees.
        public var capacity: Bytes?
        /// Bytes of storage that it takes.
        public var allocation: Bytes?
        /// Reads.
        public var reads: Requests?
        /// Writes.
        public var writes: Requests?
        /// Flushes; their bytes are 0.
        public var flushes: Requests?
        /// How many images it stands on.
        public var backingImages: Int?

        /// A disk of which nothing is known but its name.
        public init(name: String) {
            self.name = name
        }
    }

    /// A virtual network interface.
    public struct Interface: Hashable, Sendable {
        /// The host's end of it (`vnet0`, a tap), or the device's name where it has none.
        public var name: String
        /// What the guest sees: `virtio`, `e1000`, `rtl8139`.
        public var model: String?
        /// The bridge or network that it is on.
        public var bridge: String?
        /// What the guest received; `nil` where nobody counts.
        public var received: NetworkTraffic?
        /// What the guest sent.
        public var sent: NetworkTraffic?

        /// An interface of which nothing is known but its name.
        public init(name: String) {
            self.name = name
        }
    }

    /// A snapshot of the VM or of one of its disks.
    public struct Snapshot: Hashable, Sendable {
        /// Its name.
        public var name: String
        /// When it was taken.
        public var time: Timestamp

        /// A snapshot.
        public init(name: String, time: Timestamp) {
            self.name = name
            self.time = time
        }
    }
}
