import FleetModel
import Foundation
import PromQL

/// Plays recorded history through a pack: which tips it would have raised, on what and for how long.
///
/// Expressions are evaluated over ranges of time, a few hours at once, and the alerts' memory is led through every step of
/// the answer, so that the result is that of evaluating step by step. A rule that reads what itself or a later rule writes
/// sees it only step by step; a pack with such a rule is played in pieces of one step.
public struct Backtest: Sendable {
    /// What is played.
    public struct Plan: Sendable {
        /// The pack.
        public var pack: RulePack
        /// The first moment that is evaluated.
        public var first: Timestamp
        /// The last one.
        public var last: Timestamp
        /// From one evaluation to the next, but for groups with an interval of their own.
        public var step: Duration
        /// The clusters that there are.
        public var clusters: [ClusterName]
        /// What clusters have set.
        public var settings: [ParameterSetting]

        /// A plan.
        public init(
            pack: RulePack, first: Timestamp, last: Timestamp, step: Duration, clusters: [ClusterName],
            settings: [ParameterSetting]
        ) {
            self.pack = pack
            self.first = first
            self.last = last
            self.step = step
            self.clusters = clusters
            self.settings = settings
        }
    }

    /// How much is evaluated at once.
    private static let piece = Duration.seconds(6 * 3600)
    /// An end and a new beginning within this are flapping.
    private static let flapping = Duration.seconds(3600)

    let plan: Plan
    private let series: OverlaySeries
    let engine: EmbeddedEngine
    private let parameters: ParameterValues
    private let memoryNeeded: Duration
    private let isByStep: Bool
    private var books: [String: AlertBook] = [:]
    private var written: [String: Set<Labels>] = [:]
    private var open: [AlertKey: BacktestTip] = [:]
    private var report = BacktestReport()

    /// Plays `plan` over `history`; `progress` is told the share that is done and says whether to go on. Throws
    /// `BacktestError`.
    public static func run(
        _ plan: Plan, over history: any SeriesSource, options: QueryOptions = QueryOptions(),
        progress: @Sendable (Double) -> Bool = { _ in true }
    ) async throws -> BacktestReport {
        try checkCoverage(plan, history)
        var backtest = Backtest(plan, history, options)
        backtest.report.unmeasured = try await backtest.unmeasured()
        try await backtest.play(progress)
        return backtest.report
    }

    private init(_ plan: Plan, _ history: any SeriesSource, _ options: QueryOptions) {
        self.plan = plan
        let recorded = plan.pack.groups.flatMap(\.rules).filter { !$0.isAlert }.map(\.name)
        series = OverlaySeries(
            history, own: Set(recorded).union([ParameterValues.metric, "ALERTS", "ALERTS_FOR_STATE"]))
        engine = EmbeddedEngine(source: series, options: options)
        parameters = ParameterValues(plan.settings)
        memoryNeeded = Self.lookBack(of: plan.pack) + .seconds(600)
        isByStep = Self.readsLaterRules(plan.pack)
    }

    // MARK: What can be played

    /// The longest that any of its rules looks back.
    private static func lookBack(of pack: RulePack) -> Duration {
        pack.groups.flatMap(\.rules).compactMap { try? parse($0.expression) }.map(\.longestRange).max() ?? .zero
    }

    private static func readsLaterRules(_ pack: RulePack) -> Bool {
        var later = Set(pack.groups.flatMap(\.rules).filter { !$0.isAlert }.map(\.name))
        for rule in pack.groups.flatMap(\.rules) {
            let read = (try? parse(rule.expression))?.metricNames ?? []
            if !later.isDisjoint(with: read) || read.contains("ALERTS") { return true }
            if !rule.isAlert { later.remove(rule.name) }
        }
        return false
    }

    // MARK: Playing

    private mutating func play(_ progress: @Sendable (Double) -> Bool) async throws {
        var time = plan.first
        let whole = max(1, (plan.last - plan.first).inSeconds)
        let groups = PlacedGroup.all(of: plan.pack)
        while time <= plan.last {
            let end = isByStep ? time : min(plan.last, time + Self.piece - .milliseconds(1))
            writeParameters(from: time, through: end)
            var moments: [Timestamp: [Found]] = [:]
            for placed in groups {
                for (key, rule) in placed.rules {
                    try await play(rule, key, of: placed.group, from: time, through: end, &moments)
                }
            }
            judge(moments, from: time, through: end)
            series.forget(before: end - memoryNeeded)
            guard progress(min(1, (end - plan.first).inSeconds / whole)) else { throw BacktestError.calledOff }
            time = isByStep ? time + plan.step : end + .milliseconds(1)
        }
        for tip in open.values { report.tips.append(tip) }
        report.finish(flapping: Self.flapping)
    }

