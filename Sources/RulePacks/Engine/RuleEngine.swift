import FleetModel

/// Evaluates packs, one round at a time, and keeps what lasts from round to round: which alert has been there since
/// when. The state can be written down (`checkpoint`) and taken up again by another run of the server.
public struct RuleEngine: Sendable {
    /// The packs, each name once.
    public private(set) var packs: [RulePack]
    private var book = AlertBook()
    /// When each group with an interval of its own was evaluated last.
    private var evaluated: [String: Timestamp] = [:]
    /// The series that each rule wrote last, so that one which ends is marked as ended.
    private var written: [String: Set<Labels>] = [:]
    private var lastRound: Timestamp?

    /// An engine without alerts so far. Of packs with the same name the first counts.
    public init(packs: [RulePack]) {
        self.packs = []
        replace(packs: packs)
    }

    /// Goes on with other packs: alerts of rules that are still there stay as they are.
    public mutating func replace(packs: [RulePack]) {
        var names: Set<String> = []
        self.packs = packs.filter { names.insert($0.name).inserted }
        book.keep(rules: Set(self.packs.flatMap { $0.rulesByKey.map(\.key) }))
    }

    // MARK: Restart

    /// The state to write down after a round.
    public var checkpoint: RuleCheckpoint { RuleCheckpoint(time: lastRound, book: book) }

    /// Takes up the state of an earlier run at `moment`. The time in which nobody looked does not count towards any
    /// `for`; what fired goes on firing until it is looked at.
    public mutating func restore(_ checkpoint: RuleCheckpoint, at moment: Timestamp) {
        book = checkpoint.book
        book.keep(rules: Set(packs.flatMap { $0.rulesByKey.map(\.key) }))
        if let time = checkpoint.time { book.skip(moment - time) }
    }

    // MARK: Parameters

    /// `evenkeel_parameter{pack,name,cluster}` for every parameter and every cluster: the cluster's own setting, else
    /// the fleet's, else the pack's default; one sample each, at `moment`. A setting out of range counts as not set.
    public func parameterSeries(
        clusters: [ClusterName], settings: [ParameterSetting], at moment: Timestamp
    ) -> [SeriesSamples] {
        ParameterValues(settings).series(of: packs, clusters: clusters, at: moment)
    }

    // MARK: Rounds

    /// Evaluates everything as of `moment`. A rule that fails is reported and stops no other; what it said before
    /// stands. What recording rules give, and `ALERTS`, is in `sink` before the next rule is asked; without a sink
    /// neither is to be seen. `settings` are those of `parameterSeries`, for texts and remediations.
    public mutating func evaluate(
        at moment: Timestamp, engine: any QueryEngine, sink: (any SeriesSink)?, settings: [ParameterSetting] = []
    ) async -> AlertRound {
        var asker = RuleAsker(engine: engine, sink: sink, moment: moment)
        for pack in packs {
            for group in pack.groups where isDue(group, of: pack, at: moment) {
                for (key, rule) in group.rulesByKey(pack: pack.name) {
                    await evaluate(rule, key, group, pack, &asker)
                }
            }
        }
        lastRound = moment
        let composer = RoundComposer(parameters: ParameterValues(settings), moment: moment)
        let found = packs.flatMap { pack in
            pack.rulesByKey.flatMap { key, rule in
                book.alerts(of: key).map { composer.finding($0, of: rule, in: pack) }
            }
        }
        var round = AlertRound(time: moment)
        round.alerts = await composer.alerts(of: composer.withoutInhibited(found), &asker)
        round.healthy = await composer.healthy(packs, &asker)
        round.failures = asker.failures
        return round
    }

    /// A group with an interval of its own waits for it; a tenth less will do, so that jitter skips no turn.
    private mutating func isDue(_ group: RuleGroup, of pack: RulePack, at moment: Timestamp) -> Bool {
        guard let interval = group.interval else { return true }
        let key = "\(pack.name)/\(group.file)/\(group.name)"
        if let last = evaluated[key], moment >= last, moment - last < interval - interval / 10 { return false }
        evaluated[key] = moment
        return true
    }

    private mutating func evaluate(
        _ rule: Rule, _ key: String, _ group: RuleGroup, _ pack: RulePack, _ asker: inout RuleAsker
    ) async {
        do {
            let time = asker.moment - group.queryOffset
            let elements = try await asker.elements(of: rule.expression, at: time)
            if let limit = group.limit, elements.count > limit {
                throw RuleProblem("it gives \(elements.count) elements; the group's limit is \(limit)")
            }
            let series: [Labels: Double]
            switch rule.kind {
            case .record:
                series = try rule.series(of: elements)
            case .alert(_, let holdFor, let keepFiringFor):
                book.receive(
                    try rule.alerts(of: elements), of: key, holdFor: holdFor, keepFiringFor: keepFiringFor, at: time)
                series = Rule.alertSeries(of: book.alerts(of: key))
            }
            if asker.sink != nil {
                try await asker.write(series, endingOthersOf: written[key] ?? [], at: time)
                written[key] = Set(series.keys)
            }
        } catch {
            asker.fail(pack: pack.name, rule: rule.name, rule.place, error)
        }
    }
}

/// What a rule engine keeps from round to round.
public struct RuleCheckpoint: Sendable, Hashable, Codable {
    var time: Timestamp?
    var book: AlertBook

    /// Nothing so far.
    public init() {
        self.init(time: nil, book: AlertBook())
    }

    init(time: Timestamp?, book: AlertBook) {
        self.time = time
        self.book = book
    }
}

extension RulePack {
    /// Every rule with what its state is kept under.
    var rulesByKey: [(key: String, rule: Rule)] { groups.flatMap { $0.rulesByKey(pack: name) } }
}

extension RuleGroup {
    /// The rules with what their state is kept under: names, and a number only where a group has a name twice, so
    /// that an edit elsewhere in the file loses no state.
    func rulesByKey(pack: String) -> [(key: String, rule: Rule)] {
        var seen: [String: Int] = [:]
        return rules.map { rule in
            let number = seen[rule.name, default: 0]
            seen[rule.name] = number + 1
            return ("\(pack)/\(file)/\(name)/\(rule.name)/\(number)", rule)
        }
    }
}
