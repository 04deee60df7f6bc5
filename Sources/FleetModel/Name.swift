/// A name that is safe in labels, paths, URLs and command lines: 1 to 63 letters, digits, `.`, `_` and `-`, the first a
/// letter or a digit. `Kind` keeps the names of different things apart.
public struct Name<Kind: Sendable>: Hashable, Comparable, Sendable {
    /// The name itself.
    public let text: String

    /// `nil` where `text` breaks the rule for names.
    public init?(_ text: String) {
        guard (1...63).contains(text.utf8.count), let first = text.utf8.first, Self.isAlphanumeric(first),
            text.utf8.allSatisfy({ Self.isAlphanumeric($0) || $0 == 0x2e || $0 == 0x5f || $0 == 0x2d })
        else { return nil }
        self.text = text
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
    }

    /// By the bytes of the text.
    public static func < (left: Name, right: Name) -> Bool { left.text < right.text }
}

extension Name: CustomStringConvertible {
    /// The name itself.
    public var description: String { text }
}

/// Encoded as its text; also a dictionary's key.
extension Name: Codable, CodingKeyRepresentable {
    /// Reads and checks a text.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let name = Name(text) else {
            throw DecodingError.dataCorruptedError(
                in: container,
                debugDescription: "'\(text)' is not a name: 1 to 63 letters, digits, '.', '_', '-', no sign first")
        }
        self = name
    }

    /// Writes the text.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }

    /// The text as a key.
    public var codingKey: any CodingKey { TextKey(stringValue: text) }

    /// Checks a key's text.
    public init?(codingKey: some CodingKey) { self.init(codingKey.stringValue) }
}

private struct TextKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}

/// Marks names of hosts.
public enum HostKind: Sendable {}
/// Marks names of clusters.
public enum ClusterKind: Sendable {}
/// The name of a host, unique in the fleet.
public typealias HostName = Name<HostKind>
/// The name of a cluster, unique in the fleet.
public typealias ClusterName = Name<ClusterKind>

/// A virtual machine's identity wherever it runs: its UUID, in lower case with dashes.
public struct VirtualMachineID: Hashable, Comparable, Sendable {
    /// 36 characters: `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`.
    public let text: String

    /// `nil` where `text` is not a UUID; upper case is accepted and lowered.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 36 else { return nil }
        for (place, byte) in bytes.enumerated() {
            let isDash = place == 8 || place == 13 || place == 18 || place == 23
            let isHex =
                (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte) || (0x41...0x46).contains(byte)
            guard isDash ? byte == 0x2d : isHex else { return nil }
        }
        self.text = text.lowercased()
    }

    /// A new random identity (UUID version 4) from the injected generator.
    public static func random(using generator: inout some RandomNumberGenerator) -> VirtualMachineID {
        var digits = (0..<32).map { _ in Int.random(in: 0..<16, using: &generator) }
        digits[12] = 4
        digits[16] = 8 + digits[16] % 4
        let hex = digits.map { String($0, radix: 16) }.joined()
        var text = ""
        for (place, digit) in hex.enumerated() {
            if [8, 12, 16, 20].contains(place) { text += "-" }
            text.append(digit)
        }
        return VirtualMachineID(unchecked: text)
    }

    private init(unchecked text: String) { self.text = text }

    /// By the bytes of the text.
    public static func < (left: VirtualMachineID, right: VirtualMachineID) -> Bool { left.text < right.text }
}

extension VirtualMachineID: CustomStringConvertible, Codable, CodingKeyRepresentable {
    /// The UUID's text.
    public var description: String { text }

    /// Reads and checks a UUID's text.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let id = VirtualMachineID(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "'\(text)' is not a UUID")
        }
        self = id
    }

    /// Writes the text.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }

    /// The text as a key.
    public var codingKey: any CodingKey { TextKey(stringValue: text) }

    /// Checks a key's text.
    public init?(codingKey: some CodingKey) { self.init(codingKey.stringValue) }
}
