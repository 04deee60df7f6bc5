import FleetModel

/// Reads the processes of VMs: those that a provider names, and QEMU processes that nobody manages, whose time must not
/// be taken for the host's own.
struct MachineReader: Sendable {
    /// Every thread of every VM, as of the last look.
    private(set) var threads: [MachineThread] = []
    /// Where VMs' time went, as far as it is counted.
    private(set) var uses: [MachineUse] = []
    private let options: SamplerOptions
    private var finder: MachineFinder
    private var processes: [MachineProcess] = []
    private var named: [VirtualMachineStatus] = []
    private var owners: [Int32: Int] = [:]
    /// VMs that the sample tells of already.
    private var told: Set<VirtualMachineID> = []
    /// Whether the kernel tells guest code from the rest, as of the last look.
    private var sight = GuestSight()

    init(_ options: SamplerOptions) {
        self.options = options
        finder = MachineFinder(options)
    }

    /// Reads every process of a VM and appends what is told of `machines` at an interval's end.
    mutating func read(
        _ machines: [VirtualMachineStatus], _ buffer: inout ReadBuffer, depth: SampleDepth, at moment: SampleMoment,
        into sample: inout HostSample
    ) throws(CounterError) {
        threads.removeAll(keepingCapacity: true)
        uses.removeAll(keepingCapacity: true)
        take(machines, &buffer)
        told.removeAll(keepingCapacity: true)
        for machine in named { told.insert(machine.definition.id) }
        var problem: CounterError?
        do throws(CounterError) {
            for found in try finder.find(except: processes, &buffer) {
                open(found.process, found.commandLine.accelerator, found.commandLine, &buffer)
            }
        } catch {
            problem = error
        }
        var place = 0
        while place < processes.count {
            do throws(CounterError) {
                let owner = owners[processes[place].process]
                let isForeign = owner == nil && options.logicalProcessors != nil
                try processes[place].read(
                    into: &threads, uses: &uses, isForeign: isForeign, nanoseconds: moment.nanoseconds,
                    buffer: &buffer)
                report(place, owner.map { named[$0] }, depth, &buffer, into: &sample)
                place += 1
            } catch {
                // Ended since the last look: its files are gone, or say nothing any more.
                processes.remove(at: place)
            }
        }
        sight.look(at: threads)
        if depth == .whole {
            for machine in named where machine.state.ownsGuest { describe(machine, into: &sample) }
        }
        if let problem { throw problem }
    }

    /// Opens the processes of VMs that are new to it.
    private mutating func take(_ machines: [VirtualMachineStatus], _ buffer: inout ReadBuffer) {
        guard machines != named else { return }
        named = machines
        owners.removeAll(keepingCapacity: true)
        for place in machines.indices {
            guard let process = machines[place].process else { continue }
            owners[process] = place
            let accelerator = machines[place].accelerator
            if let known = processes.firstIndex(where: { $0.process == process }) {
                if let accelerator { processes[known].accelerator = accelerator }
            } else {
                open(process, accelerator, nil, &buffer)
            }
        }
    }

    private mutating func open(
        _ process: Int32, _ accelerator: Accelerator?, _ commandLine: QEMUCommandLine?, _ buffer: inout ReadBuffer
    ) {
        guard
            let new = try? MachineProcess(
                process, accelerator: accelerator, commandLine: commandLine, options: options, buffer: &buffer)
        else { return }
        processes.append(new)
    }

    /// Appends values that come from a VM's process; without `machine` it is one that nobody manages.
    private mutating func report(
        _ place: Int, _ machine: VirtualMachineStatus?, _ depth: SampleDepth, _ buffer: inout ReadBuffer,
        into sample: inout HostSample
    ) {
        guard depth == .whole else {
            if let machine { sample.residentMemory[machine.definition.id] = processes[place].residentMemory }
            return
        }
        var status = machine
        if status == nil, options.logicalProcessors == nil {
            status = processes[place].unmanagedStatus(besides: told)
            if let status {
                told.insert(status.definition.id)
                sample.unmanaged.append(status)
                describe(status, into: &sample)
                let definition = status.definition
                sample.append(
                    .machineHardware,
                    .machineParts(definition.id, [definition.machine, definition.processorModel, ""]), 1)
            }
        }
        guard let status else { return }
        let id = status.definition.id
        sample.residentMemory[id] = processes[place].residentMemory
        guard status.state.ownsGuest else { return }
        sample.append(.machineRun, .machine(id), processes[place].runSeconds)
        sample.append(.machineResidentMemory, .machine(id), Double(processes[place].residentMemory.count))
        appendProcessors(place, id, to: &sample)
        processes[place].appendGroup(id, &buffer, to: &sample)
    }

    private mutating func appendProcessors(_ place: Int, _ id: VirtualMachineID, to sample: inout HostSample) {
        let isTranslated = processes[place].accelerator == .tcg
        for index in processes[place].virtualProcessors.indices {
            let processor = processes[place].virtualProcessors[index]
            let subject = SeriesKey.Subject.virtualProcessor(id, processor.number)
            sample.append(.virtualProcessorRun, subject, processor.runSeconds)
            // Its ticks may run ahead of the nanoseconds of the whole. Where the platform does not see guest code it is
            // not reported: unknown is not zero.
            let counted = isTranslated ? processor.userSeconds : processor.guestSeconds
            if isTranslated || sight.isClear {
                sample.append(.virtualProcessorGuest, subject, min(counted, processor.runSeconds))
            }
            if let wait = processor.waitSeconds { sample.append(.virtualProcessorWait, subject, wait) }
            if let count = processor.dispatches { sample.append(.virtualProcessorDispatches, subject, Double(count)) }
            let shares = processes[place].finishShares(of: processor)
            func append(_ counter: Counter, _ statistic: SeriesKey.Statistic, _ value: Double) {
                sample.append(counter, .virtualProcessorStatistic(id, processor.number, statistic), value)
            }
            if let busy = shares.busy {
                append(.virtualProcessorBusy, .average, busy.average)
                append(.virtualProcessorBusy, .maximum, busy.maximum)
            }
            if let waiting = shares.waiting {
                append(.virtualProcessorWaitRatio, .average, waiting.average)
                append(.virtualProcessorWaitRatio, .percentile95, waiting.percentile95)
                append(.virtualProcessorWaitRatio, .maximum, waiting.maximum)
            }
        }
    }

    /// Appends values that come from a VM's definition.
    private func describe(_ machine: VirtualMachineStatus, into sample: inout HostSample) {
        let id = machine.definition.id
        sample.append(.machineMemory, .machine(id), Double(machine.definition.memory.count))
        sample.append(.virtualProcessors, .machine(id), Double(machine.definition.virtualProcessors))
        if machine.restarts != nil || machine.definition.restart != .never {
            sample.append(.machineRestarts, .machine(id), Double(machine.restarts ?? 0))
        }
        sample.append(
            .machineInformation,
            .machineState(id, machine.accelerator, machine.state, manager: machine.manager ?? "evenkeel"), 1)
    }
}
