import FleetModel

/// Where a QEMU process keeps its guest's memory, from its map (proc(5), `/proc/PID/maps`):
/// ```
/// 7f2a40000000-7f2a50000000 rw-p 00000000 00:00 0
/// from-to (hexadecimal)     permissions
/// ```
enum GuestMemoryMap {
    /// The mapping that holds `memory` bytes of guest memory: the one of that size, else the smallest above it that is
    /// less than twice as large. `nil` where none is like that, and then nobody can say.
    static func range(of memory: Bytes, in map: [UInt8]) -> Range<UInt64>? {
        guard memory > .zero else { return nil }
        let wanted = UInt64(memory.count)
        var best: Range<UInt64>?
        for line in map.split(separator: 0x0a) {
            guard let range = dataRange(line) else { continue }
            let size = UInt64(range.upperBound - range.lowerBound)
            guard size >= wanted, size < wanted * 2 else { continue }
            if let best, best.upperBound - best.lowerBound <= size { continue }
            best = range
        }
        return best
    }

    /// The addresses of a line whose mapping can be read and written and not executed.
    private static func dataRange(_ line: ArraySlice<UInt8>) -> Range<UInt64>? {
        let fields = line.split(separator: 0x20, maxSplits: 2)
        guard fields.count >= 2, fields[1].starts(with: Array("rw-".utf8)) else { return nil }
        let ends = fields[0].split(separator: 0x2d)
        guard ends.count == 2, let from = UInt64(hexadecimal: ends[0]), let to = UInt64(hexadecimal: ends[1]), from < to
        else { return nil }
        return from..<to
    }
}

extension UInt64 {
    fileprivate init?(hexadecimal digits: ArraySlice<UInt8>) {
        self.init(String(decoding: digits, as: UTF8.self), radix: 16)
    }
}