    private func writeParameters(from first: Timestamp, through last: Timestamp) {
        var time = first
        while true {
            series.append(parameters.series(of: [plan.pack], clusters: plan.clusters, at: time))
            if time >= last { return }
            time = min(last, time + .seconds(240))
        }
    }

    /// An alert that fires at a moment.
    private struct Found {
        let rule: Rule
        let entry: AlertBook.Entry
    }

    private mutating func play(
        _ rule: Rule, _ key: String, of group: RuleGroup, from first: Timestamp, through last: Timestamp,
        _ moments: inout [Timestamp: [Found]]
    ) async throws {
        let step = max(group.interval ?? plan.step, .milliseconds(1))
        guard let begin = turn(notBefore: first, every: step), begin <= last else { return }
        let found: [SeriesSamples]
        do {
            found = try await matrix(rule.expression, from: begin, through: last, step: step)
        } catch {
            report.fail(rule.name, "\(error)")
            return
        }
        switch rule.kind {
        case .record: record(found, by: rule, key, from: begin, through: last, step)
        case .alert(_, let holdFor, let keepFiringFor):
            lead(found, rule, key, (holdFor, keepFiringFor), (begin, last, step), &moments)
        }
    }

    /// Groups are evaluated at multiples of their interval from the first moment on.
    private func turn(notBefore time: Timestamp, every step: Duration) -> Timestamp? {
        let passed = (time - plan.first).milliseconds
        let size = step.milliseconds
        return plan.first + .milliseconds((passed + size - 1) / size * size)
    }

    private func matrix(
        _ expression: String, from first: Timestamp, through last: Timestamp, step: Duration
    ) async throws -> [SeriesSamples] {
        switch try await engine.range(expression, from: first, through: last, step: step).value {
        case .matrix(let series): return series
        default: throw RuleProblem("it gives no vector")
        }
    }

    /// Writes what a recording rule gives, with an end where a series is no longer there.
    private mutating func record(
        _ found: [SeriesSamples], by rule: Rule, _ key: String, from first: Timestamp, through last: Timestamp,
        _ step: Duration
    ) {
        var now: Set<Labels> = []
        for one in found {
            var labels = one.labels
            for (name, template) in rule.labels { labels[name] = template.source }
            labels[Labels.metricName] = rule.name
            var columns = SampleColumns()
            var wasThere = written[key]?.contains(labels) ?? false
            var place = 0
            var time = first.milliseconds
            while time <= last.milliseconds {
                if place < one.samples.count, one.samples.times[place] == time {
                    columns.append(time, one.samples.values[place])
                    place += 1
                    wasThere = true
                } else if wasThere {
                    columns.append(time, Staleness.marker)
                    wasThere = false
                }
                time += step.milliseconds
            }
            if wasThere { now.insert(labels) }
            series.append([SeriesSamples(labels: labels, samples: columns)])
        }
        let present = Set(found.map { $0.labels.setting(Labels.metricName, to: rule.name) })
        for labels in written[key] ?? [] where !now.contains(labels) && !present.contains(labels) {
            series.append([
                SeriesSamples(
                    labels: labels,
                    samples: SampleColumns(times: [first.milliseconds], values: [Staleness.marker]))
            ])
        }
        written[key] = now
    }

    /// Leads the alerts' memory through every step, and notes which fire when.
    private mutating func lead(
        _ found: [SeriesSamples], _ rule: Rule, _ key: String, _ waits: (holdFor: Duration, keep: Duration),
        _ span: (first: Timestamp, last: Timestamp, step: Duration), _ moments: inout [Timestamp: [Found]]
    ) {
        let named = found.filter { plan.pack.targets.includes($0.labels) }.map { one -> (Labels, SeriesSamples) in
            var labels = one.labels.setting(Labels.metricName, to: "")
            let scene = TemplateScene(labels: one.labels, value: one.samples.values.first ?? 0)
            for (name, template) in rule.labels { labels[name] = template.renderOrExplain(scene) }
            labels["alertname"] = rule.name
            return (labels, one)
        }
        var book = books[key] ?? AlertBook()
        var places = [Int](repeating: 0, count: named.count)
        var time = span.first
        while time <= span.last {
            var entries: [AlertBook.Entry] = []
            for (index, (labels, one)) in named.enumerated() {
                let place = places[index]
                guard place < one.samples.count, one.samples.times[place] == time.milliseconds else { continue }
                places[index] += 1
                entries.append(
                    AlertBook.Entry(
                        labels: labels, element: one.labels, value: one.samples.values[place], activeSince: time))
            }
            if !entries.isEmpty || !book.entries.isEmpty {
                book.receive(entries, holdFor: waits.holdFor, keepFiringFor: waits.keep, at: time)
                let firing = book.entries.filter(\.isFiring).map { Found(rule: rule, entry: $0) }
                if !firing.isEmpty { moments[time, default: []] += firing }
            }
            // The moment counts also where nothing fires: that is when tips end.
            if moments[time] == nil { moments[time] = [] }
            time = time + span.step
        }
        books[key] = book
    }

