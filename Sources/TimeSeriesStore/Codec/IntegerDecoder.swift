/// Reads columns in the form that `IntegerCodec` draws. Keeps its memory from column to column.
struct IntegerDecoder {
    /// How many bytes must follow the last byte of a column, so that a decoder may load eight at a time.
    static let padding = 16

    private var table = ClassTable()

    /// Appends `count` integers to `column`. The bytes must go on for `padding` behind `range`.
    mutating func decode(
        _ bytes: RawSpan, _ range: Range<Int>, count: Int, into column: inout [Int64]
    ) throws(CodecError) {
        guard count > 0 else { return }
        guard range.upperBound + Self.padding <= bytes.byteCount else {
            throw CodecError(reason: "a column is not padded")
        }
        var cursor = ByteCursor(range)
        let control = try cursor.byte(bytes)
        let first = try cursor.signed(bytes)
        let start = column.count
        column.append(contentsOf: repeatElement(first, count: count))
        if count == 1 { return }
        var room = column.mutableSpan
        let rest = start + 1..<start + count
        switch IntegerCodec.Form(rawValue: control & 3) {
        case .constant, nil: break
        case .evenSteps:
            let step = try cursor.signed(bytes)
            var number = first
            for place in rest {
                number &+= step
                room[place] = number
            }
        case .classes: try decodeClasses(bytes, &cursor, control, first, &room, rest)
        case .packed: try Self.decodePacked(bytes, &cursor, control, first, &room, rest)
        }
    }

    private static func prologue(
        _ bytes: RawSpan, _ cursor: inout ByteCursor, _ control: UInt8, _ first: Int64
    ) throws(CodecError) -> Rebuilder {
        let divisor = control & 0x40 != 0 ? Int64(truncatingIfNeeded: try cursor.varint(bytes)) : 1
        var model = IntegerCodec.Model()
        model.level = Int(control >> 2 & 1)
        model.weight = Int64(control >> 3 & 7)
        if control & 0x80 != 0 { model.mean = try cursor.signed(bytes) }
        return Rebuilder(model: model, divisor: divisor, first: first)
    }

    private mutating func decodeClasses(
        _ bytes: RawSpan, _ cursor: inout ByteCursor, _ control: UInt8, _ first: Int64,
        _ column: inout MutableSpan<Int64>, _ places: Range<Int>
    ) throws(CodecError) {
        var rebuilder = try Self.prologue(bytes, &cursor, control, first)
        try table.read(bytes, &cursor)
        let entries = table.entries.span
        let mask = table.mask
        var bit = cursor.offset * 8
        let end = cursor.end * 8
        for place in places {
            guard bit < end else { throw CodecError(reason: "a column ends too early") }
            var window = Self.load(bytes, bit)
            let entry = entries[Int(truncatingIfNeeded: window & mask)]
            guard entry != 0 else { throw CodecError(reason: "a column has a code that is none") }
            let width = UInt64(entry & 0xff)
            let size = UInt64(entry >> 8)
            window = window &>> width
            bit &+= Int(width)
            if size > 48 { window = try Self.loadWide(bytes, bit, end) }
            bit &+= Int(size)
            column[place] = rebuilder.next(Self.residual(window, size))
        }
        guard bit <= end else { throw CodecError(reason: "a column ends too early") }
    }

    /// A number of a class from its sign and the bits below its leading one.
    @inline(__always)
    private static func residual(_ window: UInt64, _ size: UInt64) -> Int64 {
        if size == 0 { return 0 }
        let bits = size == 64 ? window : window & ((1 &<< size) &- 1)
        let magnitude = bits >> 1 | 1 &<< (size &- 1)
        let sign = 0 &- (bits & 1)
        return Int64(bitPattern: (magnitude ^ sign) &- sign)
    }

    private static func decodePacked(
        _ bytes: RawSpan, _ cursor: inout ByteCursor, _ control: UInt8, _ first: Int64,
        _ column: inout MutableSpan<Int64>, _ places: Range<Int>
    ) throws(CodecError) {
        var rebuilder = try prologue(bytes, &cursor, control, first)
        let least = try cursor.signed(bytes)
        let width = Int(try cursor.byte(bytes))
        guard width <= 64, places.count * width <= (cursor.end - cursor.offset) * 8 else {
            throw CodecError(reason: "a column ends too early")
        }
        let mask: UInt64 = width == 64 ? .max : (1 << UInt64(width)) - 1
        var bit = cursor.offset * 8
        for place in places {
            let window = width > 56 ? try loadWide(bytes, bit, cursor.end * 8) : load(bytes, bit)
            column[place] = rebuilder.next(least &+ Int64(bitPattern: window & mask))
            bit += width
        }
    }

    /// At least 57 bits from a place on.
    @inline(__always)
    private static func load(_ bytes: RawSpan, _ bit: Int) -> UInt64 {
        let word = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: bit >> 3, as: UInt64.self)
        return UInt64(littleEndian: word) &>> UInt64(bit & 7)
    }

    /// 64 bits from a place on.
    private static func loadWide(_ bytes: RawSpan, _ bit: Int, _ end: Int) throws(CodecError) -> UInt64 {
        guard bit <= end else { throw CodecError(reason: "a column ends too early") }
        let shift = UInt64(bit & 7)
        let low = load(bytes, bit)
        if shift == 0 { return low }
        let next = unsafe bytes.unsafeLoad(fromByteOffset: bit >> 3 + 8, as: UInt8.self)
        return low | UInt64(next) << (64 - shift)
    }
}

/// Makes numbers from residuals again.
private struct Rebuilder {
    let model: IntegerCodec.Model
    let divisor: Int64
    let first: Int64
    private var before: Int64
    private var last: Int64 = 0

    init(model: IntegerCodec.Model, divisor: Int64, first: Int64) {
        self.model = model
        self.divisor = divisor
        self.first = first
        before = model.level == 0 ? 0 : model.mean
    }

    @inline(__always)
    mutating func next(_ residual: Int64) -> Int64 {
        let item = residual &+ model.prediction(after: before)
        before = item
        last = model.level == 0 ? item : last &+ item
        return first &+ last &* divisor
    }
}
