import FleetModel
import HTTPClient
import PromQL
import RemoteEngine
import Testing

/// The same data and the same generated queries against a real Prometheus 2.42 and the embedded evaluator.
///
/// What Prometheus 3 does otherwise is kept out:
/// - Prometheus 2 takes a sample that lies exactly on the older end of a range: no sample, and no moment of a sub-query,
///   lies where a range ends;
/// - it extrapolates a counter that may have begun at zero inside the range otherwise: counters stay far from zero;
/// - its deviation of infinite values is 0 and not NaN, a sum keeps the sign of zero, `atan2` keeps the metric's name, and
///   which of equal elements `topk` takes is open: see `QueryGenerator` and `gauge`.
@Suite(
    .enabled(if: PrometheusProcess.isInstalled, "Debian's package prometheus is not installed"),
    .timeLimit(.minutes(5)))
struct DifferentialTests {
    private static let start: Int64 = 1_700_000_000_000
    private static let sampleCount = 120

    /// Counters with resets, gauges with gaps and staleness markers, on four hosts.
    private static func data() -> [SeriesSamples] {
        var random = SplitMix(state: 42)
        var series: [SeriesSamples] = []
        for host in 0..<4 {
            for lp in 0..<3 {
                series.append(counter(["__name__": "lp_seconds_total", "host": "h\(host)", "lp": "\(lp)"], &random))
            }
            series.append(gauge(["__name__": "memory_bytes", "host": "h\(host)"], 4e9, &random))
            series.append(gauge(["__name__": "temperature", "host": "h\(host)", "sensor": "cpu"], 60, &random))
            series += histogram(["__name__": "latency_bucket", "host": "h\(host)"], &random)
        }
        return series
    }

    private static func counter(_ labels: Labels, _ random: inout SplitMix) -> SeriesSamples {
        var value = Double.random(in: 1.01e7...1.02e7, using: &random)
        return samples(labels, &random) { random in
            // A reset takes half: after one that takes less a range's growth would be about its first value, as if the
            // counter had begun at zero.
            let isReset = Int.random(in: 0..<40, using: &random) == 0
            value = isReset ? value / 2 : value + .random(in: 0...10, using: &random)
            return value
        }
    }

    /// The buckets of a classic histogram: each counts what those below it count, and something of its own.
    private static func histogram(_ labels: Labels, _ random: inout SplitMix) -> [SeriesSamples] {
        let bounds = ["0.1", "0.5", "1", "10", "+Inf"]
        var columns = [SampleColumns](repeating: SampleColumns(), count: bounds.count)
        var counts = bounds.map { _ in Double.random(in: 10_000...20_000, using: &random).rounded() }
        for place in 0..<sampleCount {
            let time = start + Int64(place) * 10_000 + 123 + Int64.random(in: 0...700, using: &random)
            var total = 0.0
            for bucket in bounds.indices {
                counts[bucket] += Double.random(in: 0...20, using: &random).rounded()
                total += counts[bucket]
                columns[bucket].append(time, total)
            }
        }
        return zip(bounds, columns).map { SeriesSamples(labels: labels.setting("le", to: $0), samples: $1) }
    }

    private static func gauge(_ labels: Labels, _ scale: Double, _ random: inout SplitMix) -> SeriesSamples {
        samples(labels, &random) { random in
            if Int.random(in: 0..<50, using: &random) == 0 { return Staleness.marker }
            return (scale * .random(in: -0.5...1.5, using: &random)).rounded() + 0.5
        }
    }

    private static func samples(
        _ labels: Labels, _ random: inout SplitMix, value: (inout SplitMix) -> Double
    ) -> SeriesSamples {
        var columns = SampleColumns()
        for place in 0..<sampleCount where Int.random(in: 0..<12, using: &random) != 0 {
            columns.append(
                start + Int64(place) * 10_000 + 123 + Int64.random(in: 0...700, using: &random), value(&random))
        }
        return SeriesSamples(labels: labels, samples: columns)
    }

    @Test func generatedQueriesAreAnsweredAlike() async throws {
        let client = HTTPClient()
        let prometheus = try await PrometheusProcess(client: client)
        let remote = prometheus.engine(client)
        let data = Self.data()
        try await remote.append(data)
        var source = MemorySource()
        source.append(data)
        let embedded = EmbeddedEngine(source: source)
        var generator = QueryGenerator(seed: 7)
        var answered = 0
        for number in 0..<1500 {
            let query = generator.vector()
            let moment = Timestamp(milliseconds: Self.start + 640_001 + Int64(number % 40) * 13_000)
            if number % 3 == 0 {
                let last = moment + .seconds(240)
                let step = Duration.seconds([15, 40, 60][number / 3 % 3])
                answered += try await compare(query, remote, embedded) { engine, query in
                    try await engine.range(query, from: moment, through: last, step: step).value
                }
            } else {
                answered += try await compare(query, remote, embedded) { engine, query in
                    try await engine.instant(query, at: moment).value
                }
            }
        }
        // Most queries must have an answer, or this test proves nothing.
        #expect(answered > 800)
    }

    /// One where both answered, zero where both refused.
    private func compare(
        _ query: String, _ remote: RemoteEngine, _ embedded: EmbeddedEngine,
        _ ask: (any QueryEngine, String) async throws -> QueryValue
    ) async throws -> Int {
        var expected: QueryValue?
        do {
            // Prometheus 3 gave the function another name.
            let older = query.replacing("double_exponential_smoothing", with: "holt_winters")
            expected = try await ask(remote, older)
        } catch RemoteEngineError.refused {}
        do {
            let found = try await ask(embedded, query)
            guard let expected else {
                Issue.record("\(query): Prometheus refuses, Evenkeel does not")
                return 0
            }
            #expect(
                Self.rows(expected).isAlmost(Self.rows(found)), "\(query)\n\(Self.rows(expected))\n\(Self.rows(found))")
            return Self.rows(found).isEmpty ? 0 : 1
        } catch let error as PromQLError {
            #expect(expected == nil, "\(query): \(error)")
            return 0
        }
    }

    private typealias Row = (labels: Labels, samples: SampleColumns)

    private static func rows(_ value: QueryValue) -> Rows {
        switch value {
        case .scalar(let time, let value):
            Rows(rows: [(Labels(), SampleColumns(times: [time.milliseconds], values: [value]))])
        case .string: Rows(rows: [])
        case .vector(let elements):
            Rows(rows: elements.map { ($0.labels, SampleColumns(times: [$0.time.milliseconds], values: [$0.value])) })
        case .matrix(let series): Rows(rows: series.map { ($0.labels, $0.samples) })
        }
    }

    /// An answer in the order of labels.
    private struct Rows: CustomStringConvertible {
        var rows: [Row]

        init(rows: [Row]) { self.rows = rows.sorted { $0.labels < $1.labels } }

        var isEmpty: Bool { rows.isEmpty }

        var description: String { rows.map { "\($0.labels) \($0.samples)" }.joined(separator: "; ") }

        func isAlmost(_ other: Rows) -> Bool {
            rows.count == other.rows.count
                && zip(rows, other.rows).allSatisfy { one, two in
                    one.labels == two.labels && one.samples.times == two.samples.times
                        && zip(one.samples.values, two.samples.values).allSatisfy(Self.isAlmost)
                }
        }

        private static func isAlmost(_ left: Double, _ right: Double) -> Bool {
            if left.isNaN || right.isNaN { return left.isNaN && right.isNaN }
            return left == right || abs(left - right) <= 1e-8 * max(abs(left), abs(right), 1e-6)
        }
    }
}
