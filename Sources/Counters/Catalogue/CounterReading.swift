import FleetModel

/// Which series a value belongs to, without its texts: cheap to make and to look up with every sample.
public struct SeriesKey: Hashable, Sendable {
    /// What a series is about, besides its host.
    public enum Subject: Hashable, Sendable {
        /// The host.
        case host
        /// One mode of a logical processor.
        case runTime(logicalProcessor: Int, RunTimeMode)
        /// A VM.
        case machine(VirtualMachineID)
        /// A VM's processor; -1 where one thread runs all of them.
        case virtualProcessor(VirtualMachineID, Int)
        /// A VM with how it is here and who manages it.
        case machineState(VirtualMachineID, Accelerator?, VirtualMachineState, manager: String)
        /// A logical processor.
        case logicalProcessor(Int)
        /// A figure of a logical processor over the seconds of an interval.
        case logicalProcessorStatistic(Int, Statistic)
        /// A figure of the host over the seconds of an interval.
        case hostStatistic(Statistic)
        /// A figure of a VM's processor over the seconds of an interval.
        case virtualProcessorStatistic(VirtualMachineID, Int, Statistic)
        /// A figure of waiting over the seconds of an interval.
        case pressureStatistic(Resource, Stall, Statistic)
        /// A NUMA node, and what of it.
        case node(Int, String)
        /// What a VM has on a NUMA node.
        case machineNode(VirtualMachineID, Int)
        /// What a VM's threads wait for.
        case machinePressure(VirtualMachineID, Resource, Stall)
        /// Something with a name: the value of the counter's one label.
        case part(String)
        /// Something with several names: the values of the counter's labels, in their order.
        case parts([String])
        /// Something of a VM: the values of the counter's labels after `vm` and `name`, in their order.
        case machineParts(VirtualMachineID, [String])
        /// One of the agent's readers.
        case reader(Reader)
        /// What goes one way.
        case flow(Flow)
        /// A resource that tasks wait for: some of them, or all at once.
        case pressure(Resource, Stall)
        /// The mean over some minutes.
        case mean(minutes: Int)
        /// A disk by its name in `/dev`, and which way.
        case disk(String, Flow?)
        /// A network interface, and which way.
        case interface(String, Flow)
    }

    /// Which way something goes.
    public enum Flow: String, Sendable {
        /// Into memory, or out of it.
        case inward = "in", outward = "out"
        /// From a disk, or to it.
        case read, written
        /// From a network, or to it.
        case received, sent
    }

    /// What tasks wait for.
    public enum Resource: String, CaseIterable, Sendable { case cpu, memory, io }

    /// Whether some tasks wait, or all that could run.
    public enum Stall: String, CaseIterable, Sendable { case some, full }

    /// What is said of the seconds of an interval.
    public enum Statistic: String, Sendable {
        /// Their mean.
        case average = "avg"
        /// The highest.
        case maximum = "max"
        /// The 95th percentile, between the two nearest as PromQL's `quantile_over_time` has it.
        case percentile95 = "p95"
    }

    /// What is counted.
    public var counter: Counter
    /// Of what.
    public var subject: Subject

    /// The series of `counter` about `subject`.
    public init(_ counter: Counter, _ subject: Subject = .host) {
        self.counter = counter
        self.subject = subject
    }

    /// The VM that the series is about.
    public var machine: VirtualMachineID? {
        switch subject {
        case .machine(let id), .virtualProcessor(let id, _), .machineState(let id, _, _, _),
            .virtualProcessorStatistic(let id, _, _), .machineNode(let id, _), .machinePressure(let id, _, _),
            .machineParts(let id, _):
            id
        default: nil
        }
    }

    /// The series' labels: the metric's name, the labels of `host` (`cluster` and `host`), those of its subject.
    public func labels(host: Labels, machineName: String) -> Labels {
        var labels = host
        labels[Labels.metricName] = counter.rawValue
        let names = counter.entry.labels
        if let machine {
            labels["vm"] = machine.text
            labels["name"] = machineName
            // An empty value is no label.
            for (name, value) in zip(names.dropFirst(2), values) where !value.isEmpty { labels[name] = value }
        } else {
            for (name, value) in zip(names, values) where !value.isEmpty { labels[name] = value }
        }
        return labels
    }

    /// The values of the counter's labels in the catalogue's order, those of the VM left out.
    private var values: [String] {
        switch subject {
        case .host, .machine: []
        case .runTime(let number, let mode): [String(number), mode.rawValue]
        case .virtualProcessor(_, let number): [Self.text(ofProcessor: number)]
        case .machineState(_, let accelerator, let state, let manager):
            [accelerator?.rawValue ?? "", state.rawValue, manager]
        case .reader(let reader): [reader.rawValue]
        case .flow(let flow): [flow.rawValue]
        case .machineNode(_, let number): [String(number)]
        case .pressure(let resource, let stall), .machinePressure(_, let resource, let stall):
            [resource.rawValue, stall.rawValue]
        case .mean(let minutes): ["\(minutes)m"]
        case .disk(let name, let flow): [name] + (flow.map { [$0.rawValue] } ?? [])
        case .interface(let name, let flow): [name, flow.rawValue]
        case .logicalProcessor(let number): [String(number)]
        case .logicalProcessorStatistic(let number, let statistic): [String(number), statistic.rawValue]
        case .hostStatistic(let statistic): [statistic.rawValue]
        case .virtualProcessorStatistic(_, let number, let statistic):
            [Self.text(ofProcessor: number), statistic.rawValue]
        case .pressureStatistic(let resource, let stall, let statistic):
            [resource.rawValue, stall.rawValue, statistic.rawValue]
        case .node(let number, let kind): [String(number), kind]
        case .part(let name): [name]
        case .parts(let names), .machineParts(_, let names): names
        }
    }

    private static func text(ofProcessor number: Int) -> String { number < 0 ? "all" : String(number) }
}

/// A part of the agent that reads something, and that can fail without stopping the others.
public enum Reader: String, CaseIterable, Sendable {
    /// Time of logical processors.
    case processors
    /// Memory of the host.
    case memory
    /// Paging and what memory ran out of.
    case paging
    /// Tasks that wait.
    case pressure
    /// Disks.
    case disks
    /// Network interfaces.
    case interfaces
    /// NUMA nodes.
    case nodes
    /// Errors, heat, arrays, paths and links of the hardware.
    case hardware
    /// File systems.
    case fileSystems = "filesystems"
    /// What the host is made of.
    case makeUp = "make_up"
    /// Processes of VMs.
    case machines
    /// What the provider says of its VMs.
    case provider
    /// What the provider says of them at the sending interval.
    case statistics
}

/// One value of one series.
public struct CounterReading: Hashable, Sendable {
    /// Which series.
    public var key: SeriesKey
    /// Its value, in the counter's unit.
    public var value: Double

    /// A value.
    public init(_ key: SeriesKey, _ value: Double) {
        self.key = key
        self.value = value
    }
}
