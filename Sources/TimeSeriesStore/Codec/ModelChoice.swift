/// Finds the model that codes a column shortest among a few likely ones. Keeps its memory from column to column.
struct ModelChoice {
    /// How often each class occurs among the residuals of the best model.
    private(set) var histogram = ClassHistogram()
    private var candidate = ClassHistogram()
    /// What the best model costs, in bits.
    private var cost = Double.infinity

    /// The best model for numbers of which the first is 0.
    mutating func best(for numbers: [Int64]) -> IntegerCodec.Model {
        cost = .infinity
        var best = IntegerCodec.Model()
        consider(IntegerCodec.Model(level: 1, weight: 0, mean: 0), numbers, &best)
        for level in 0...1 {
            let fitted = Self.fit(numbers, level: level)
            consider(fitted, numbers, &best)
            if fitted.weight > 0, fitted.weight < 4, level == 1 {
                consider(IntegerCodec.Model(level: 1, weight: 4, mean: fitted.mean), numbers, &best)
            }
        }
        return best
    }

    /// Mean and weight from the average and how neighbours go together.
    private static func fit(_ numbers: [Int64], level: Int) -> IntegerCodec.Model {
        let count = numbers.count - level
        guard count > 0 else { return IntegerCodec.Model(level: level, weight: 0, mean: 0) }
        let mean = average(numbers, level)
        var variance = 0.0
        var covariance = 0.0
        var before = 0.0
        var last = numbers[0]
        for place in level..<numbers.count {
            let item = level == 0 ? numbers[place] : numbers[place] &- last
            last = numbers[place]
            let distance = Double(item) - mean
            variance += distance * distance
            covariance += distance * before
            before = distance
        }
        let share = variance > 0 ? (covariance / variance * 4).rounded() : 0
        let whole = Int64(exactly: mean.rounded()) ?? 0
        return IntegerCodec.Model(level: level, weight: Int64(min(max(share, 0), 4)), mean: whole)
    }

    private static func average(_ numbers: [Int64], _ level: Int) -> Double {
        // The sum of all differences is the last number, since the first is 0.
        if level == 1 { return Double(numbers[numbers.count - 1]) / Double(numbers.count - 1) }
        var sum = 0.0
        for number in numbers { sum += Double(number) }
        return sum / Double(numbers.count)
    }

    private mutating func consider(
        _ model: IntegerCodec.Model, _ numbers: [Int64], _ best: inout IntegerCodec.Model
    ) {
        candidate.removeAll()
        var before: Int64 = model.level == 0 ? 0 : model.mean
        var last: Int64 = 0
        for place in 1..<numbers.count {
            let number = numbers[place]
            let item = model.level == 0 ? number : number &- last
            candidate.add(item &- model.prediction(after: before))
            before = item
            last = number
        }
        let total = candidate.cost(numbers.count - 1)
        if total < cost {
            swap(&candidate, &histogram)
            (cost, best) = (total, model)
        }
    }

    /// Whether packing the residuals at one width is shorter than coding them by class.
    func isPackedShorter(_ residuals: [Int64]) -> Bool {
        let (least, width) = IntegerEncoder.extent(residuals)
        let classes = max(0, histogram.greatest - histogram.least + 1) + (histogram.zeros > 0 ? 1 : 0)
        let tableBits = Double(16 + (classes + 1) / 2 * 8)
        let packedBits = Double(residuals.count * width + 8 + Varint.size(signed: least) * 8)
        return packedBits <= cost * 1.01 + tableBits
    }

    /// Fills `residuals` with what a model leaves of every number but the first.
    static func fill(_ residuals: inout [Int64], _ numbers: [Int64], _ model: IntegerCodec.Model) {
        residuals.removeAll(keepingCapacity: true)
        var before: Int64 = model.level == 0 ? 0 : model.mean
        var last: Int64 = 0
        for place in 1..<numbers.count {
            let number = numbers[place]
            let item = model.level == 0 ? number : number &- last
            residuals.append(item &- model.prediction(after: before))
            before = item
            last = number
        }
    }
}
