import FleetModel

/// How much time lies between two readings that take time themselves: bounds that hold however busy the machine is.
struct WallSpan: CustomStringConvertible {
    /// Each of the kernel's eight columns is rounded down to a tick.
    private static let rounding = 0.09

    private var outerBegin = ContinuousClock.now
    private var innerBegin = ContinuousClock.now
    private var innerEnd = ContinuousClock.now
    private var outerEnd = ContinuousClock.now

    /// From before the first reading to behind the second.
    var longest: Double { (outerEnd - outerBegin).inSeconds }

    /// From behind the first reading to before the second.
    var shortest: Double { (innerEnd - innerBegin).inSeconds }

    mutating func begin<Result>(_ reading: () -> Result) -> Result {
        outerBegin = .now
        defer { innerBegin = .now }
        return reading()
    }

    mutating func end<Result>(_ reading: () -> Result) -> Result {
        innerEnd = .now
        defer { outerEnd = .now }
        return reading()
    }

    /// Whether `seconds` can be what passed between the two readings.
    func allows(_ seconds: Double) -> Bool {
        seconds >= shortest - Self.rounding && seconds <= longest + Self.rounding
    }

    var description: String { "\(shortest) to \(longest) s" }
}
