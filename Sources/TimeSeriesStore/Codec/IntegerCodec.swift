/// Codes a column of 64-bit integers, times or values that were made integers.
///
///     column    +-----------+----------+--------------------------------------------------+
///               | control 1 | first zz | by form, see below                               |
///               +-----------+----------+--------------------------------------------------+
///     control   bits 0-1 form   bit 2 level   bits 3-5 weight, in quarters   bit 6 has divisor   bit 7 mean is not 0
///     form 0    constant: nothing follows
///     form 1    even steps: | step zz |
///     form 2    classes:    | divisor? | mean zz? | code lengths | bits |
///     form 3    packed:     | divisor? | mean zz? | least residual zz | width 1 | bits |
///
/// The integers are taken relative to the first and divided by their greatest common divisor. Level 0 predicts them,
/// level 1 their differences; from the one before and the mean as `mean + (before - mean) * weight / 4`, so that weight
/// 0 is a plain offset, weight 4 a difference, and what is between suits a series that returns to its mean. What is left,
/// the residual, is coded by class (`ClassCode`) or packed at one width, whichever is shorter. All arithmetic wraps, so
/// every column comes back as it was. zz is a zigzag varint, divisor a varint.
enum IntegerCodec {
    /// How a column is predicted.
    struct Model: Equatable {
        var level = 0
        var weight: Int64 = 0
        var mean: Int64 = 0

        /// What comes after `before`.
        @inline(__always)
        func prediction(after before: Int64) -> Int64 {
            weight == 0 ? mean : mean &+ ((before &- mean) &* weight) >> 2
        }
    }

    /// The forms of a column, by the number in its control byte.
    enum Form: UInt8 {
        case constant = 0
        case evenSteps = 1
        case classes = 2
        case packed = 3
    }

    /// A column is at most this long.
    static let longest = 4096

    /// Appends the code lengths of the classes that occur: class 0 apart, since zero is often common and far from the
    /// others. `ClassTable` reads them.
    ///
    ///     +---------------------------+-----------------------+-------------------------------------+
    ///     | first class, bit 7: zero? | how many classes      | lengths, four bits each, zero first |
    ///     +---------------------------+-----------------------+-------------------------------------+
    static func append(_ code: ClassCode, _ histogram: ClassHistogram, to bytes: inout [UInt8]) {
        let first = min(histogram.least, 64)
        let last = max(histogram.greatest, first)
        let hasZero = histogram.zeros > 0
        bytes.append(UInt8(first) | (hasZero ? 0x80 : 0))
        bytes.append(UInt8(last - first + 1))
        var writer = BitWriter()
        if hasZero { writer.append(UInt64(code.lengths[0]), width: 4, to: &bytes) }
        for place in first...last { writer.append(UInt64(code.lengths[place]), width: 4, to: &bytes) }
        writer.finish(&bytes)
    }
}
