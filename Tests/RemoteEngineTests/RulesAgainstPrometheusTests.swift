import FleetModel
import Foundation
import HTTPClient
import PromQL
import RemoteEngine
import RulePacks
import Testing

/// A real Prometheus 2.42 evaluates a rule file for some seconds; then the same rules are evaluated here at the very same
/// moments over the same data, and every sample of ALERTS, ALERTS_FOR_STATE and the recorded series must be the same.
@Suite(
    .enabled(if: PrometheusProcess.isInstalled, "Debian's package prometheus is not installed"),
    .timeLimit(.minutes(5)))
struct RulesAgainstPrometheusTests {
    private static let rules = """
        groups:
          - name: g
            limit: 4
            rules:
              - {record: tick, expr: vector(1)}
              - {record: 'sum:load', expr: sum by (host) (load), labels: {source: rules}}
              - alert: Hot
                expr: 'sum:load > 5'
                for: 3s
                labels: {severity: warning, size: '{{ if gt $value 7.0 }}large{{ else }}small{{ end }}'}
              - {alert: Kept, expr: load > 6, for: 1s, keep_firing_for: 4s}
              - {alert: AtOnce, expr: 'absent(load{host="b"})'}
              - {alert: Many, expr: 'load >= 0 or label_replace(load, "twin", "$1", "host", "(.*)")'}
              - {record: firing, expr: 'count(ALERTS{alertstate="firing"}) or vector(0)'}
        """
    private static let metrics = ["tick", "sum:load", "ALERTS", "ALERTS_FOR_STATE", "firing"]

    /// Three hosts whose load comes and goes with other rhythms, from now on into the future; one ends for a while.
    private static func data(from start: Timestamp) -> [SeriesSamples] {
        let rhythms: [(host: String, period: Int64, high: Double)] = [("a", 9, 8), ("b", 7, 6.5), ("c", 13, 9)]
        return rhythms.map { host, period, high in
            var samples = SampleColumns()
            for half in Int64(-20)..<160 {
                let second = half / 2
                let isAway = host == "b" && (second % 11) >= 8
                let value = (second % period) * 2 >= period ? high : 1.0
                samples.append(start.milliseconds + half * 500 + 13, isAway ? Staleness.marker : value)
            }
            return SeriesSamples(labels: [Labels.metricName: "load", "host": host], samples: samples)
        }
    }

    /// A store that grows while rules are evaluated.
    private final class GrowingSource: SeriesSource, SeriesSink {
        private let source = Locked(MemorySource())

        func select(_ matchers: [LabelMatcher], from first: Int64, through last: Int64) throws -> any SeriesSet {
            try source.withLock { $0 }.select(matchers, from: first, through: last)
        }

        func append(_ series: [SeriesSamples]) async throws { source.withLock { $0.append(series) } }
    }

    private static func raw(_ metric: String, _ engine: any QueryEngine, at moment: Timestamp) async throws
        -> [Labels: SampleColumns]
    {
        guard case .matrix(let series) = try await engine.instant("{__name__=\"\(metric)\"}[10m]", at: moment).value
        else { return [:] }
        return Dictionary(series.map { ($0.labels, $0.samples) }, uniquingKeysWith: { first, _ in first })
    }

    @Test func everySampleIsTheSame() async throws {
        let client = HTTPClient()
        let prometheus = try await PrometheusProcess(client: client, rules: Self.rules, evaluationInterval: "1s")
        let remote = prometheus.engine(client)
        let data = Self.data(from: WallClock().now)
        try await remote.append(data)
        var ticks: [Int64] = []
        while ticks.count < 30 {
            try await Task.sleep(for: .milliseconds(500))
            let now = WallClock().now
            ticks = try await Self.raw("tick", remote, at: now).values.first?.times ?? []
        }
        let end = Timestamp(milliseconds: ticks[ticks.count - 2])
        let source = GrowingSource()
        try await source.append(data)
        let engine = EmbeddedEngine(source: source)
        let folder = FileManager.default.temporaryDirectory.appending(path: "rules-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Self.rules.write(to: folder.appending(path: "g.yaml"), atomically: true, encoding: .utf8)
        var rules = RuleEngine(packs: [try RulePack.load(folder: folder.path)])
        for tick in ticks where tick <= end.milliseconds {
            _ = await rules.evaluate(at: Timestamp(milliseconds: tick), engine: engine, sink: source)
        }
        // In its first two evaluations Prometheus writes no alerts, since it has not restored any yet.
        let first = ticks[3]
        var compared = 0
        for metric in Self.metrics {
            let expected = try await Self.raw(metric, remote, at: end).mapValues { Self.from(first, $0) }
            let found = try await Self.raw(metric, engine, at: end).mapValues { Self.from(first, $0) }
            #expect(found.filter { $0.value.count > 0 } == expected.filter { $0.value.count > 0 }, "\(metric)")
            compared += expected.values.reduce(0) { $0 + $1.count }
        }
        #expect(compared > 150)
    }

    private static func from(_ first: Int64, _ samples: SampleColumns) -> SampleColumns {
        let start = samples.times.firstIndex { $0 >= first } ?? samples.count
        return SampleColumns(times: Array(samples.times[start...]), values: Array(samples.values[start...]))
    }
}
