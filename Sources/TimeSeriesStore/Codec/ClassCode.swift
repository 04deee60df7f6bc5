#if canImport(Glibc)
    import Glibc
#endif

/// How often each class of numbers occurs. A number's class is its bit length: 0 for zero and up to 64.
struct ClassHistogram {
    static let classes = 65

    private(set) var counts = [UInt32](repeating: 0, count: classes)
    /// The least and the greatest class that occurs, zero left out; 65 and 0 while none does.
    private(set) var least = classes
    private(set) var greatest = 0
    /// The bits that all numbers take without their classes.
    private(set) var bits = 0

    /// How many of the numbers are zero.
    var zeros: UInt32 { counts[0] }

    /// Counts nothing again.
    mutating func removeAll() {
        counts[0] = 0
        for place in least..<max(least, greatest + 1) { counts[place] = 0 }
        (least, greatest, bits) = (Self.classes, 0, 0)
    }

    /// The class of a number.
    @inline(__always)
    static func size(of number: Int64) -> Int { 64 &- number.magnitude.leadingZeroBitCount }

    /// Counts a number.
    @inline(__always)
    mutating func add(_ number: Int64) {
        let size = Self.size(of: number)
        counts[size] &+= 1
        bits &+= size
        if size > greatest { greatest = size }
        if size < least, size > 0 { least = size }
    }

    /// The bits that `total` numbers take with an ideal code for their classes.
    func cost(_ total: Int) -> Double {
        var entropy = Self.timesLog[min(total, Self.timesLog.count - 1)] - Self.timesLog[Int(zeros)]
        for place in least..<max(least, greatest + 1) { entropy -= Self.timesLog[Int(counts[place])] }
        return entropy + Double(bits)
    }

    /// `n * log2(n)` by `n`.
    private static let timesLog: [Double] = (0...IntegerCodec.longest).map {
        $0 < 2 ? 0 : Double($0) * log2(Double($0))
    }
}

/// A prefix code for the classes of numbers.
///
/// Residuals of telemetry crowd in a few neighbouring classes, and often in zero; coding the class by how often it
/// occurs and the rest of the number as it is costs little more than the entropy, where plain bit-packing pays for the
/// widest number of a block. JPEG codes its DC coefficients so (ITU-T T.81, F.1.2.1). No code is longer than eight
/// bits, so that decoding is one look-up in a table of 256. Codes are canonical: by length, then by class.
struct ClassCode {
    static let longest = 8

    /// The length of each class's code, 0 where the class does not occur.
    private(set) var lengths = [UInt8](repeating: 0, count: ClassHistogram.classes)
    /// Each class's code with the first bit lowest, and above it, from bit 8 on, its length.
    private(set) var codes = [UInt16](repeating: 0, count: ClassHistogram.classes)
    /// The classes that occur, ascending.
    private var used: [Int] = []

    /// Becomes a code for the classes of a histogram.
    mutating func build(for histogram: ClassHistogram) {
        for place in used { lengths[place] = 0 }
        used.removeAll(keepingCapacity: true)
        if histogram.zeros > 0 { used.append(0) }
        for place in histogram.least..<max(histogram.least, histogram.greatest + 1) where histogram.counts[place] > 0 {
            used.append(place)
        }
        var total: UInt32 = 0
        for place in used { total += histogram.counts[place] }
        var room = 1 << Self.longest
        for place in used {
            // The ideal length, rounded up: leading zeros of the quotient, which is below a power of two.
            let ideal =
                Int(total / histogram.counts[place]).bitWidth - Int(total / histogram.counts[place]).leadingZeroBitCount
            lengths[place] = UInt8(min(max(ideal, 1), Self.longest))
            room -= 1 << (Self.longest - Int(lengths[place]))
        }
        if room < 0 { makeRoom(&room, histogram) }
        spend(&room, histogram)
        assignCodes()
    }

    /// Lengthens codes of rare classes until all codes fit.
    private mutating func makeRoom(_ room: inout Int, _ histogram: ClassHistogram) {
        while room < 0 {
            var best = -1
            for place in used where lengths[place] < Self.longest {
                if best < 0 || histogram.counts[place] < histogram.counts[best] { best = place }
            }
            if best < 0 { return }
            room += 1 << (Self.longest - Int(lengths[best]) - 1)
            lengths[best] += 1
        }
    }

    /// Shortens codes while codes are left over, those first that gain most for what they take.
    private mutating func spend(_ room: inout Int, _ histogram: ClassHistogram) {
        while room > 0 {
            var best = -1
            var bestGain: UInt64 = 0
            for place in used where lengths[place] > 1 {
                let price = 1 << (Self.longest - Int(lengths[place]))
                let gain = UInt64(histogram.counts[place]) << UInt64(lengths[place])
                if price <= room, gain > bestGain { (best, bestGain) = (place, gain) }
            }
            if best < 0 { return }
            room -= 1 << (Self.longest - Int(lengths[best]))
            lengths[best] -= 1
        }
    }

    private mutating func assignCodes() {
        var code = 0
        for length in 1...UInt8(Self.longest) {
            for place in used where lengths[place] == length {
                codes[place] = UInt16(Self.reversed(code, length)) | UInt16(length) << 8
                code += 1
            }
            code <<= 1
        }
    }

    /// A code of a length with its bits in reverse order.
    static func reversed(_ code: Int, _ length: UInt8) -> UInt8 {
        var rest = UInt8(truncatingIfNeeded: code)
        rest = rest >> 4 | rest << 4
        rest = (rest & 0xcc) >> 2 | (rest & 0x33) << 2
        rest = (rest & 0xaa) >> 1 | (rest & 0x55) << 1
        return rest >> (8 - length)
    }
}
