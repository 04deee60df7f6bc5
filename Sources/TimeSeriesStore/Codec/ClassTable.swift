/// What the next bits mean under a class code, by as many of them as the longest code has: the class (upper byte) and the
/// length of its code; 0 where no code begins so. Keeps its memory from column to column.
struct ClassTable {
    /// What lies behind the place that `mask` can reach belongs to columns before.
    private(set) var entries = [UInt16](repeating: 0, count: 1 << ClassCode.longest)
    /// Picks the bits that stand for an entry.
    private(set) var mask: UInt64 = 0
    /// The classes that occur, ascending, as they stand in `entries`: size << 8 | length.
    private var classes: [UInt16] = []

    /// Becomes the table of a code whose lengths stand at the cursor (`IntegerCodec.append`).
    mutating func read(_ bytes: RawSpan, _ cursor: inout ByteCursor) throws(CodecError) {
        let head = try cursor.byte(bytes)
        let count = Int(try cursor.byte(bytes))
        let first = Int(head & 0x7f)
        guard first >= 1, first + count <= ClassHistogram.classes else {
            throw CodecError(reason: "classes out of range")
        }
        classes.removeAll(keepingCapacity: true)
        let hasZero = head & 0x80 != 0
        let nibbles = count + (hasZero ? 1 : 0)
        let packed = try cursor.take((nibbles + 1) / 2)
        var longest: UInt16 = 1
        for place in 0..<nibbles {
            let pair = unsafe bytes.unsafeLoad(fromByteOffset: packed.lowerBound + place >> 1, as: UInt8.self)
            let length = UInt16(place & 1 == 0 ? pair & 0x0f : pair >> 4)
            guard length <= ClassCode.longest else { throw CodecError(reason: "a code is too long") }
            let size = hasZero ? (place == 0 ? 0 : first + place - 1) : first + place
            if length > 0 { classes.append(UInt16(size) << 8 | length) }
            longest = max(longest, length)
        }
        mask = (1 << UInt64(longest)) - 1
        try Self.fill(&entries, classes, through: Int(longest))
    }

    /// Builds the table for one bit, for two, up to the longest code: each is the one before twice over, with the codes
    /// of its length put in.
    private static func fill(
        _ entries: inout [UInt16], _ classes: [UInt16], through longest: Int
    ) throws(CodecError) {
        var table = entries.mutableSpan
        table[0] = 0
        var code = 0
        for length in 1...longest {
            let half = 1 << (length - 1)
            for slot in 0..<half { table[half + slot] = table[slot] }
            for place in classes.indices where classes[place] & 0xff == UInt16(length) {
                guard code < half * 2 else { throw CodecError(reason: "code lengths contradict each other") }
                table[Int(ClassCode.reversed(code, UInt8(length)))] = classes[place]
                code += 1
            }
            code <<= 1
        }
    }
}
