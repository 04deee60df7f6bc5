/// A sum that keeps what rounding takes away (Kahan's summation with Neumaier's improvement).
struct CompensatedSum: Sendable {
    private(set) var sum = 0.0
    private(set) var correction = 0.0

    init(_ first: Double = 0) { sum = first }

    mutating func add(_ value: Double) {
        let next = sum + value
        if next.isInfinite {
            correction = 0
        } else if abs(sum) >= abs(value) {
            correction += (sum - next) + value
        } else {
            correction += (value - next) + sum
        }
        sum = next
    }

    /// Multiplies sum and correction.
    mutating func scale(_ factor: Double) {
        sum *= factor
        correction *= factor
    }

    /// The sum with its correction; infinite where the sum is.
    var total: Double { sum.isInfinite ? sum : sum + correction }

    /// The same where infinity needs no care.
    var uncorrectedTotal: Double { sum + correction }
}

/// A mean as the sum over the count for as long as the sum does not overflow, and incrementally from there on.
struct CompensatedMean: Sendable {
    private var sum: CompensatedSum
    private var count = 1.0
    private var isIncremental = false

    init(_ first: Double) { sum = CompensatedSum(first) }

    mutating func add(_ value: Double) {
        count += 1
        if !isIncremental {
            var next = sum
            next.add(value)
            if !next.sum.isInfinite {
                sum = next
                return
            }
            isIncremental = true
            sum.scale(1 / (count - 1))
        }
        sum.scale((count - 1) / count)
        sum.add(value / count)
    }

    var result: Double {
        isIncremental ? sum.uncorrectedTotal : sum.sum / count + sum.correction / count
    }
}
