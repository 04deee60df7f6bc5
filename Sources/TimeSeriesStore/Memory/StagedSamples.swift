import FleetModel

/// Samples on their way from requests to the head, as columns: read and checked, not yet durable.
struct StagedSamples: Sendable {
    var series: [UInt32] = []
    var times: [Int64] = []
    var values: [Double] = []

    var count: Int { series.count }

    @inline(__always)
    mutating func append(_ series: UInt32, _ time: Int64, _ value: Double) {
        self.series.append(series)
        times.append(time)
        values.append(value)
    }

    mutating func shrink(to count: Int) {
        series.removeLast(series.count - count)
        times.removeLast(times.count - count)
        values.removeLast(values.count - count)
    }

    /// Beyond so many samples the room for them is given back.
    private static let keptCapacity = 1 << 20

    mutating func removeAll() {
        if series.capacity > Self.keptCapacity { self = StagedSamples() }
        series.removeAll(keepingCapacity: true)
        times.removeAll(keepingCapacity: true)
        values.removeAll(keepingCapacity: true)
    }
}

/// What is wrong with some series of a request whose other series are taken.
struct RequestProblems: Sendable {
    /// The first series that breaks a rule or was one too many, and why.
    private(set) var first: String?
    /// How many series were left out.
    private(set) var leftOut = 0
    /// How many of them were sound, and one too many.
    var overLimit = 0
    /// The samples of series that are not known, none of which could be taken.
    private(set) var refused = WriteSummary()
    /// One of them.
    private(set) var example: String?

    /// Counts samples of an unknown series that are all too old, or beyond a bound in the future.
    mutating func refuse(_ times: ArraySlice<Int64>, of labels: Labels, beyond bound: Int64) {
        for time in times {
            if time > bound { refused.tooNew += 1 } else { refused.tooOld += 1 }
        }
        if example == nil, let time = times.first { example = "\(labels) at \(time) ms" }
    }

    mutating func leaveOut(_ reason: String) {
        if first == nil { first = reason }
        leftOut += 1
    }
}
