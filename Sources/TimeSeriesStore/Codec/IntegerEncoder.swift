#if canImport(Glibc)
    import Glibc
#endif

/// Writes columns in the form that `IntegerCodec` draws. Keeps its memory from column to column.
struct IntegerEncoder {
    private var numbers: [Int64] = []
    private var residuals: [Int64] = []

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
        var choice = ModelChoice(numbers)
        let model = choice.best(&residuals)
        let form = choice.isPackedShorter(residuals) ? IntegerCodec.Form.packed : .classes
        let flags = (divisor > 1 ? UInt8(0x40) : 0) | (model.mean != 0 ? 0x80 : 0)
        bytes.append(form.rawValue | UInt8(model.level) << 2 | UInt8(model.weight) << 3 | flags)
        Varint.append(signed: first, to: &bytes)
        if divisor > 1 { Varint.append(divisor, to: &bytes) }
        if model.mean != 0 { Varint.append(signed: model.mean, to: &bytes) }
        if form == .packed { appendPacked(to: &bytes) } else { appendClasses(choice.histogram, to: &bytes) }
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

    private func appendClasses(_ histogram: InlineArray<65, UInt32>, to bytes: inout [UInt8]) {
        let code = ClassCode(histogram)
        IntegerCodec.append(code, to: &bytes)
        var writer = BitWriter()
        for residual in residuals {
            let magnitude = residual.magnitude
            let size = 64 - magnitude.leadingZeroBitCount
            let (bits, width) = code.code(of: size)
            writer.append(bits, width: width, to: &bytes)
            if size > 0 {
                // The leading one is known from the class; its place is taken by the sign, lowest.
                let rest = magnitude ^ 1 << UInt64(size - 1)
                writer.append(rest << 1 | UInt64(bitPattern: residual) >> 63, width: size, to: &bytes)
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

/// Finds the model that codes a column shortest among a few likely ones.
struct ModelChoice {
    private let numbers: [Int64]
    /// How often each class occurs among the residuals of the best model.
    private(set) var histogram = InlineArray<65, UInt32>(repeating: 0)
    /// What the best model costs, in bits.
    private var cost = Double.infinity

    init(_ numbers: [Int64]) { self.numbers = numbers }

    /// The best model; `residuals` becomes what it leaves.
    mutating func best(_ residuals: inout [Int64]) -> IntegerCodec.Model {
        var best = IntegerCodec.Model(level: 1, weight: 0, mean: 0)
        consider(best, &best)
        for level in 0...1 {
            let fitted = fit(level: level)
            consider(fitted, &best)
            if fitted.weight > 0, fitted.weight < 4, level == 1 {
                consider(IntegerCodec.Model(level: 1, weight: 4, mean: fitted.mean), &best)
            }
        }
        Self.fill(&residuals, numbers, best)
        return best
    }

    /// Mean and weight from the column's average and how its neighbours go together.
    private func fit(level: Int) -> IntegerCodec.Model {
        let count = numbers.count - level
        guard count > 0 else { return IntegerCodec.Model(level: level, weight: 0, mean: 0) }
        var sum = 0.0
        for place in level..<numbers.count { sum += item(place, level) }
        let mean = sum / Double(count)
        var variance = 0.0
        var covariance = 0.0
        var before = 0.0
        for place in level..<numbers.count {
            let distance = item(place, level) - mean
            variance += distance * distance
            covariance += distance * before
            before = distance
        }
        let share = variance > 0 ? (covariance / variance * 4).rounded() : 0
        let whole = Int64(exactly: mean.rounded()) ?? 0
        return IntegerCodec.Model(level: level, weight: Int64(min(max(share, 0), 4)), mean: whole)
    }

    @inline(__always)
    private func item(_ place: Int, _ level: Int) -> Double {
        level == 0 ? Double(numbers[place]) : Double(numbers[place] &- numbers[place - 1])
    }

    private mutating func consider(_ model: IntegerCodec.Model, _ best: inout IntegerCodec.Model) {
        var candidate = InlineArray<65, UInt32>(repeating: 0)
        var bits = 0
        Self.eachResidual(numbers, model) { residual in
            let size = 64 - residual.magnitude.leadingZeroBitCount
            candidate[size] += 1
            bits += size
        }
        let total = Double(bits) + Self.entropy(candidate, numbers.count - 1)
        if total < cost { (cost, histogram, best) = (total, candidate, model) }
    }

    /// Whether packing the residuals at one width is shorter than coding them by class.
    func isPackedShorter(_ residuals: [Int64]) -> Bool {
        let (least, width) = IntegerEncoder.extent(residuals)
        var classes = 0
        var first = 65
        var last = 0
        for place in 1..<ClassCode.classes where histogram[place] > 0 {
            first = min(first, place)
            last = place
        }
        classes = max(0, last - first + 1) + (histogram[0] > 0 ? 1 : 0)
        let tableBits = Double(16 + (classes + 1) / 2 * 8)
        let packedBits = Double(residuals.count * width + 8 + Varint.size(signed: least) * 8)
        return packedBits <= cost * 1.01 + tableBits
    }

    private static func entropy(_ histogram: InlineArray<65, UInt32>, _ total: Int) -> Double {
        var bits = timesLog[min(total, timesLog.count - 1)]
        for place in 0..<ClassCode.classes where histogram[place] > 0 {
            bits -= timesLog[min(Int(histogram[place]), timesLog.count - 1)]
        }
        return bits
    }

    /// `n * log2(n)` by `n`.
    private static let timesLog: [Double] = (0...IntegerCodec.longest).map {
        $0 < 2 ? 0 : Double($0) * log2(Double($0))
    }

    private static func fill(_ residuals: inout [Int64], _ numbers: [Int64], _ model: IntegerCodec.Model) {
        residuals.removeAll(keepingCapacity: true)
        eachResidual(numbers, model) { residuals.append($0) }
    }

    /// What a model leaves of every number but the first, which is 0.
    @inline(__always)
    private static func eachResidual(
        _ numbers: [Int64], _ model: IntegerCodec.Model, _ body: (Int64) -> Void
    ) {
        var before: Int64 = model.level == 0 ? 0 : model.mean
        var last: Int64 = 0
        for place in 1..<numbers.count {
            let number = numbers[place]
            let item = model.level == 0 ? number : number &- last
            body(item &- model.prediction(after: before))
            before = item
            last = number
        }
    }
}
