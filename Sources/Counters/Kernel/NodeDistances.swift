/// `/sys/devices/system/node/nodeN/distance`: how far a node's memory is from the processors of each node, 10 for its
/// own (ACPI's SLIT).
///
/// ```
/// 10 21
/// ```
public struct NodeDistances: Hashable, Sendable {
    /// A distance for each online node, in the order of `/sys/devices/system/node/online`.
    public var distances: [Int] = []

    /// Reads the file's content; throws where it is not a line of numbers.
    public init(parsing bytes: Span<UInt8>, path: String) throws(CounterError) {
        var place = 0
        while let distance = bytes.index(&place) { distances.append(distance) }
        if distances.isEmpty || !bytes.line(from: place).isEmpty {
            throw .malformed(path: path, line: 1, expected: "a number for each node")
        }
    }
}
