/// Readings that are taken now and then, and said with every interval in between.
struct SlowReadings: Sendable {
    private static let period: Int64 = 60_000_000_000
    /// What the last look found.
    var found = HostSample()
    /// Why it did not find everything.
    var problem: CounterError?
    private var due: Int64 = .min

    /// Whether it is time for another look.
    func isDue(_ nanoseconds: Int64) -> Bool { nanoseconds >= due }

    /// Another look has begun, and the next one is due a period from now.
    mutating func hasBegun(_ nanoseconds: Int64) { due = nanoseconds + Self.period }

    /// Forgets what the last look found, for another.
    mutating func begin(_ nanoseconds: Int64) {
        hasBegun(nanoseconds)
        found.clear()
        problem = nil
    }

    /// Appends what the last look found; throws what was wrong with it.
    func append(to sample: inout HostSample) throws(CounterError) {
        sample.readings.append(contentsOf: found.readings)
        if let problem { throw problem }
    }
}
