import FleetModel

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
    /// What went wrong, by reader.
    public var problems: [Reader: CounterError] = [:]

    /// An empty sample.
    public init() {}

    mutating func append(_ counter: Counter, _ subject: SeriesKey.Subject = .host, _ value: Double) {
        readings.append(CounterReading(SeriesKey(counter, subject), value))
    }
}
