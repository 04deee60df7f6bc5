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

    mutating func removeAll() {
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

    mutating func leaveOut(_ reason: String) {
        if first == nil { first = reason }
        leftOut += 1
    }
}
