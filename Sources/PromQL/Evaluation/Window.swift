import FleetModel

/// The samples of one series inside one range: those at `start..<end` of the columns, at least one.
struct Window {
    let times: [Int64]
    let values: [Double]
    let start: Int
    let end: Int
    /// The moment at which the range ends, milliseconds.
    let reference: Int64

    var count: Int { end - start }

    /// When a sample was taken, in seconds.
    func seconds(_ place: Int) -> Double { Double(times[place]) / 1000 }

    // MARK: Counters and their like

    /// The difference of the last two samples, by the second for a rate.
    func lastStep(isRate: Bool) -> Double {
        guard count > 1 else { return StepSeries.absent }
        let (before, last) = (values[end - 2], values[end - 1])
        let difference = isRate && last < before ? last : last - before
        return isRate ? difference / (Double(times[end - 1] - times[end - 2]) / 1000) : difference
    }

    var changes: Int {
        (start + 1..<max(end, start + 1)).count { place in
            values[place] != values[place - 1] && !(values[place].isNaN && values[place - 1].isNaN)
        }
    }

    var resetCount: Int { (start + 1..<max(end, start + 1)).count { values[$0] < values[$0 - 1] } }

    // MARK: Sums

    var sum: Double {
        var sum = CompensatedSum()
        for place in start..<end { sum.add(values[place]) }
        return sum.total
    }

    var average: Double {
        var mean = CompensatedMean(values[start])
        for place in start + 1..<max(end, start + 1) { mean.add(values[place]) }
        return mean.result
    }

    /// The variance of the whole, by Welford's method with compensated sums.
    var variance: Double {
        var mean = CompensatedSum()
        var squares = CompensatedSum()
        for place in start..<end {
            let value = values[place]
            let distance = value - mean.uncorrectedTotal
            mean.add(distance / Double(place - start + 1))
            squares.add(distance * (value - mean.uncorrectedTotal))
        }
        return squares.uncorrectedTotal / Double(count)
    }

    /// Where the value is that comes before all others; not-a-number only where there is nothing else.
    func extreme(_ comesBefore: (Double, Double) -> Bool) -> Int {
        var best = start
        for place in start..<end where comesBefore(values[place], values[best]) || values[best].isNaN { best = place }
        return best
    }

    // MARK: Trends

    var slope: Double {
        count > 1 ? line(through: times[start]).slope : StepSeries.absent
    }

    /// The value that a straight line through the samples has `seconds` after `moment`.
    func prediction(at moment: Int64, seconds: Double) -> Double {
        guard count > 1 else { return StepSeries.absent }
        let line = line(through: moment)
        return line.slope * seconds + line.intercept
    }

    /// The least-squares line; its value at `moment` is the intercept.
    private func line(through moment: Int64) -> (slope: Double, intercept: Double) {
        let first = values[start]
        guard values[start..<end].contains(where: { $0 != first }) else {
            return first.isInfinite ? (.nan, .nan) : (0, first)
        }
        var (sumX, sumY, sumXY, sumXX) = (CompensatedSum(), CompensatedSum(), CompensatedSum(), CompensatedSum())
        for place in start..<end {
            let x = Double(times[place] - moment) / 1000
            let y = values[place]
            sumX.add(x)
            sumY.add(y)
            sumXY.add(x * y)
            sumXX.add(x * x)
        }
        let n = Double(count)
        let (x, y) = (sumX.uncorrectedTotal, sumY.uncorrectedTotal)
        let slope = (sumXY.uncorrectedTotal - x * y / n) / (sumXX.uncorrectedTotal - x * x / n)
        return (slope, y / n - slope * x / n)
    }

    /// Double exponential smoothing (Holt's linear method) with a smoothing and a trend factor.
    func smoothed(_ smoothing: Double, _ trendFactor: Double) -> Double {
        guard count > 1 else { return StepSeries.absent }
        var before = 0.0
        var level = values[start]
        var trend = values[start + 1] - values[start]
        for place in start + 1..<end {
            if place > start + 1 { trend = trendFactor * (level - before) + (1 - trendFactor) * trend }
            before = level
            level = smoothing * values[place] + (1 - smoothing) * (level + trend)
        }
        return level
    }
}
