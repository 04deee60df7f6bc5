/// Codes a column of doubles, bit for bit.
///
///     column    +-----------+----------------------------------------------+------------------------------+
///               | control 1 | exceptions?: count, then (gap, bits 8) each  | integers (see IntegerCodec)  |
///               +-----------+----------------------------------------------+------------------------------+
///     control   bits 0-3 decimal exponent   bit 4 integers are bit patterns   bit 5 has exceptions
///
/// Most telemetry is decimal: counted in ticks, bytes or hundredths. Where `round(value * 10^e) / 10^e` gives the value
/// back bit for bit, the integer stands for it (the idea of ALP: Afroozeh, Kuffo, Boncz, SIGMOD 2023). The few values of
/// a column where it does not (NaN, staleness markers, -0.0, infinities) are exceptions. A column that is not decimal is
/// coded by its bit patterns as integers: their differences are small where the values are near one another.
enum ValueCodec {
    static let bitPatterns: UInt8 = 0x10
    static let hasExceptions: UInt8 = 0x20
    static let exponents = 16

    static let powers: [Double] = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15]

    /// The integer that stands for a value at a scale; `nil` where none does.
    @inline(__always)
    static func integer(_ value: Double, scale: Double) -> Int64? {
        let scaled = value * scale
        let rounded: Double
        if scaled.magnitude < 0x1p51 {
            // Adding and taking away 1.5 * 2^52 rounds to an integer without a library call.
            rounded = (scaled + 0x1.8p52) - 0x1.8p52
        } else if scaled.magnitude < 0x1p62 {
            rounded = scaled.rounded()
        } else {
            return nil
        }
        let number = Int64(rounded)
        return (Double(number) / scale).bitPattern == value.bitPattern ? number : nil
    }
}

/// Writes columns of doubles. Remembers the last exponent: neighbours in a page are mostly of one metric.
struct ValueEncoder {
    private var integers: [Int64] = []
    private var exceptions: [Int] = []
    private var exponent = 0
    private var encoder = IntegerEncoder()

    /// Appends the column to `bytes`.
    mutating func encode(_ values: [Double], to bytes: inout [UInt8]) {
        guard !values.isEmpty else { return }
        let most = values.count / 8
        if !scale(values, most) {
            guard let found = Self.exponent(for: values, most), scaleFound(values, found) else {
                encodeBits(values, to: &bytes)
                return
            }
        }
        bytes.append(UInt8(exponent) | (exceptions.isEmpty ? 0 : ValueCodec.hasExceptions))
        if !exceptions.isEmpty { appendExceptions(values, to: &bytes) }
        encoder.encode(integers, to: &bytes)
    }

    private mutating func scaleFound(_ values: [Double], _ found: Int) -> Bool {
        exponent = found
        return scale(values, values.count / 8)
    }

    /// Fills `integers` at the present exponent; `false` when more than `most` values resist.
    private mutating func scale(_ values: [Double], _ most: Int) -> Bool {
        integers.removeAll(keepingCapacity: true)
        exceptions.removeAll(keepingCapacity: true)
        let scale = ValueCodec.powers[exponent]
        var last: Int64 = 0
        for (place, value) in values.enumerated() {
            if let number = ValueCodec.integer(value, scale: scale) {
                last = number
            } else {
                if exceptions.count == most { return false }
                exceptions.append(place)
            }
            integers.append(last)
        }
        // An exception at the front would stand at 0, far from the rest.
        if let first = exceptions.first, first == 0 { fillFront() }
        return true
    }

    private mutating func fillFront() {
        var regular = 0
        while regular < exceptions.count, exceptions[regular] == regular { regular += 1 }
        guard regular < integers.count else { return }
        for place in 0..<regular { integers[place] = integers[regular] }
    }

