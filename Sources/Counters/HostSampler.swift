import FleetModel
import Glibc

/// What a sampler looks at.
public struct SamplerOptions: Hashable, Sendable {
    /// Versions of what runs VMs here, for the host's make-up; `nil` for what is not known.
    public struct Versions: Hashable, Sendable {
        /// QEMU's, such as `7.2.22`.
        public var emulator: String?
        /// libvirt's, such as `9.0.0`.
        public var libvirt: String?

        /// Nothing is known.
        public init() {}
    }

    /// The host's logical processors; `nil` for all that are online. A host with a part of them is a partition of the
    /// machine: VMs that its provider does not know belong to other partitions.
    public var logicalProcessors: LogicalProcessorSet?
    /// The host's share of the machine's memory; `nil` for all of it.
    public var memory: Bytes?
    /// Where the kernel's files are.
    public var procFolder: String
    /// Where the kernel's devices are.
    public var sysFolder: String
    /// What stands before the mount points of file systems.
    public var rootFolder = ""
    /// Versions of what runs VMs here.
    public var versions = Versions()

    /// Without arguments the whole machine.
    public init(
        logicalProcessors: LogicalProcessorSet? = nil, memory: Bytes? = nil, procFolder: String = "/proc",
        sysFolder: String = "/sys"
    ) {
        self.logicalProcessors = logicalProcessors
        self.memory = memory
        self.procFolder = procFolder
        self.sysFolder = sysFolder
    }
}

/// Reads a host's counters: each file once a look, with `pread`, into a buffer that is used again. A reader that fails
/// is reported and leaves the others alone.
public struct HostSampler: Sendable {
    let options: SamplerOptions
    var buffer = ReadBuffer()
    private var processors: ProcessorReader
    private var memory: MemoryReader
    private var paging: PagingReader
    private var pressure: PressureReader
    private var disks: DiskReader
    private var interfaces: InterfaceReader
    private var nodes: NodeReader
    private var hardware: HardwareReader
    private var fileSystems: FileSystemReader
    private var makeUp: MakeUpReader
    private var machines: MachineReader

    /// A sampler of the host that `options` describe; nothing is read yet.
    public init(_ options: SamplerOptions = SamplerOptions()) {
        self.options = options
        processors = ProcessorReader(options)
        memory = MemoryReader(options)
        paging = PagingReader(options)
        pressure = PressureReader(options)
        disks = DiskReader(options)
        interfaces = InterfaceReader(options)
        nodes = NodeReader(options)
        hardware = HardwareReader(options)
        fileSystems = FileSystemReader(options)
        makeUp = MakeUpReader(options)
        machines = MachineReader(options)
    }

    /// Looks at the whole host and at `machines`, which are the providers' VMs on it; for tests and single looks.
    public mutating func sample(_ machines: [VirtualMachineStatus], ticks: Int64? = nil) -> HostSample {
        var sample = HostSample()
        let moment = ticks.map { SampleMoment(ticks: $0, nanoseconds: $0 * ThreadLedger.tick) } ?? SystemClocks.now
        look(.whole, machines, at: moment, into: &sample)
        return sample
    }

    /// Looks at the host and at `machines`, which are the providers' VMs on it, into `sample`, whose room is used again.
    /// Values of a VM are reported only while its guest lives here.
    public mutating func look(
        _ depth: SampleDepth, _ machines: [VirtualMachineStatus], at moment: SampleMoment = SystemClocks.now,
        into sample: inout HostSample
    ) {
        sample.clear()
        measure(.machines, depth, &sample) { sampler, sample throws(CounterError) in
            try sampler.machines.read(machines, &sampler.buffer, depth: depth, at: moment, into: &sample)
        }
        measure(.processors, depth, &sample) { sampler, sample throws(CounterError) in
            try sampler.processors.read(
                sampler.machines, &sampler.buffer, depth: depth, ticks: moment.ticks, into: &sample)
        }
        measure(.memory, depth, &sample) { sampler, sample throws(CounterError) in
            try sampler.memory.read(sampler.options, &sampler.buffer, depth: depth, into: &sample)
        }
        // What belongs to the machine as a whole is nobody's who has a part of it.
        guard options.logicalProcessors == nil else { return }
        measure(.pressure, depth, &sample) { sampler, sample throws(CounterError) in
            try sampler.pressure.read(
                &sampler.buffer, depth: depth, nanoseconds: moment.nanoseconds, into: &sample)
        }
        if depth == .whole { lookAtDevices(moment.nanoseconds, &sample) }
    }

    private mutating func lookAtDevices(_ nanoseconds: Int64, _ sample: inout HostSample) {
        measure(.paging, .whole, &sample) { sampler, sample throws(CounterError) in
            try sampler.paging.read(&sampler.buffer, into: &sample)
        }
        measure(.disks, .whole, &sample) { sampler, sample throws(CounterError) in
            try sampler.disks.read(&sampler.buffer, into: &sample)
        }
        measure(.interfaces, .whole, &sample) { sampler, sample throws(CounterError) in
            try sampler.interfaces.read(&sampler.buffer, into: &sample)
        }
        measure(.nodes, .whole, &sample) { sampler, sample throws(CounterError) in
            try sampler.nodes.read(&sampler.buffer, into: &sample)
        }
        measure(.hardware, .whole, &sample) { sampler, sample throws(CounterError) in
            try sampler.hardware.read(&sampler.buffer, nanoseconds: nanoseconds, into: &sample)
        }
        measure(.fileSystems, .whole, &sample) { sampler, sample throws(CounterError) in
            try sampler.fileSystems.read(&sampler.buffer, nanoseconds: nanoseconds, into: &sample)
        }
        measure(.makeUp, .whole, &sample) { sampler, sample throws(CounterError) in
            try sampler.makeUp.read(&sampler.buffer, nanoseconds: nanoseconds, into: &sample)
        }
    }

    private mutating func measure(
        _ reader: Reader, _ depth: SampleDepth, _ sample: inout HostSample,
        _ body: (inout HostSampler, inout HostSample) throws(CounterError) -> Void
    ) {
        let begin = SystemClocks.monotonicNanoseconds
        do throws(CounterError) {
            try body(&self, &sample)
        } catch {
            sample.problems[reader] = error
        }
        guard depth == .whole else { return }
        sample.append(.readerSuccess, .reader(reader), sample.problems[reader] == nil ? 1 : 0)
        sample.append(.readerDuration, .reader(reader), Double(SystemClocks.monotonicNanoseconds - begin) / 1e9)
    }
}

/// The kernel's own clocks, which nobody sets.
public enum SystemClocks {
    /// This moment.
    public static var now: SampleMoment {
        SampleMoment(ticks: nanoseconds(of: CLOCK_BOOTTIME) / ThreadLedger.tick, nanoseconds: monotonicNanoseconds)
    }

    /// Nanoseconds of `CLOCK_MONOTONIC`.
    public static var monotonicNanoseconds: Int64 { nanoseconds(of: CLOCK_MONOTONIC) }

    private static func nanoseconds(of clock: clockid_t) -> Int64 {
        var time = timespec()
        unsafe clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
