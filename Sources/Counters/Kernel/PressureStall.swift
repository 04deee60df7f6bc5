/// `/proc/pressure/{cpu,memory,io,irq}` and a cgroup's `*.pressure`: how long tasks waited for a resource (Linux
/// `Documentation/accounting/psi.rst`).
///
/// ```
/// some avg10=51.75 avg60=26.63 avg300=28.04 total=6809195979
/// full avg10=0.00 avg60=0.00 avg300=0.00 total=0
/// ```
public struct PressureStall: Hashable, Sendable {
    /// One line.
    public struct Line: Hashable, Sendable {
        /// Percent of the last 10 s, 0 to 100.
        public var average10: Double
        /// Percent of the last minute.
        public var average60: Double
        /// Percent of the last five minutes.
        public var average300: Double
        /// Microseconds since the machine or the cgroup started; what a rate is made of.
        public var totalMicroseconds: Int64

        /// The figures as literals, for tests and simulations.
        public init(average10: Double, average60: Double, average300: Double, totalMicroseconds: Int64) {
            self.average10 = average10
            self.average60 = average60
            self.average300 = average300
            self.totalMicroseconds = totalMicroseconds
        }
    }

    /// Time in which at least one task waited; `nil` for interrupts, which have no such line.
    public var some: Line?
    /// Time in which all tasks that had work waited; `nil` for processors before Linux 5.13.
    public var full: Line?

    /// Reads the file's content; throws where it has neither line, or one that is cut short.
    public init(parsing bytes: Span<UInt8>, path: String) throws(CounterError) {
        var place = 0
        var lineNumber = 1
        while place < bytes.count {
            let isSome = bytes.hasPrefix("some ", at: place)
            if isSome || bytes.hasPrefix("full ", at: place) {
                place += 5
                guard let line = Self.line(bytes, &place) else {
                    throw .malformed(path: path, line: lineNumber, expected: "avg10=, avg60=, avg300= and total=")
                }
                if isSome { some = line } else { full = line }
            }
            place = bytes.lineEnd(from: place)
            lineNumber += 1
        }
        if some == nil, full == nil { throw .malformed(path: path, line: 1, expected: "a line 'some' or 'full'") }
    }

    private static func line(_ bytes: Span<UInt8>, _ place: inout Int) -> Line? {
        guard let ten = value("avg10=", bytes, &place), let sixty = value("avg60=", bytes, &place),
            let threeHundred = value("avg300=", bytes, &place)
        else { return nil }
        bytes.skipBlanks(&place)
        guard bytes.hasPrefix("total=", at: place) else { return nil }
        place += 6
        guard let total = bytes.counter(&place) else { return nil }
        return Line(average10: ten, average60: sixty, average300: threeHundred, totalMicroseconds: total)
    }

    private static func value(_ key: StaticString, _ bytes: Span<UInt8>, _ place: inout Int) -> Double? {
        bytes.skipBlanks(&place)
        guard bytes.hasPrefix(key, at: place) else { return nil }
        place += key.utf8CodeUnitCount
        return bytes.fraction(&place)
    }
}