    // MARK: Tips

    private mutating func judge(_ moments: [Timestamp: [Found]], from first: Timestamp, through last: Timestamp) {
        for (time, found) in moments.sorted(by: { $0.key < $1.key }) {
            var firing: [AlertKey: Found] = [:]
            for one in found {
                let rule = plan.pack.tips[one.rule.name]?.subject
                let subject =
                    rule.map { $0.subject(of: one.entry.labels) } ?? SubjectRule.guessed(from: one.entry.labels)
                guard let subject else { continue }
                firing[AlertKey(pack: plan.pack.name, alert: one.rule.name, subject: subject)] = one
            }
            let held = Set(
                firing.keys.flatMap { key in
                    (plan.pack.tips[key.alert]?.inhibits ?? []).map {
                        AlertKey(pack: key.pack, alert: $0, subject: key.subject)
                    }
                })
            for (key, one) in firing where open[key] == nil && !held.contains(key) { raise(key, one, at: time) }
            for key in open.keys where firing[key] == nil && isDue(key, at: time) {
                if var tip = open.removeValue(forKey: key) {
                    tip.ended = time
                    report.tips.append(tip)
                }
            }
        }
    }

    /// Whether the alert's group was evaluated at that moment: between its turns nothing is known of it.
    private func isDue(_ key: AlertKey, at time: Timestamp) -> Bool {
        let group = plan.pack.groups.first { $0.rules.contains { $0.isAlert && $0.name == key.alert } }
        let step = max(group?.interval ?? plan.step, .milliseconds(1)).milliseconds
        return (time - plan.first).milliseconds % step == 0
    }

    private mutating func raise(_ key: AlertKey, _ found: Found, at time: Timestamp) {
        let tip = plan.pack.tips[key.alert]
        let coolDown = tip?.coolDown ?? .seconds(600)
        let last = report.tips.last { $0.key == key }?.ended
        if let last, time - last < coolDown {
            report.heldBack[key.alert, default: 0] += 1
            // It goes on as the tip that it was.
            if let place = report.tips.lastIndex(where: { $0.key == key }) {
                var again = report.tips.remove(at: place)
                again.ended = nil
                open[key] = again
            }
            return
        }
        let scene = TemplateScene(
            labels: found.entry.element, value: found.entry.value,
            parameters: parameters.values(of: plan.pack, cluster: key.subject.cluster), moment: time)
        open[key] = BacktestTip(
            key: key, level: tip?.level ?? .warning,
            title: tip?.title.renderOrExplain(scene) ?? found.rule.name,
            remediation: tip?.remediation.name.rawValue ?? RemediationName.notify.rawValue,
            arguments: tip.map { $0.remediation.plainArguments(scene, value: found.entry.value) } ?? [:], raised: time,
            ended: nil)
    }
}

extension RulePack {
    /// The metrics that its rules read and that neither they nor the server's own rounds write.
    public var inputMetrics: Set<String> {
        let rules = groups.flatMap(\.rules)
        let own = Set(rules.filter { !$0.isAlert }.map(\.name)).union([
            ParameterValues.metric, "ALERTS", "ALERTS_FOR_STATE", "evenkeel_event",
        ])
        return Set(rules.compactMap { try? parse($0.expression) }.flatMap(\.metricNames)).subtracting(own)
    }
}

/// Why history cannot be played.
public enum BacktestError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The end is not after the beginning.
    case emptySpan
    /// Whoever asked does not want it any more.
    case calledOff
    /// Raw samples do not reach back so far.
    case noData(metrics: [String], at: Timestamp)
    /// Raw samples reach back so far, and there is none in the whole span.
    case gap(metrics: [String], from: Timestamp, through: Timestamp)

    /// The problem for a person.
    public var description: String {
        switch self {
        case .calledOff: "it was called off"
        case .emptySpan: "there is no time between the beginning and the end"
        case .gap(let metrics, let first, let last):
            "there are no raw samples of \(metrics.prefix(5).joined(separator: ", ")) from \(Self.text(first)) to "
                + "\(Self.text(last)): a pack that finds nothing there would look harmless; choose another span"
        case .noData(let metrics, let time):
            "there are no raw samples of \(metrics.prefix(5).joined(separator: ", ")) at \(Self.text(time)): choose a later beginning, "
                + "or keep raw samples for longer (raw_retention)"
        }
    }

    private static func text(_ time: Timestamp) -> String {
        Date(timeIntervalSince1970: Double(time.milliseconds) / 1000).formatted(.iso8601)
    }
}
