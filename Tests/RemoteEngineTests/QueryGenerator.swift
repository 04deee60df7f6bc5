/// Makes queries that Prometheus 2.42 and Evenkeel must answer alike, from a seed.
struct QueryGenerator {
    private var random: SplitMix

    init(seed: UInt64) { random = SplitMix(state: seed) }

    private mutating func pick<T>(_ choices: [T]) -> T { choices[Int(random.next() % UInt64(choices.count))] }

    private mutating func chance(_ percent: UInt64) -> Bool { random.next() % 100 < percent }

    /// A query of a vector.
    mutating func vector(_ depth: Int = 3) -> String {
        if depth == 0 { return selector() }
        return switch random.next() % 7 {
        case 0: selector()
        case 1: rangeCall()
        case 2: aggregation(depth)
        case 3: elementCall(depth)
        case 4: binary(depth)
        case 5: special()
        default: "(\(vector(depth - 1)))"
        }
    }

    // MARK: Selectors

    private mutating func selector() -> String {
        matched(pick(["lp_seconds_total", "memory_bytes", "temperature"])) + modifiers()
    }

    private mutating func matched(_ metric: String) -> String {
        let matcher = pick([
            "", "", "{host=\"h1\"}", "{host!=\"h1\"}", "{host=~\"h[12]\"}", "{host!~\"h(0|3)\"}", "{lp=\"\"}",
            "{host=~\".+\",lp!=\"0\"}", "{host=~\"h1|h2\"}", "{lp=~\"|1\"}", "{sensor=~\"c.*\"}",
        ])
        return metric + matcher
    }

    /// `offset` and `@`, such that no sample lies where a range ends.
    private mutating func modifiers() -> String {
        (chance(10) ? pick([" @ 1700000700.001", " @ 1700000333.001", " @ start()", " @ end()"]) : "")
            + (chance(15) ? pick([" offset 30s", " offset 2m", " offset -45s"]) : "")
    }

    private mutating func range() -> String { pick(["[25s]", "[1m]", "[95s]", "[5m]", "[10m]"]) }

    /// A range vector of a gauge or counter, sometimes a sub-query.
    private mutating func rangeVector(_ metric: String) -> String {
        if chance(20) {
            let inner = chance(30) ? "rate(\(matched("lp_seconds_total"))[1m])" : matched(metric)
            return "\(inner)[4m:\(pick(["", "30s", "17s"]))]\(modifiers())"
        }
        return matched(metric) + range() + modifiers()
    }

    // MARK: Functions

    private mutating func rangeCall() -> String {
        if chance(25) { return "\(pick(["rate", "increase"]))(\(matched("lp_seconds_total"))\(range())\(modifiers()))" }
        let argument = rangeVector(pick(["lp_seconds_total", "memory_bytes", "temperature"]))
        if chance(15) { return "quantile_over_time(\(pick(["-1", "0", "0.1", "0.5", "0.95", "1", "2"])), \(argument))" }
        // Prometheus 2 moves the range of an anchored selector along with the steps here.
        if chance(10), !argument.contains("@") {
            return "predict_linear(\(argument), \(pick(["60", "-30", "3600"])))"
        }
        if chance(8) { return "double_exponential_smoothing(\(argument), 0.3, 0.7)" }
        let function = pick([
            "irate", "delta", "idelta", "deriv", "changes", "resets", "avg_over_time", "min_over_time",
            "max_over_time", "sum_over_time", "count_over_time", "stddev_over_time", "stdvar_over_time",
            "last_over_time", "present_over_time", "absent_over_time",
        ])
        return "\(function)(\(argument))"
    }

    private mutating func elementCall(_ depth: Int) -> String {
        let inner = vector(depth - 1)
        return switch random.next() % 12 {
        case 0: "clamp(\(inner), \(pick(["1, 1000", "-5, 5", "10, 1"])))"
        case 1: "clamp_min(\(inner), 3)"
        case 2: "clamp_max(\(inner), 50)"
        case 3: "round(\(inner)\(pick(["", ", 0.5", ", 10"])))"
        case 4: "absent(\(inner))"
        case 5: "vector(scalar(\(inner)))"
        case 6: "\(pick(["-", "+"]))\(inner)"
        case 7: "\(pick(["sort", "sort_desc"]))(\(inner))"
        case 8: relabelled(inner)
        default:
            "\(pick(["abs", "ceil", "floor", "sqrt", "ln", "log2", "log10", "sgn", "deg", "rad", "sinh", "tanh", "asinh", "atan", "exp"]))(\(inner))"
        }
    }

