/// `tempN_input`, `tempN_crit` and `tempN_max` of a sensor, and `temp` of a thermal zone: thousandths of a degree
/// Celsius (Linux `Documentation/hwmon/sysfs-interface.rst`).
///
/// ```
/// 47250
/// ```
public struct Temperature: Hashable, Sendable {
    /// What can be measured: above absolute zero and below what anything in a host survives. Sensors that are not
    /// there are often said to be far beyond it.
    public static let plausible: ClosedRange<Int64> = -273_150...1_000_000

    /// Thousandths of a degree Celsius.
    public var thousandths: Int64

    /// Degrees Celsius.
    public var celsius: Double { Double(thousandths) / 1000 }

    /// Reads the file's content; throws where it is no temperature.
    public init(parsing bytes: Span<UInt8>, path: String) throws(CounterError) {
        var place = 0
        guard let value = bytes.decimal(&place), bytes.line(from: place).isEmpty, Self.plausible.contains(value)
        else {
            throw .malformed(path: path, line: 1, expected: "thousandths of a degree")
        }
        thousandths = value
    }
}
