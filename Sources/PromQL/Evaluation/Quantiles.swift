/// Quantiles of plain lists, as Prometheus interpolates them.
enum Quantiles {
    /// The quantile of `values`, which are reordered. Not-a-number counts as the smallest value.
    static func quantile(_ quantile: Double, of values: inout [Double]) -> Double {
        if values.isEmpty || quantile.isNaN { return .nan }
        if quantile < 0 { return -.infinity }
        if quantile > 1 { return .infinity }
        let rank = quantile * Double(values.count - 1)
        let lower = Int(rank.rounded(.down))
        let upper = min(values.count - 1, lower + 1)
        let weight = rank - rank.rounded(.down)
        place(lower, of: &values)
        let low = values[lower]
        // What follows a placed value is not smaller, so the next in order is the least of it.
        var high = low
        if upper > lower {
            high = values[upper]
            for other in values[upper...] where precedes(other, high) { high = other }
        }
        return low * (1 - weight) + high * weight
    }

    private static func precedes(_ left: Double, _ right: Double) -> Bool { left < right || left.isNaN && !right.isNaN }

    /// Reorders so that the value at `wanted` is the one that sorting would put there, smaller ones before it (Hoare's
    /// selection, with the median of three as pivot).
    private static func place(_ wanted: Int, of values: inout [Double]) {
        var (low, high) = (0, values.count - 1)
        while low < high {
            let pivot = medianOfThree(values[low], values[low + (high - low) / 2], values[high])
            var (left, right) = (low, high)
            while left <= right {
                while precedes(values[left], pivot) { left += 1 }
                while precedes(pivot, values[right]) { right -= 1 }
                if left <= right {
                    values.swapAt(left, right)
                    left += 1
                    right -= 1
                }
            }
            if wanted <= right {
                high = right
            } else if wanted >= left {
                low = left
            } else {
                return
            }
        }
    }

    private static func medianOfThree(_ a: Double, _ b: Double, _ c: Double) -> Double {
        let (low, high) = precedes(b, a) ? (b, a) : (a, b)
        return precedes(c, low) ? low : precedes(high, c) ? high : c
    }
}
