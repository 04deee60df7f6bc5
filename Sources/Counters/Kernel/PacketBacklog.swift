/// `/proc/net/softnet_stat`: how every logical processor kept up with incoming packets (Linux
/// `net/core/net-procfs.c`, `softnet_seq_show`). Hexadecimal columns, a line for each that is online.
///
/// ```
/// 000801e5 00000000 0000001b 0 0 0 0 0 0 0 0 00000000 00000001 ...
/// 1 packets 2 drops 3 squeezed                12 queued 13 LP, since Linux 5.10
/// ```
/// The counters are 32 bits wide and wrap.
public struct PacketBacklog: Hashable, Sendable {
    /// One logical processor.
    public struct Line: Hashable, Sendable {
        /// Its number; `nil` before Linux 5.10, whose lines are those of the online ones in order.
        public var number: Int?
        /// Packets taken.
        public var packets: Int64
        /// Packets dropped because its queue was full.
        public var drops: Int64
        /// How often its time or its budget ended with packets left.
        public var squeezes: Int64

        /// The figures as literals, for tests and simulations.
        public init(number: Int?, packets: Int64, drops: Int64, squeezes: Int64) {
            self.number = number
            self.packets = packets
            self.drops = drops
            self.squeezes = squeezes
        }
    }

    /// The logical processors in the file's order.
    public var lines: [Line] = []

    /// An empty reading, to be filled by `parse`.
    public init() {}

    /// Takes the content of the file; the room of `lines` is kept between calls. Throws where a line has fewer than
    /// three columns, or where there is no line.
    public mutating func parse(_ bytes: Span<UInt8>, path: String = "/proc/net/softnet_stat") throws(CounterError) {
        lines.removeAll(keepingCapacity: true)
        var place = 0
        var lineNumber = 1
        while place < bytes.count {
            guard let line = Self.line(bytes, &place) else {
                throw .malformed(path: path, line: lineNumber, expected: "three hexadecimal numbers and more")
            }
            lines.append(line)
            place = bytes.lineEnd(from: place)
            lineNumber += 1
        }
        if lines.isEmpty { throw .malformed(path: path, line: 1, expected: "a line for each logical processor") }
    }

    private static func line(_ bytes: Span<UInt8>, _ place: inout Int) -> Line? {
        guard let packets = bytes.hexadecimal(&place), let drops = bytes.hexadecimal(&place),
            let squeezes = bytes.hexadecimal(&place)
        else { return nil }
        return Line(number: number(bytes, &place), packets: packets, drops: drops, squeezes: squeezes)
    }

    private static func number(_ bytes: Span<UInt8>, _ place: inout Int) -> Int? {
        for _ in 0..<9 where !bytes.skipWord(&place) { return nil }
        guard let number = bytes.hexadecimal(&place), number <= Int64(LogicalProcessorSet.highest) else { return nil }
        return Int(number)
    }
}
