/// Makes queries that Prometheus 2.42 and Evenkeel must answer alike, from a seed.
struct QueryGenerator {
    private var random: SplitMix

    init(seed: UInt64) { random = SplitMix(state: seed) }

    private mutating func pick<T>(_ choices: [T]) -> T { choices[Int(random.next() % UInt64(choices.count))] }

    private mutating func chance(_ percent: UInt64) -> Bool { random.next() % 100 < percent }

    /// A query of a vector.
    mutating func vector(_ depth: Int = 3) -> String {
        if depth == 0 { return selector() }
        return switch random.next() % 6 {
        case 0: selector()
        case 1: rangeCall()
        case 2: aggregation(depth)
        case 3: elementCall(depth)
        case 4: binary(depth)
        default: "(\(vector(depth - 1)))"
        }
    }

    private mutating func selector() -> String {
        matched(pick(["lp_seconds_total", "memory_bytes", "temperature"])) + offset()
    }

    private mutating func matched(_ metric: String) -> String {
        let matcher = pick([
            "", "", "{host=\"h1\"}", "{host!=\"h1\"}", "{host=~\"h[12]\"}", "{host!~\"h(0|3)\"}", "{lp=\"\"}",
            "{host=~\".+\",lp!=\"0\"}", "{host=~\"h1|h2\"}",
        ])
        return metric + matcher
    }

    private mutating func offset() -> String { chance(15) ? pick([" offset 30s", " offset 2m", " offset -45s"]) : "" }

    private mutating func range() -> String { pick(["[25s]", "[1m]", "[95s]", "[5m]", "[10m]"]) }

    private mutating func rangeCall() -> String {
        if chance(25) { return "\(pick(["rate", "increase"]))(\(matched("lp_seconds_total"))\(range())\(offset()))" }
        let metric = pick(["lp_seconds_total", "memory_bytes", "temperature"])
        let argument =
            chance(15)
            ? "\(matched(metric))[4m:\(pick(["", "30s", "17s"]))]\(offset())" : matched(metric) + range() + offset()
        if chance(15) { return "quantile_over_time(\(pick(["0", "0.1", "0.5", "0.95", "1"])), \(argument))" }
        if chance(10) { return "predict_linear(\(argument), 60)" }
        let function = pick([
            "irate", "delta", "idelta", "deriv", "changes", "resets", "avg_over_time", "min_over_time",
            "max_over_time", "sum_over_time", "count_over_time", "stddev_over_time", "stdvar_over_time",
            "last_over_time",
            "present_over_time", "absent_over_time",
        ])
        return "\(function)(\(argument))"
    }

    private mutating func aggregation(_ depth: Int) -> String {
        let grouping = pick([
            "", "", " by (host)", " by (host, lp)", " without (lp)", " without (host)", " by (nothing)",
        ])
        let inner = vector(depth - 1)
        switch random.next() % 5 {
        case 0: return "quantile\(grouping) (\(pick(["0.1", "0.5", "0.9"])), \(inner))"
        case 1: return "sum by (host) (topk\(grouping) (\(pick(["1", "2", "100"])), \(selector())))"
        case 2: return "\(pick(["stddev", "stdvar"]))\(grouping) (\(selector()))"
        default:
            let operation = pick(["sum", "avg", "min", "max", "count", "group"])
            return "\(operation)\(grouping) (\(inner))"
        }
    }

    private mutating func elementCall(_ depth: Int) -> String {
        let inner = vector(depth - 1)
        return switch random.next() % 8 {
        case 0: "clamp(\(inner), 1, 1000)"
        case 1: "clamp_min(\(inner), 3)"
        case 2: "round(\(inner), 0.5)"
        case 3: "absent(\(inner))"
        case 4: "vector(scalar(\(inner)))"
        case 5: "-\(inner)"
        default: "\(pick(["abs", "ceil", "floor", "sqrt", "ln", "sgn", "deg", "sinh"]))(\(inner))"
        }
    }

    private mutating func binary(_ depth: Int) -> String {
        let left = "sum by (host) (\(vector(depth - 1)))"
        let arithmetic = pick(["+", "-", "*", "/", "%", "^"])
        let comparison = pick(["==", "!=", "<", "<=", ">", ">=", "> bool", "<= bool"])
        switch random.next() % 6 {
        case 0: return "\(vector(depth - 1)) \(arithmetic) \(pick(["2", "0.5", "-3", "0"]))"
        case 1: return "\(pick(["2", "100"])) \(comparison) \(vector(depth - 1))"
        case 2: return "\(left) \(arithmetic) on (host) max by (host) (\(vector(depth - 1)))"
        case 3: return "\(left) \(comparison) max by (host) (\(vector(depth - 1)))"
        case 4: return "lp_seconds_total \(arithmetic) on (host) group_left \(left)"
        default: return "\(vector(depth - 1)) \(pick(["and", "or", "unless"])) on (host) \(vector(depth - 1))"
        }
    }
}

/// A small seeded generator (splitmix64).
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