    private mutating func relabelled(_ inner: String) -> String {
        pick([
            "label_replace(\(inner), \"to\", \"$1-x\", \"host\", \"h(.)\")",
            "label_replace(\(inner), \"host\", \"$2$1\", \"host\", \"(.)(.)\")",
            "label_replace(\(inner), \"to\", \"y\", \"missing\", \"\")",
            "label_join(\(inner), \"to\", \"/\", \"host\", \"lp\")",
            "label_join(\(inner), \"host\", \"\", \"lp\")",
        ])
    }

    /// What is asked for now and then: histograms, moments, trigonometry, and what picks single elements.
    private mutating func special() -> String {
        switch random.next() % 9 {
        case 0: return "histogram_quantile(\(pick(["0.1", "0.5", "0.99", "1", "-1", "NaN"])), latency_bucket)"
        case 1:
            let (labels, function) = (pick(["host, le", "le"]), pick(["rate", "increase"]))
            let buckets = "sum by (\(labels)) (\(function)(latency_bucket\(range())))"
            return "histogram_quantile(\(pick(["0.25", "0.9"])), \(buckets))"
        case 2: return timestamp()
        case 3:
            let part = pick([
                "minute", "hour", "day_of_week", "day_of_month", "day_of_year", "days_in_month", "month", "year",
            ])
            return "\(part)(\(pick(["", timestamp(), "memory_bytes", "-memory_bytes"])))"
        case 4: return "\(pick(["sin", "cos", "tan", "asin", "acos", "atanh", "acosh", "cosh"]))(temperature / 100)"
        case 5: return "\(pick(["topk", "bottomk"]))\(grouping()) (\(pick(["1", "3", "0"])), \(selector()))"
        case 6: return "count_values\(grouping()) (\"value\", round(\(selector()), 10))"
        case 7: return "vector(\(pick(["time()", "pi()", "time() % 60 ^ 2", "1 > bool 2", "-time() atan2 3"])))"
        default: return "\(pick(["avg", "max"]))_over_time(\(pick(["vector(time())", "sum(memory_bytes)"]))[3m:20s])"
        }
    }

    /// Prometheus' `timestamp()` passes over the offset of a selector that has `@` as well; ours does not.
    private mutating func timestamp() -> String {
        var text = selector()
        while text.contains("@"), text.contains("offset") { text = selector() }
        return "timestamp(\(text))"
    }

    // MARK: Aggregations and operators

    private mutating func grouping() -> String {
        pick(["", "", " by (host)", " by (host, lp)", " without (lp)", " without (host)", " by (nothing)"])
    }

    private mutating func aggregation(_ depth: Int) -> String {
        let inner = vector(depth - 1)
        switch random.next() % 5 {
        case 0: return "quantile\(grouping()) (\(pick(["0.1", "0.5", "0.9", "3"])), \(inner))"
        case 1: return "sum by (host) (topk\(grouping()) (\(pick(["1", "2", "100"])), \(selector())))"
        case 2: return "\(pick(["stddev", "stdvar"]))\(grouping()) (\(selector()))"
        default: return "\(pick(["sum", "avg", "min", "max", "count", "group"]))\(grouping()) (\(inner))"
        }
    }

    private mutating func binary(_ depth: Int) -> String {
        let left = "sum by (host) (\(vector(depth - 1)))"
        let arithmetic = pick(["+", "-", "*", "/", "^"])
        // What is left over makes much of the last bit, in which sums differ: only samples as they are.
        let remainder = pick([arithmetic, "%"])
        let comparison = pick(["==", "!=", "<", "<=", ">", ">=", "> bool", "<= bool", "== bool"])
        switch random.next() % 10 {
        case 0: return "\(vector(depth - 1)) \(arithmetic) \(pick(["2", "0.5", "-3", "0", "NaN", "Inf", "time()"]))"
        case 1: return "\(pick(["2", "100"])) \(comparison) \(vector(depth - 1))"
        case 2: return "\(left) \(arithmetic) on (host) max by (host) (\(vector(depth - 1)))"
        case 3: return "\(left) \(comparison) max by (host) (\(vector(depth - 1)))"
        case 4: return "lp_seconds_total \(arithmetic) on (host) group_left \(left)"
        case 5: return "memory_bytes \(comparison) ignoring (sensor, lp) group_left (sensor) temperature"
        case 6: return "temperature \(remainder) on (host) group_right (sensor) lp_seconds_total"
        case 7: return "\(vector(depth - 1)) \(pick(["and", "or", "unless"])) ignoring (lp) \(vector(depth - 1))"
        case 8: return "\(vector(depth - 1)) \(arithmetic) \(vector(depth - 1))"
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
