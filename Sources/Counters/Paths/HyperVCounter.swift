/// One counter of Hyper-V, or of the Windows that Hyper-V hosts run, and how Linux answers it. A table's entry: a new
/// counter is one of these in `HyperVCatalogue`.
public struct HyperVCounter: Hashable, Sendable {
    /// What `_Total` is.
    public enum Total: Hashable, Sendable {
        /// The mean over the instances, as Windows has it of percentages.
        case mean
        /// The formula over all instances as if they were one: sums of rates and sizes, and of what is reckoned for each
        /// event the mean over all events.
        case whole
        /// A formula of its own, of what Linux counts for the machine as a whole.
        case own(CounterFormula)
    }

    /// The object.
    public var object: HyperVObject
    /// The counter's name.
    public var name: String
    /// The value's unit: `%`, `bytes/s`, `ns`.
    public var unit: String
    /// What `_Total` is; of no account in objects without it.
    public var total: Total
    /// How the value is made.
    public var formula: CounterFormula
    /// What it says on a KVM host, in a sentence.
    public var help: String

    init(
        _ object: HyperVObject, _ name: String, _ unit: String, total: Total = .whole, _ formula: CounterFormula,
        help: String
    ) {
        self.object = object
        self.name = name
        self.unit = unit
        self.total = total
        self.formula = formula
        self.help = help
    }

    /// The path of all its instances: `\PhysicalDisk(*)\Disk Bytes/sec`.
    public var path: String {
        #"\"# + object.name + (object.instances == nil ? "" : "(*)") + #"\"# + name
    }
}

/// Every Hyper-V counter that is answered.
public enum HyperVCatalogue {
    /// All entries, objects together.
    public static let counters: [HyperVCounter] =
        processorCounters + machineCounters + machineDeviceCounters + memoryCounters + diskCounters + networkCounters

    /// The objects, each once, in the catalogue's order.
    public static let objects: [HyperVObject] = counters.reduce(into: []) { found, counter in
        if !found.contains(counter.object) { found.append(counter.object) }
    }
}
