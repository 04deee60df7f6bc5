import FleetModel

/// How rules are evaluated.
public struct RuleEngineOptions: Sendable {
    /// From one evaluation to the next of a group that names no interval; `nil` for every round.
    public var interval: Duration?
    /// How many groups are evaluated side by side. With one they go in the order of packs and files, so that every run
    /// of the same data is the same.
    public var groupsAtOnce = 1
    /// Whether groups that are not evaluated in every round take their turns at different moments, each by its name, so that
    /// no round has to do all of the work; the first after a start does.
    public var spreadsTurns = false
    /// How long all rules of one pack may take in one round together; `nil` for as long as they want.
    public var packLimit: Duration?
    /// What templates call `$externalLabels` and `externalURL`.
    public var external = ExternalIdentity()
    /// What an outage does to alerts that were pending.
    public var restoring = AlertRestoring()
    /// A clock that only goes forward, for how long evaluations take.
    public var stopwatch: @Sendable () -> Duration = { .zero }

    /// Every round, one group at a time.
    public init() {}
}

/// Evaluates packs, one round at a time, and keeps what lasts from round to round: which alert has been there since
/// when. The state can be written down (`checkpoint`) and taken up again by another run of the server.
public struct RuleEngine: Sendable {
    /// The packs, each name once.
    public private(set) var packs: [RulePack]
    /// Their groups, in the order of packs and files.
    private var groups: [PlacedGroup]
    private let options: RuleEngineOptions
    /// By the groups' keys.
    private var memories: [String: GroupMemory] = [:]
    /// By the alerting rules' keys, as far as somebody has watched for their silence: that takes parsing the pack's rules.
    private var silences: [String: SilenceMeaning] = [:]
    private var lastRound: Timestamp?
    /// The series of parameters as they were asked for last: they seldom change, and each has labels.
    private var lastParameters: (clusters: [ClusterName], settings: [ParameterSetting], series: [SeriesSamples])?

    /// An engine without alerts so far. Of packs with the same name the first counts.
    public init(packs: [RulePack], options: RuleEngineOptions = RuleEngineOptions()) {
        self.options = options
        self.packs = Self.once(packs)
        groups = self.packs.flatMap(PlacedGroup.all)
    }

    private static func once(_ packs: [RulePack]) -> [RulePack] {
        var names: Set<String> = []
        return packs.filter { names.insert($0.name).inserted }
    }

    /// Goes on with other packs: alerts of rules that are still there stay as they are. Series of rules that are gone
    /// are ended with the next evaluation of their group, or of any where the group is gone.
    public mutating func replace(packs: [RulePack]) {
        self.packs = Self.once(packs)
        groups = self.packs.flatMap(PlacedGroup.all)
        lastParameters = nil
        silences = [:]
        var orphans: Set<Labels> = []
        let keys = Set(groups.map(\.key))
        for (key, memory) in memories where !keys.contains(key) {
            orphans.formUnion(memory.rules.values.reduce(into: memory.orphans) { $0.formUnion($1.written) })
            memories[key] = nil
        }
        for group in groups {
            var memory = memories[group.key] ?? GroupMemory()
            memory.keep(Set(group.rules.map(\.key)))
            memory.orphans.formUnion(orphans)
            orphans = []
            memories[group.key] = memory
        }
    }

    /// How every group is doing, in the order of packs and files.
    public var groupStates: [RuleGroupState] {
        groups.map { placed in
            let interval = placed.group.interval ?? options.interval ?? .zero
            return RuleGroupState(placed, memories[placed.key] ?? GroupMemory(), every: interval)
        }
    }

    // MARK: Restart

    /// The state to write down after a round.
    public var checkpoint: RuleCheckpoint {
        var alerts: [String: AlertBook] = [:]
        for memory in memories.values {
            for (key, rule) in memory.rules where !rule.alerts.entries.isEmpty { alerts[key] = rule.alerts }
        }
        return RuleCheckpoint(time: lastRound, alerts: alerts)
    }

    /// Takes up the state of an earlier run at `moment`. What was pending is treated as Prometheus treats it after an
    /// outage; what fired goes on firing until it is looked at.
    public mutating func restore(_ checkpoint: RuleCheckpoint, at moment: Timestamp) {
        for placed in groups {
            let restoring = options.restoring.scaled(by: placed.pack.speed)
            for (key, rule) in placed.rules {
                guard case .alert(_, let holdFor, _) = rule.kind else { continue }
                var memory = RuleMemory()
                memory.isRestored = true
                if let book = checkpoint.alerts[key] {
                    memory.written = Set(book.series.keys)
                    memory.alerts = restoring.restored(
                        book.entries, holdFor: holdFor, down: checkpoint.time ?? moment, at: moment)
                }
                memories[placed.key, default: GroupMemory()].rules[key] = memory
            }
        }
    }

    // MARK: Parameters

    /// `evenkeel_parameter{pack,name,cluster}` for every parameter and every cluster: the cluster's own setting, else
    /// the fleet's, else the pack's default; one sample each, at `moment`. A setting out of range counts as not set.
    public mutating func parameterSeries(
        clusters: [ClusterName], settings: [ParameterSetting], at moment: Timestamp
    ) -> [SeriesSamples] {
        if lastParameters?.clusters != clusters || lastParameters?.settings != settings {
            let series = ParameterValues(settings).series(of: packs, clusters: clusters, at: moment)
            lastParameters = (clusters, settings, series)
        }
        return (lastParameters?.series ?? []).map { one in
            SeriesSamples(
                labels: one.labels, samples: SampleColumns(times: [moment.milliseconds], values: one.samples.values))
        }
    }

