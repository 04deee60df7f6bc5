/// The name of a file below `/sys/class/hwmon/hwmonN` that is about a temperature: `temp2_crit` (Linux
/// `Documentation/hwmon/sysfs-interface.rst`).
public struct SensorFile: Hashable, Sendable {
    /// What the file says.
    public enum Attribute: String, Hashable, Sendable {
        /// The temperature.
        case input
        /// From which on the hardware is in danger.
        case critical = "crit"
        /// From which on it is too warm.
        case maximum = "max"
        /// The sensor's name, `Core 3`, `Tctl`.
        case label
    }

    /// The sensor's number on its chip.
    public var number: Int
    /// What the file says.
    public var attribute: Attribute

    /// Reads a file's name; `nil` for any other file.
    public init?(name: String) {
        guard name.hasPrefix("temp") else { return nil }
        let parts = name.dropFirst(4).split(separator: "_", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let number = Int(parts[0]), number >= 0, parts[0].first != "+",
            let attribute = Attribute(rawValue: String(parts[1]))
        else { return nil }
        self.number = number
        self.attribute = attribute
    }
}
