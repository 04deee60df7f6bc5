import FleetModel
import Glibc

/// What a sampler looks at.
public struct SamplerOptions: Hashable, Sendable {
    /// The host's logical processors; `nil` for all that are online. A host with a part of them is a partition of the
    /// machine: VMs that its provider does not know belong to other partitions.
    public var logicalProcessors: LogicalProcessorSet?
    /// The host's share of the machine's memory; `nil` for all of it.
    public var memory: Bytes?
    /// Where the kernel's files are.
    public var procFolder: String
    /// Where the kernel lists the machine's disks.
    public var blockFolder: String

    /// Without arguments the whole machine.
    public init(
        logicalProcessors: LogicalProcessorSet? = nil, memory: Bytes? = nil, procFolder: String = "/proc",
        blockFolder: String = "/sys/block"
    ) {
        self.logicalProcessors = logicalProcessors
        self.memory = memory
        self.procFolder = procFolder
        self.blockFolder = blockFolder
    }
}

/// Reads a host's counters: each file once a sample, with `pread`, into a buffer that is used again. A reader that fails
/// is reported and leaves the others alone.
public struct HostSampler: Sendable {
    private let options: SamplerOptions
    private var buffer = ReadBuffer()
    private var statFile: ProcFile?
    private var memoryFile: ProcFile?
    private var device = DeviceReaders()
    private var stat = ProcStat()
    private var threads: [MachineThread] = []
    private var account: LogicalProcessorAccount
    private var finder = MachineFinder()
    private var processes: [Int32: MachineProcess] = [:]

    /// A sampler of the host that `options` describe; nothing is read yet.
    public init(_ options: SamplerOptions = SamplerOptions()) {
        self.options = options
        account = LogicalProcessorAccount(scope: options.logicalProcessors)
    }

    /// Looks at the host and at `machines`, which are the provider's VMs on it, at `ticks` (of 10 ms) since the machine
    /// started; `SystemTicks.now` is the real one. Values of a VM are reported only while its guest lives here.
    public mutating func sample(_ machines: [VirtualMachineStatus], ticks: Int64 = SystemTicks.now) -> HostSample {
        var sample = HostSample()
        threads.removeAll(keepingCapacity: true)
        measure(.machines, in: &sample) { sampler, sample throws(CounterError) in
            try sampler.readMachines(machines, into: &sample)
        }
        measure(.processors, in: &sample) { sampler, sample throws(CounterError) in
            try sampler.readProcessors(into: &sample, ticks: ticks)
        }
        measure(.memory, in: &sample) { sampler, sample throws(CounterError) in
            try sampler.readMemory(into: &sample)
        }
        // What belongs to the machine as a whole is nobody's who has a part of it.
        guard options.logicalProcessors == nil else { return sample }
        for reader in DeviceReaders.all {
            measure(reader, in: &sample) { sampler, sample throws(CounterError) in
                try sampler.device.read(reader, sampler.options, &sampler.buffer, into: &sample)
            }
        }
        return sample
    }

    private mutating func measure(
        _ reader: Reader, in sample: inout HostSample,
        _ body: (inout HostSampler, inout HostSample) throws(CounterError) -> Void
    ) {
        let begin = ContinuousClock.now
        do throws(CounterError) {
            try body(&self, &sample)
        } catch {
            sample.problems[reader] = error
        }
        sample.append(.readerSuccess, .reader(reader), sample.problems[reader] == nil ? 1 : 0)
        sample.append(.readerDuration, .reader(reader), (ContinuousClock.now - begin).inSeconds)
    }

    private mutating func readProcessors(into sample: inout HostSample, ticks: Int64) throws(CounterError) {
        let file = try Self.opened(&statFile, "\(options.procFolder)/stat")
        let length = try file.read(into: &buffer)
        let content = buffer.bytes
        try stat.parse(content.span.extracting(0..<length), path: file.path)
        account.receive(stat, threads: threads, ticks: ticks)
        let entries = account.entries
        sample.logicalProcessors = entries.count
        sample.append(.logicalProcessors, .host, Double(entries.count))
        for entry in entries {
            for mode in account.modes {
                sample.append(
                    .logicalProcessorRun, .runTime(logicalProcessor: entry.number, mode),
                    Double(entry.times[mode]) / 1e9)
            }
        }
        // The machine's context switches are not those of a part of it.
        if options.logicalProcessors == nil, let switches = stat.contextSwitches {
            sample.append(.contextSwitches, .host, Double(switches))
        }
        let missing = options.logicalProcessors?.numbers.filter { number in !entries.contains { $0.number == number } }
        if let missing, !missing.isEmpty { throw .logicalProcessorsOffline(missing) }
    }

