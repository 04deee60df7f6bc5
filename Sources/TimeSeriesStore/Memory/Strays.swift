import FleetModel

/// The samples of one series that came late, in order of time when they are read.
///
/// A sender that delivers backwards puts each one before all others: so newcomers wait in a table and are merged in when
/// they are many, which costs each of them little.
struct Strays: Sendable {
    private var sorted = SampleColumns()
    private var recent: [Int64: Double] = [:]

    /// How many samples there are.
    var count: Int { sorted.count + recent.count }

    /// The value at a time, if there is one.
    func value(at time: Int64) -> Double? {
        if let value = recent[time] { return value }
        return sorted.place(of: time).map { sorted.values[$0] }
    }

    /// Adds a sample of a time that is not there yet.
    mutating func insert(_ time: Int64, _ value: Double) {
        recent[time] = value
        guard recent.count > 64 + sorted.count / 8 else { return }
        sorted = columns
        recent.removeAll(keepingCapacity: true)
    }

    /// All samples, times ascending.
    var columns: SampleColumns {
        if recent.isEmpty { return sorted }
        var merged = SampleColumns()
        merged.times.reserveCapacity(count)
        merged.values.reserveCapacity(count)
        var place = 0
        for (time, value) in recent.sorted(by: { $0.key < $1.key }) {
            while place < sorted.count, sorted.times[place] < time {
                merged.append(sorted.times[place], sorted.values[place])
                place += 1
            }
            merged.append(time, value)
        }
        merged.times.append(contentsOf: sorted.times[place...])
        merged.values.append(contentsOf: sorted.values[place...])
        return merged
    }
}
