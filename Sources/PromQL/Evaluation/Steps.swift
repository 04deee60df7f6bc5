import FleetModel

/// The moments at which an expression is evaluated: one for an instant query, evenly spaced ones for a range.
struct Steps: Hashable, Sendable {
    /// The first moment, milliseconds.
    var first: Int64
    /// From one moment to the next, milliseconds; at least one.
    var interval: Int64
    /// How many moments.
    var count: Int

    /// One moment.
    static func instant(_ moment: Int64) -> Steps { Steps(first: moment, interval: 1, count: 1) }

    /// The last moment.
    var last: Int64 { first + Int64(count - 1) * interval }

    /// The moment of a step.
    func time(_ step: Int) -> Int64 { first + Int64(step) * interval }
}

/// The moments that a selector looks at, one a step: those of the steps moved by its `offset`, or always the same one
/// where it is anchored by `@`.
struct References: Sendable {
    var first: Int64
    /// From one step to the next; zero where the selector is anchored.
    var stride: Int64
    var count: Int

    var last: Int64 { first + Int64(count - 1) * stride }

    func time(_ step: Int) -> Int64 { first + Int64(step) * stride }
}

/// One series over the steps: a value a step, `StepSeries.absent` where there is none.
struct StepSeries: Sendable {
    var labels: Labels
    /// Whether the metric's name goes away at the end of the query. Prometheus 3 delays that so that a name is still
    /// there for functions that need it.
    var dropsName: Bool
    var values: [Double]

    /// "No value here": the staleness marker, which no evaluation yields. It is read as a signalling not-a-number, so
    /// arithmetic never passes it on unchanged.
    static let absent = Staleness.marker

    static func isAbsent(_ value: Double) -> Bool { value.bitPattern == Staleness.bits }

    /// Whether any step has a value.
    var hasValue: Bool { values.contains { !Self.isAbsent($0) } }

    /// Makes room for `count` steps without a value, reusing what room there is.
    mutating func reset(_ count: Int) {
        if values.count == count {
            for step in 0..<count { values[step] = Self.absent }
        } else {
            values = [Double](repeating: Self.absent, count: count)
        }
    }
}

/// A scalar over the steps.
struct ScalarColumn: Sendable {
    /// One value for all steps, or one a step.
    private let values: [Double]

    init(_ constant: Double) { values = [constant] }

    init(_ values: [Double]) { self.values = values }

    /// Whether the steps may differ.
    var varies: Bool { values.count > 1 }

    subscript(step: Int) -> Double { values[values.count == 1 ? 0 : step] }
}