    // MARK: Rounds

    /// When the next group is due after the rounds so far; `nil` where no group has been evaluated.
    public var nextTurn: Timestamp? {
        groups.compactMap { placed in
            guard let interval = placed.group.interval ?? options.interval,
                let last = memories[placed.key]?.lastEvaluation
            else { return nil }
            guard options.spreadsTurns, placed.group.interval != nil else { return last + interval }
            let phase = Self.phase(of: placed.key, every: interval)
            let passed = (last - phase).milliseconds / max(1, interval.milliseconds)
            return Timestamp(milliseconds: (passed + 1) * interval.milliseconds) + phase
        }.min()
    }

    /// Where in its interval a group has its turn: always the same for a key (FNV-1a).
    private static func phase(of key: String, every interval: Duration) -> Duration {
        let mixed = key.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        return .milliseconds(Int64(mixed % UInt64(max(1, interval.milliseconds))))
    }

    /// Evaluates everything that is due as of `moment`. A rule that fails is reported and stops no other; what it said
    /// before stands. What recording rules give, and the alerts' series, is in `sink` before the group's next rule is
    /// asked; without a sink neither is to be seen. `settings` are those of `parameterSeries`, for texts and
    /// remediations. Verifications are asked for findings that somebody watches, `openTips`, and for everything without them.
    public mutating func evaluate(
        at moment: Timestamp, engine: any QueryEngine, sink: (any SeriesSink)?, settings: [ParameterSetting] = [],
        openTips: Set<AlertKey>? = nil
    ) async -> AlertRound {
        let parameters = ParameterValues(settings)
        let budget = RoundBudget(options)
        var asker = RuleAsker(engine: engine, sink: sink, moment: moment)
        var runs: [(key: String, run: GroupRun)] = []
        for placed in groups {
            var memory = memories[placed.key] ?? GroupMemory()
            let own = placed.group.interval
            let phase = own.flatMap { options.spreadsTurns ? Self.phase(of: placed.key, every: $0) : nil }
            guard memory.takeTurn(at: moment, every: own ?? options.interval, phase: phase) else { continue }
            let run = GroupRun(
                placed: placed, parameters: parameters, options: options, budget: budget, memory: memory, asker: asker)
            runs.append((placed.key, run))
        }
        for (key, run) in zip(runs.map(\.key), await Self.finish(runs.map(\.run), atOnce: options.groupsAtOnce)) {
            memories[key] = run.memory
            asker.take(failuresOf: run.asker)
        }
        lastRound = moment
        return await round(
            RoundComposer(parameters: parameters, moment: moment, external: options.external, budget: budget), openTips,
            &asker)
    }

    /// The runs at their end, in the order given.
    private static func finish(_ runs: [GroupRun], atOnce limit: Int) async -> [GroupRun] {
        var runs = runs
        guard limit > 1 else {
            for place in runs.indices { await runs[place].evaluate() }
            return runs
        }
        await withTaskGroup(of: (Int, GroupRun).self) { tasks in
            var waiting = Array(runs.enumerated().reversed())
            func begin(_ tasks: inout TaskGroup<(Int, GroupRun)>) {
                guard let (place, run) = waiting.popLast() else { return }
                tasks.addTask {
                    var run = run
                    await run.evaluate()
                    return (place, run)
                }
            }
            for _ in 0..<limit { begin(&tasks) }
            for await (place, run) in tasks {
                runs[place] = run
                begin(&tasks)
            }
        }
        return runs
    }

    private mutating func round(
        _ composer: RoundComposer, _ openTips: Set<AlertKey>?, _ asker: inout RuleAsker
    ) async -> AlertRound {
        let found = groups.flatMap { placed in
            placed.rules.flatMap { key, rule in
                (memories[placed.key]?.rules[key]?.alerts.entries ?? []).map {
                    composer.finding($0, of: rule, in: placed.pack)
                }
            }
        }
        var round = AlertRound(time: composer.moment)
        round.alerts = await composer.alerts(of: composer.withoutInhibited(found), &asker)
        round.healthy = await composer.healthy(packs, among: openTips, &asker)
        let silent = (openTips ?? []).subtracting(found.compactMap(\.key)).subtracting(round.healthy)
        if !silent.isEmpty {
            round.unmeasured = await composer.unmeasured(silent, looks(at: silent, composer.moment), &asker)
        }
        round.failures = asker.failures
        return round
    }

    /// The alerting rules that could find what `tips` are about, each with what its queries saw last.
    private mutating func looks(at tips: Set<AlertKey>, _ moment: Timestamp) -> [RoundComposer.Look] {
        let names = Set(tips.map { [$0.pack, $0.alert] })
        var looks: [RoundComposer.Look] = []
        for placed in groups {
            for (key, rule) in placed.rules where rule.isAlert && names.contains([placed.pack.name, rule.name]) {
                let last = memories[placed.key]?.rules[key]?.lastEvaluation ?? moment
                looks.append(
                    RoundComposer.Look(
                        pack: placed.pack, rule: rule, silence: silence(of: rule, key, in: placed.pack),
                        time: last - placed.group.queryOffset))
            }
        }
        return looks
    }

    private mutating func silence(of rule: Rule, _ key: String, in pack: RulePack) -> SilenceMeaning {
        if let known = silences[key] { return known }
        let meaning = SilenceMeaning(rule, of: pack, pack.tips[rule.name]?.subject)
        silences[key] = meaning
        return meaning
    }
}