    /// The least exponent that suits all but `most` of the values.
    private static func exponent(for values: [Double], _ most: Int) -> Int? {
        var exponent = 0
        var failures = 0
        for value in values {
            var candidate = exponent
            while candidate < ValueCodec.exponents,
                ValueCodec.integer(value, scale: ValueCodec.powers[candidate]) == nil
            {
                candidate += 1
            }
            if candidate < ValueCodec.exponents {
                exponent = candidate
            } else {
                failures += 1
                if failures > most { return nil }
            }
        }
        return exponent
    }

    private func appendExceptions(_ values: [Double], to bytes: inout [UInt8]) {
        Varint.append(UInt64(exceptions.count), to: &bytes)
        var next = 0
        for place in exceptions {
            Varint.append(UInt64(place - next), to: &bytes)
            unsafe withUnsafeBytes(of: values[place].bitPattern.littleEndian) { unsafe bytes.append(contentsOf: $0) }
            next = place + 1
        }
    }

    private mutating func encodeBits(_ values: [Double], to bytes: inout [UInt8]) {
        exponent = 0
        integers.removeAll(keepingCapacity: true)
        for value in values { integers.append(Int64(bitPattern: value.bitPattern)) }
        bytes.append(ValueCodec.bitPatterns)
        encoder.encode(integers, to: &bytes)
    }
}

/// Reads columns of doubles. Keeps its memory from column to column.
struct ValueDecoder {
    private var integers: [Int64] = []
    private var decoder = IntegerDecoder()

    /// Appends `count` values to `values`. The bytes must go on for `IntegerDecoder.padding` behind `range`.
    mutating func decode(
        _ bytes: RawSpan, _ range: Range<Int>, count: Int, into values: inout [Double]
    ) throws(CodecError) {
        guard count > 0 else { return }
        var cursor = ByteCursor(range)
        let control = try cursor.byte(bytes)
        let start = values.count
        var exceptions = cursor
        if control & ValueCodec.hasExceptions != 0 { try Self.passExceptions(bytes, &cursor, count) }
        integers.removeAll(keepingCapacity: true)
        try decoder.decode(bytes, cursor.offset..<cursor.end, count: count, into: &integers)
        values.append(contentsOf: repeatElement(0, count: count))
        var room = values.mutableSpan
        Self.fill(&room, from: start, integers.span, control)
        guard control & ValueCodec.hasExceptions != 0 else { return }
        try Self.restore(bytes, &exceptions, &room, from: start)
    }

    private static func fill(
        _ values: inout MutableSpan<Double>, from start: Int, _ integers: Span<Int64>, _ control: UInt8
    ) {
        if control & ValueCodec.bitPatterns != 0 {
            for place in integers.indices {
                values[start &+ place] = Double(bitPattern: UInt64(bitPattern: integers[place]))
            }
        } else if control & 0x0f == 0 {
            for place in integers.indices { values[start &+ place] = Double(integers[place]) }
        } else {
            let scale = ValueCodec.powers[Int(control & 0x0f)]
            for place in integers.indices { values[start &+ place] = Double(integers[place]) / scale }
        }
    }

    private static func passExceptions(
        _ bytes: RawSpan, _ cursor: inout ByteCursor, _ count: Int
    ) throws(CodecError) {
        for _ in 0..<(try cursor.count(bytes, limit: count)) {
            _ = try cursor.varint(bytes)
            _ = try cursor.take(8)
        }
    }

    private static func restore(
        _ bytes: RawSpan, _ cursor: inout ByteCursor, _ values: inout MutableSpan<Double>,
        from start: Int
    ) throws(CodecError) {
        var place = start
        for _ in 0..<(try cursor.count(bytes, limit: values.count - start)) {
            guard place < values.count else { throw CodecError(reason: "there are more exceptions than values") }
            place += try cursor.count(bytes, limit: values.count - 1 - place)
            let bits = try cursor.take(8)
            let word = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: bits.lowerBound, as: UInt64.self)
            values[place] = Double(bitPattern: UInt64(littleEndian: word))
            place += 1
        }
    }
}