    private mutating func readMemory(into sample: inout HostSample) throws(CounterError) {
        let file = try Self.opened(&memoryFile, "\(options.procFolder)/meminfo")
        let length = try file.read(into: &buffer)
        let information = try MemoryInformation(parsing: buffer.bytes.span.extracting(0..<length), path: file.path)
        var available = information.available.map { Bytes($0) }
        if let budget = options.memory, let real = available {
            // What is not known to be held cannot be known to be left.
            let held = sample.residentMemory.values.reduce(Bytes.zero, +)
            let isComplete = sample.problems[.machines] == nil
            available = isComplete ? min(real, max(.zero, budget - held)) : nil
        }
        let memory = options.memory ?? Bytes(information.total)
        sample.memory = memory
        sample.memoryAvailable = available
        sample.append(.memory, .host, Double(memory.count))
        if let available { sample.append(.memoryAvailable, .host, Double(available.count)) }
    }
}

extension HostSampler {
    private static func opened(_ file: inout ProcFile?, _ path: String) throws(CounterError) -> ProcFile {
        if let file { return file }
        let fresh = try ProcFile(path)
        file = fresh
        return fresh
    }
}

// MARK: - Virtual machines

extension HostSampler {
    private mutating func readMachines(
        _ machines: [VirtualMachineStatus], into sample: inout HostSample
    ) throws(CounterError) {
        var owned: [Int32: VirtualMachineStatus] = [:]
        for machine in machines {
            if let process = machine.process { owned[process] = machine }
        }
        var firstProblem: CounterError?
        do throws(CounterError) {
            try findProcesses(owned)
        } catch {
            firstProblem = error
        }
        for process in Array(processes.keys) {
            do throws(CounterError) {
                let isForeign = owned[process] == nil && options.logicalProcessors != nil
                try processes[process]?.read(into: &threads, isForeign: isForeign, buffer: &buffer)
                if let machine = owned[process], let entry = processes[process] {
                    report(machine, entry, into: &sample)
                }
            } catch {
                // Ended since the last sample: its files are gone, or say nothing any more.
                processes[process] = nil
            }
        }
        for machine in machines where machine.state.ownsGuest { describe(machine, into: &sample) }
        if let firstProblem { throw firstProblem }
    }

    /// Opens the processes that the provider names and those that are found besides.
    private mutating func findProcesses(_ owned: [Int32: VirtualMachineStatus]) throws(CounterError) {
        for (process, machine) in owned {
            if processes[process] == nil { open(process, accelerator: machine.accelerator) }
            if let accelerator = machine.accelerator { processes[process]?.accelerator = accelerator }
        }
        let known = Set(processes.keys)
        for found in try finder.find(in: options.procFolder, except: known, buffer: &buffer) {
            open(found.process, accelerator: found.commandLine.accelerator)
        }
    }

    private mutating func open(_ process: Int32, accelerator: Accelerator?) {
        processes[process] = try? MachineProcess(
            process, accelerator: accelerator, root: options.procFolder, buffer: &buffer)
    }

    /// Values that come from a VM's process.
    private func report(_ machine: VirtualMachineStatus, _ process: MachineProcess, into sample: inout HostSample) {
        let id = machine.definition.id
        sample.residentMemory[id] = process.residentMemory
        guard machine.state.ownsGuest else { return }
        sample.append(.machineRun, .machine(id), process.runSeconds)
        sample.append(.machineResidentMemory, .machine(id), Double(process.residentMemory.count))
        for processor in process.virtualProcessors {
            let subject = SeriesKey.Subject.virtualProcessor(id, processor.number)
            sample.append(.virtualProcessorRun, subject, processor.runSeconds)
            if processor.isTranslated || account.seesGuestCode {
                sample.append(.virtualProcessorGuest, subject, processor.guestSeconds)
            }
            if let wait = processor.waitSeconds { sample.append(.virtualProcessorWait, subject, wait) }
            if let count = processor.dispatches {
                sample.append(.virtualProcessorDispatches, subject, Double(count))
            }
        }
    }

    /// Values that come from a VM's provider.
    private func describe(_ machine: VirtualMachineStatus, into sample: inout HostSample) {
        let id = machine.definition.id
        sample.append(.machineMemory, .machine(id), Double(machine.definition.memory.count))
        sample.append(.machineInformation, .machineState(id, machine.accelerator, machine.state), 1)
    }
}

/// The kernel's own clock for the start of processes.
public enum SystemTicks {
    /// Ticks of 10 ms since the machine started, time asleep included (`CLOCK_BOOTTIME`).
    public static var now: Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_BOOTTIME, &time)
        return Int64(time.tv_sec) * 100 + Int64(time.tv_nsec) / 10_000_000
    }
}
