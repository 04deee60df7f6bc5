/// An amount of memory or storage.
public struct Bytes: Hashable, Comparable, Sendable {
    /// How many bytes; never negative where it stands for a size.
    public var count: Int64

    /// `count` bytes.
    public init(_ count: Int64) {
        self.count = count
    }

    /// The nearest whole amount that 64 bits hold; `count` is what reckoning gave. NaN is nothing.
    public init(nearest count: Double) {
        let whole = count.rounded()
        self.count = Int64(exactly: whole) ?? (whole > 0 ? .max : whole < 0 ? .min : 0)
    }

    /// Nothing.
    public static let zero = Bytes(0)

    /// `count` mebibytes (2^20 bytes).
    public static func mebibytes(_ count: Int64) -> Bytes { Bytes(count << 20) }

    /// `count` gibibytes (2^30 bytes).
    public static func gibibytes(_ count: Int64) -> Bytes { Bytes(count << 30) }

    /// The amount in mebibytes.
    public var inMebibytes: Double { Double(count) / 1_048_576 }

    /// Smaller amounts come first.
    public static func < (left: Bytes, right: Bytes) -> Bool { left.count < right.count }

    /// The sum of both, at most what 64 bits hold: an amount that somebody sent must not stop a server.
    public static func + (left: Bytes, right: Bytes) -> Bytes {
        let (sum, overflow) = left.count.addingReportingOverflow(right.count)
        return Bytes(overflow ? (right.count > 0 ? .max : .min) : sum)
    }

    /// What remains of `left`; negative when `right` is more. Kept within 64 bits as sums are.
    public static func - (left: Bytes, right: Bytes) -> Bytes {
        let (rest, overflow) = left.count.subtractingReportingOverflow(right.count)
        return Bytes(overflow ? (right.count > 0 ? .min : .max) : rest)
    }
}

extension Bytes: CustomStringConvertible {
    private static let units: [(suffix: String, size: Int64)] = [
        ("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10),
    ]

    /// Reads `512MiB`, `512M`, `2GiB`, `2G`, `1536` (bytes): a whole number and a binary unit. `nil` for anything else
    /// and for amounts beyond 64 bits.
    public init?(parsing text: String) {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let suffix = text.dropFirst(digits.count).drop { $0 == " " }
        guard let number = Int64(digits) else { return nil }
        if suffix.isEmpty || suffix == "B" {
            self.init(number)
            return
        }
        guard let unit = Self.units.first(where: { $0.suffix == suffix || $0.suffix.prefix(1) == suffix }) else {
            return nil
        }
        let (product, overflow) = number.multipliedReportingOverflow(by: unit.size)
        if overflow { return nil }
        self.init(product)
    }

    /// The largest binary unit that leaves a number of at least one, with at most one decimal: `1.5 GiB`.
    public var description: String {
        guard let unit = Self.units.first(where: { count.magnitude >= UInt64($0.size) }) else { return "\(count) B" }
        let tenths = (Double(count) / Double(unit.size) * 10).rounded() / 10
        return tenths == tenths.rounded() ? "\(Int64(tenths)) \(unit.suffix)" : "\(tenths) \(unit.suffix)"
    }
}

/// Encoded as one integer: the number of bytes. A string with a unit is read as well.
extension Bytes: Codable {
    /// Reads an integer, or text such as `512MiB`.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let count = try? container.decode(Int64.self) {
            self.init(count)
            return
        }
        let text = try container.decode(String.self)
        guard let parsed = Bytes(parsing: text) else {
            throw DecodingError.dataCorruptedError(
                in: container,
                debugDescription: "'\(text)' is not a size; write a whole number and KiB, MiB, GiB or TiB")
        }
        self = parsed
    }

    /// Writes an integer.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(count)
    }
}
