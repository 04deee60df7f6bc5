import FleetModel

/// The control group of one VM, where it has one to itself: its time to the nanosecond, on version 1 for each logical
/// processor, what it waited for, where its memory is.
struct MachineGroup: Sendable {
    /// Nanoseconds on each logical processor since the group was made, by number; empty where the kernel does not say
    /// (version 2).
    private(set) var processorNanoseconds: [Int64] = []
    /// Nanoseconds that the whole group has run.
    private(set) var runNanoseconds: Int64?
    private var usageByProcessor: OptionalFile?
    private var usage: OptionalFile?
    private var statistics: OptionalFile?
    private var nodes: OptionalFile?
    private var pressures: [(resource: SeriesKey.Resource, file: OptionalFile)] = []
    private var usages = ControlGroupProcessorUsage()
    private var nodeMemory = ControlGroupNodeMemory()

    /// Finds the group of `process`; `nil` where it shares its group with others, so that the group's figures are not
    /// its own.
    init?(_ process: Int32, _ options: SamplerOptions, buffer: inout ReadBuffer) {
        var file = OptionalFile("\(options.procFolder)/\(process)/cgroup")
        guard let length = try? file.read(into: &buffer),
            let membership = try? ControlGroupMembership(
                parsing: buffer.bytes.span.extracting(0..<length), path: file.path)
        else { return nil }
        let groups = ControlGroups(options.sysFolder)
        func folder(_ controller: String, _ buffer: inout ReadBuffer) -> (path: String, isFirst: Bool)? {
            guard let found = groups.folder(of: controller, membership),
                let path = Self.own(found.path, process, &buffer)
            else { return nil }
            return (path, found.isFirst)
        }
        let time = folder("cpuacct", &buffer)
        let memory = folder("memory", &buffer)
        if time == nil && memory == nil { return nil }
        if let memory { nodes = OptionalFile("\(memory.path)/memory.numa_stat") }
        guard let time else { return }
        statistics = OptionalFile("\(time.path)/cpu.stat")
        if time.isFirst {
            usageByProcessor = OptionalFile("\(time.path)/cpuacct.usage_percpu")
            usage = OptionalFile("\(time.path)/cpuacct.usage")
        } else {
            pressures = SeriesKey.Resource.allCases.map { ($0, OptionalFile("\(time.path)/\($0.rawValue).pressure")) }
        }
    }

    /// The folder of a group that is `process`'s alone: libvirt's and our own scopes, which hold one VM each, or any
    /// other in which there is no second process.
    private static func own(_ folder: String, _ process: Int32, _ buffer: inout ReadBuffer) -> String? {
        let machine = ControlGroupMembership.machinePath(in: folder)
        let last = machine.split(separator: "/").last ?? ""
        if last.hasPrefix("machine-qemu") || last.hasPrefix("evenkeel-vm-") || last.hasSuffix(".libvirt-qemu") {
            return machine
        }
        var file = OptionalFile("\(folder)/cgroup.procs")
        guard let length = try? file.read(into: &buffer) else { return nil }
        let bytes = buffer.bytes.span.extracting(0..<length)
        var place = 0
        guard bytes.decimal(&place) == Int64(process), bytes.line(from: place).isEmpty,
            bytes.lineEnd(from: place) == bytes.count
        else { return nil }
        return folder
    }

    /// Reads the times; a file that is gone leaves them unknown.
    mutating func read(_ buffer: inout ReadBuffer) {
        processorNanoseconds.removeAll(keepingCapacity: true)
        runNanoseconds = nil
        if let path = usageByProcessor?.path, let length = (try? usageByProcessor?.read(into: &buffer)) ?? nil {
            try? usages.parse(buffer.bytes.span.extracting(0..<length), path: path)
            processorNanoseconds.append(contentsOf: usages.nanoseconds)
        }
        if let whole = (try? usage?.count(&buffer)) ?? nil { runNanoseconds = whole }
        guard usage == nil, let path = statistics?.path, let length = (try? statistics?.read(into: &buffer)) ?? nil
        else { return }
        let time = try? ControlGroupProcessorTime(parsing: buffer.bytes.span.extracting(0..<length), path: path)
        runNanoseconds = time?.usageNanoseconds
    }

    /// Appends what is read at the sending interval alone.
    mutating func append(
        _ id: SeriesKey.Subject, _ machine: VirtualMachineID, _ buffer: inout ReadBuffer, to sample: inout HostSample
    ) {
        if let path = statistics?.path, let length = (try? statistics?.read(into: &buffer)) ?? nil,
            let time = try? ControlGroupProcessorTime(parsing: buffer.bytes.span.extracting(0..<length), path: path),
            let throttled = time.throttledNanoseconds
        {
            sample.append(.machineThrottled, id, Double(throttled) / 1e9)
        }
        for place in pressures.indices {
            let path = pressures[place].file.path
            guard let length = (try? pressures[place].file.read(into: &buffer)) ?? nil,
                let stall = try? PressureStall(parsing: buffer.bytes.span.extracting(0..<length), path: path)
            else { continue }
            for (kind, line) in [(SeriesKey.Stall.some, stall.some), (.full, stall.full)] {
                guard let line else { continue }
                sample.append(
                    .machinePressure, .machinePressure(machine, pressures[place].resource, kind),
                    Double(line.totalMicroseconds) / 1e6)
            }
        }
        appendNodes(id, machine, &buffer, to: &sample)
    }

    private mutating func appendNodes(
        _ id: SeriesKey.Subject, _ machine: VirtualMachineID, _ buffer: inout ReadBuffer, to sample: inout HostSample
    ) {
        guard let path = nodes?.path, let length = (try? nodes?.read(into: &buffer)) ?? nil,
            (try? nodeMemory.parse(buffer.bytes.span.extracting(0..<length), path: path)) != nil
        else { return }
        var (sum, most) = (0.0, 0.0)
        for node in nodeMemory.nodes {
            let bytes = node.anonymous.addingReportingOverflow(node.file).partialValue
            sample.append(.machineNodeMemory, .machineNode(machine, node.number), Double(bytes))
            sum += Double(bytes)
            most = max(most, Double(bytes))
        }
        sample.append(.machineRemoteMemory, id, sum - most)
    }
}
