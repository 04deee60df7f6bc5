import FleetModel

/// What lasts of a rule from round to round.
struct RuleMemory: Sendable {
    /// Its alerts; none of a recording rule.
    var alerts = AlertBook()
    /// The series that it wrote last, so that one which ends is marked as ended.
    var written: Set<Labels> = []
    /// Whether an earlier run's state was taken up, or there is none to take up.
    var isRestored = false
    var health = RuleHealth.unknown
    var lastError: String?
    var lastEvaluation: Timestamp?
    var evaluationTime: Duration = .zero
    /// How long it is left out since it took too long, and until when; longer each time.
    private(set) var rest: Duration = .zero
    private var restsUntil: Timestamp?

    private static let rests: ClosedRange<Duration> = .seconds(60) ... .seconds(900)

    /// Whether it is left out at `moment`; a clock that was set back leaves nothing out.
    func rests(at moment: Timestamp) -> Bool {
        guard let restsUntil, let lastEvaluation else { return false }
        return moment < restsUntil && moment >= lastEvaluation
    }

    /// Leaves it out for a while after `moment`.
    mutating func rest(after moment: Timestamp) {
        rest = min(max(rest + rest, Self.rests.lowerBound), Self.rests.upperBound)
        restsUntil = moment + rest
    }

    mutating func stopResting() { (rest, restsUntil) = (.zero, nil) }
}

/// What lasts of a group from round to round.
struct GroupMemory: Sendable {
    /// By the rules' keys.
    var rules: [String: RuleMemory] = [:]
    /// Series of rules that are no more, to be marked as ended.
    var orphans: Set<Labels> = []
    var lastEvaluation: Timestamp?
    var evaluationTime: Duration = .zero
    var iterations = 0
    var missedIterations = 0
    var failures = 0

    /// Whether the group's turn has come; a tenth less will do, so that jitter skips no turn. Turns that passed unused
    /// are counted. With a `phase` turns are the moments that lie it after multiples of the interval, and the first of all
    /// comes at once.
    mutating func takeTurn(at moment: Timestamp, every interval: Duration?, phase: Duration? = nil) -> Bool {
        if let interval, let phase, let last = lastEvaluation, moment >= last {
            let size = max(1, interval.milliseconds)
            func turn(_ time: Timestamp) -> Int64 { (time.milliseconds - phase.milliseconds) / size }
            let passed = turn(moment) - turn(last)
            if passed == 0 { return false }
            missedIterations += Int(clamping: passed - 1)
            lastEvaluation = moment
            iterations += 1
            return true
        }
        if let interval, let last = lastEvaluation, moment >= last {
            let gap = moment - last + interval / 10
            if gap < interval { return false }
            missedIterations += Int(clamping: gap.milliseconds / max(1, interval.milliseconds)) - 1
        }
        lastEvaluation = moment
        iterations += 1
        return true
    }

    /// Keeps only the rules with these keys; those that are new have nothing to take up.
    mutating func keep(_ keys: Set<String>) {
        for (key, rule) in rules where !keys.contains(key) {
            orphans.formUnion(rule.written)
            rules[key] = nil
        }
        for key in keys where rules[key] == nil { rules[key, default: RuleMemory()].isRestored = true }
    }
}
