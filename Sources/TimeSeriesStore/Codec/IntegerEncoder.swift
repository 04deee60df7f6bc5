/// Writes columns in the form that `IntegerCodec` draws. Keeps its memory from column to column.
struct IntegerEncoder {
    private var numbers: [Int64] = []
    private var residuals: [Int64] = []
    private var choice = ModelChoice()
    private var code = ClassCode()

    /// Appends the column to `bytes`.
    mutating func encode(_ column: [Int64], to bytes: inout [UInt8]) {
        guard let first = column.first else { return }
        var divisor = Self.makeRelative(column, into: &numbers)
        if divisor == 0 {
            bytes.append(IntegerCodec.Form.constant.rawValue)
            Varint.append(signed: first, to: &bytes)
            return
        }
        if let step = Self.evenStep(numbers) {
            bytes.append(IntegerCodec.Form.evenSteps.rawValue)
            Varint.append(signed: first, to: &bytes)
            Varint.append(signed: step, to: &bytes)
            return
        }
        if divisor == 1 << 63 { divisor = 1 }
        if divisor > 1 { Self.divide(&numbers, by: Int64(divisor)) }
        let model = choice.best(for: numbers)
        ModelChoice.fill(&residuals, numbers, model)
        let form = choice.isPackedShorter(residuals) ? IntegerCodec.Form.packed : .classes
        let flags = (divisor > 1 ? UInt8(0x40) : 0) | (model.mean != 0 ? 0x80 : 0)
        bytes.append(form.rawValue | UInt8(model.level) << 2 | UInt8(model.weight) << 3 | flags)
        Varint.append(signed: first, to: &bytes)
        if divisor > 1 { Varint.append(divisor, to: &bytes) }
        if model.mean != 0 { Varint.append(signed: model.mean, to: &bytes) }
        if form == .packed { appendPacked(to: &bytes) } else { appendClasses(to: &bytes) }
    }

    /// Fills `numbers` with the column relative to its first number; returns their greatest common divisor.
    private static func makeRelative(_ column: [Int64], into numbers: inout [Int64]) -> UInt64 {
        numbers.removeAll(keepingCapacity: true)
        let first = column[0]
        var divisor: UInt64 = 0
        for number in column {
            let relative = number &- first
            numbers.append(relative)
            if divisor != 1, relative != 0 { divisor = commonDivisor(divisor, relative.magnitude) }
        }
        return divisor
    }

    private static func commonDivisor(_ one: UInt64, _ other: UInt64) -> UInt64 {
        var (left, right) = (one, other)
        while left != 0 { (left, right) = (right % left, left) }
        return right
    }

    private static func evenStep(_ numbers: [Int64]) -> Int64? {
        let step = numbers[1]
        for place in 2..<max(2, numbers.count) where numbers[place] &- numbers[place - 1] != step { return nil }
        return step
    }

    private static func divide(_ numbers: inout [Int64], by divisor: Int64) {
        if divisor & (divisor - 1) == 0 {
            let shift = Int64(divisor.trailingZeroBitCount)
            for place in numbers.indices { numbers[place] >>= shift }
        } else {
            for place in numbers.indices { numbers[place] /= divisor }
        }
    }

    private mutating func appendClasses(to bytes: inout [UInt8]) {
        code.build(for: choice.histogram)
        IntegerCodec.append(code, choice.histogram, to: &bytes)
        var writer = BitWriter()
        for residual in residuals {
            let size = ClassHistogram.size(of: residual)
            let entry = UInt64(code.codes[size])
            let width = Int(entry >> 8)
            // The leading one is known from the class; its place is taken by the sign, lowest.
            let rest = size == 0 ? 0 : residual.magnitude ^ 1 &<< UInt64(size &- 1)
            let tail = size == 0 ? 0 : rest << 1 | UInt64(bitPattern: residual) >> 63
            if size <= 56 {
                writer.append(entry & 0xff | tail << UInt64(width), width: width + size, to: &bytes)
            } else {
                writer.append(entry & 0xff, width: width, to: &bytes)
                writer.append(tail, width: size, to: &bytes)
            }
        }
        writer.finish(&bytes)
    }

    private func appendPacked(to bytes: inout [UInt8]) {
        let (least, width) = Self.extent(residuals)
        Varint.append(signed: least, to: &bytes)
        bytes.append(UInt8(width))
        var writer = BitWriter()
        for residual in residuals { writer.append(UInt64(bitPattern: residual &- least), width: width, to: &bytes) }
        writer.finish(&bytes)
    }

    /// The least of the residuals and how many bits their distances from it take.
    static func extent(_ residuals: [Int64]) -> (least: Int64, width: Int) {
        var least = Int64.max
        var most = Int64.min
        for residual in residuals {
            least = min(least, residual)
            most = max(most, residual)
        }
        return (least, 64 - UInt64(bitPattern: most &- least).leadingZeroBitCount)
    }
}
