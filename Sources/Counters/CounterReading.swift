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
        /// A VM with how it is here.
        case machineState(VirtualMachineID, Accelerator?, VirtualMachineState)
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
    public enum Stall: String, Sendable { case some, full }

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
        case .machine(let id), .virtualProcessor(let id, _), .machineState(let id, _, _): id
        case .host, .runTime, .reader, .flow, .pressure, .mean, .disk, .interface: nil
        }
    }

    /// The series' labels: the metric's name, the labels of `host` (`cluster` and `host`), those of its subject.
    public func labels(host: Labels, machineName: String) -> Labels {
        var labels = host
        labels[Labels.metricName] = counter.rawValue
        if let machine {
            labels["vm"] = machine.text
            labels["name"] = machineName
        }
        switch subject {
        case .host, .machine: break
        case .runTime(let number, let mode):
            labels["lp"] = String(number)
            labels["mode"] = mode.rawValue
        case .virtualProcessor(_, let number):
            labels["vp"] = number < 0 ? "all" : String(number)
        case .machineState(_, let accelerator, let state):
            labels["accelerator"] = accelerator?.rawValue ?? ""
            labels["state"] = state.rawValue
        case .reader(let reader):
            labels["reader"] = reader.rawValue
        case .flow, .pressure, .mean, .disk, .interface: addDevice(to: &labels)
        }
        return labels
    }

    /// The labels of what belongs to the machine as a whole.
    private func addDevice(to labels: inout Labels) {
        switch subject {
        case .flow(let flow): labels["direction"] = flow.rawValue
        case .pressure(let resource, let stall):
            labels["resource"] = resource.rawValue
            labels["stall"] = stall.rawValue
        case .mean(let minutes): labels["window"] = "\(minutes)m"
        case .disk(let name, let flow):
            labels["device"] = name
            if let flow { labels["direction"] = flow.rawValue }
        case .interface(let name, let flow):
            labels["interface"] = name
            labels["direction"] = flow.rawValue
        default: break
        }
    }
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
    /// Processes of VMs.
    case machines
    /// What the provider says of its VMs.
    case provider
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
