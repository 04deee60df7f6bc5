#if canImport(Glibc)
    import Glibc
#endif

/// A prefix code for the classes of numbers: a number's class is its bit length, 0 for zero and up to 64.
///
/// Residuals of telemetry crowd in a few neighbouring classes, and often in zero; coding the class by how often it
/// occurs and the rest of the number as it is costs little more than the entropy, where plain bit-packing pays for the
/// widest number of a block. JPEG codes its DC coefficients so (ITU-T T.81, F.1.2.1). No code is longer than eight
/// bits, so that decoding is one look-up in a table of 256.
struct ClassCode {
    static let classes = 65
    static let longest = 8

    /// The length of each class's code, 0 where the class does not occur.
    private(set) var lengths = InlineArray<65, UInt8>(repeating: 0)
    private var codes = InlineArray<65, UInt8>(repeating: 0)

    /// A code for classes that occur as often as `histogram` says.
    init(_ histogram: InlineArray<65, UInt32>) {
        var total: UInt32 = 0
        for place in 0..<Self.classes { total += histogram[place] }
        var room = 1 << Self.longest
        for place in 0..<Self.classes where histogram[place] > 0 {
            let ideal = ceil(log2(Double(total) / Double(histogram[place])))
            lengths[place] = UInt8(min(max(ideal, 1), Double(Self.longest)))
            room -= 1 << (Self.longest - Int(lengths[place]))
        }
        if room < 0 { makeRoom(&room, histogram) }
        spend(&room, histogram)
        assignCodes()
    }

    /// A code with given lengths; throws where no prefix code has them.
    init(lengths: InlineArray<65, UInt8>) throws(CodecError) {
        self.lengths = lengths
        var room = 1 << Self.longest
        for place in 0..<Self.classes where lengths[place] > 0 {
            guard lengths[place] <= Self.longest else { throw CodecError(reason: "a code is too long") }
            room -= 1 << (Self.longest - Int(lengths[place]))
        }
        guard room >= 0 else { throw CodecError(reason: "code lengths contradict each other") }
        assignCodes()
    }

    /// Lengthens codes of rare classes until all codes fit.
    private mutating func makeRoom(_ room: inout Int, _ histogram: InlineArray<65, UInt32>) {
        while room < 0 {
            var best = -1
            for place in 0..<Self.classes where lengths[place] > 0 && lengths[place] < Self.longest {
                if best < 0 || histogram[place] < histogram[best] { best = place }
            }
            if best < 0 { return }
            room += 1 << (Self.longest - Int(lengths[best]) - 1)
            lengths[best] += 1
        }
    }

    /// Shortens codes while codes are left over, those first that gain most for what they take.
    private mutating func spend(_ room: inout Int, _ histogram: InlineArray<65, UInt32>) {
        while room > 0 {
            var best = -1
            var bestGain: UInt64 = 0
            for place in 0..<Self.classes where lengths[place] > 1 {
                let price = 1 << (Self.longest - Int(lengths[place]))
                let gain = UInt64(histogram[place]) << UInt64(lengths[place])
                if price <= room, gain > bestGain { (best, bestGain) = (place, gain) }
            }
            if best < 0 { return }
            room -= 1 << (Self.longest - Int(lengths[best]))
            lengths[best] -= 1
        }
    }

    /// Canonical codes: by length, then by class; stored with the first bit lowest.
    private mutating func assignCodes() {
        var code = 0
        for length in 1...UInt8(Self.longest) {
            for place in 0..<Self.classes where lengths[place] == length {
                codes[place] = Self.reversed(code, length)
                code += 1
            }
            code <<= 1
        }
    }

    private static func reversed(_ code: Int, _ length: UInt8) -> UInt8 {
        var rest = UInt8(truncatingIfNeeded: code)
        rest = rest >> 4 | rest << 4
        rest = (rest & 0xcc) >> 2 | (rest & 0x33) << 2
        rest = (rest & 0xaa) >> 1 | (rest & 0x55) << 1
        return rest >> (8 - length)
    }

    /// The code of a class that occurs.
    @inline(__always)
    func code(of place: Int) -> (bits: UInt64, width: Int) { (UInt64(codes[place]), Int(lengths[place])) }

    /// For every next eight bits: the class (upper byte) and the length of its code; 0 where no code begins so.
    func decodingTable() -> InlineArray<256, UInt16> {
        var table = InlineArray<256, UInt16>(repeating: 0)
        for place in 0..<Self.classes where lengths[place] > 0 {
            let entry = UInt16(place) << 8 | UInt16(lengths[place])
            var slot = Int(codes[place])
            while slot < 256 {
                table[slot] = entry
                slot += 1 << Int(lengths[place])
            }
        }
        return table
    }
}
