import FleetModel

/// How much a look at a host takes in.
public enum SampleDepth: Sendable {
    /// What changes by the second: run times, waiting, memory left. Nothing of it is told before the interval's end.
    case second
    /// Everything, at an interval's end.
    case whole
}

/// When a look is taken, by the two clocks of the kernel that nobody sets.
public struct SampleMoment: Hashable, Sendable {
    /// Ticks of 10 ms since the machine started, time asleep included (`CLOCK_BOOTTIME`): what starts of processes are
    /// told in.
    public var ticks: Int64
    /// Nanoseconds since some moment (`CLOCK_MONOTONIC`).
    public var nanoseconds: Int64

    /// A moment.
    public init(ticks: Int64, nanoseconds: Int64) {
        self.ticks = ticks
        self.nanoseconds = nanoseconds
    }
}

/// What one look at a host gave.
public struct HostSample: Sendable {
    /// The values.
    public var readings: [CounterReading] = []
    /// Logical processors online, of those that are the host's; `nil` where they could not be read.
    public var logicalProcessors: Int?
    /// Memory of the host or of its partition; `nil` where it could not be read.
    public var memory: Bytes?
    /// Memory that is left; `nil` where it could not be read.
    public var memoryAvailable: Bytes?
    /// What the process of each VM holds of the host's memory.
    public var residentMemory: [VirtualMachineID: Bytes] = [:]
    /// QEMU processes that no provider manages, as far as `/proc` shows them.
    public var unmanaged: [VirtualMachineStatus] = []
    /// What went wrong, by reader.
    public var problems: [Reader: CounterError] = [:]

    /// An empty sample.
    public init() {}

    /// Adds one value.
    public mutating func add(_ counter: Counter, _ subject: SeriesKey.Subject, _ value: Double) {
        readings.append(CounterReading(SeriesKey(counter, subject), value))
    }

    mutating func append(_ counter: Counter, _ subject: SeriesKey.Subject = .host, _ value: Double) {
        add(counter, subject, value)
    }

    /// Empties the sample and keeps its room.
    mutating func clear() {
        readings.removeAll(keepingCapacity: true)
        logicalProcessors = nil
        memory = nil
        memoryAvailable = nil
        residentMemory.removeAll(keepingCapacity: true)
        unmanaged.removeAll(keepingCapacity: true)
        problems.removeAll(keepingCapacity: true)
    }
}
