import FleetModel
import Foundation
import HTTPClient
import Logging
import PromQL
import RemoteEngine
import RulePacks
import Testing
import TimeSeriesStore

/// The bundled packs over the same fleet, each time with another engine that keeps the series and answers the rules: the
/// same alerts fire for the same objects. Values may differ: VictoriaMetrics does not extrapolate `rate`, and Prometheus
/// 2.42 closes ranges on the left.
@Suite(
    .enabled(
        if: PrometheusProcess.isInstalled && VictoriaProcess.isInstalled,
        "Debian's packages prometheus and victoria-metrics are not installed"),
    .timeLimit(.minutes(5)))
struct ThreeEnginesTests {
    private static let rulesFolder = URL(filePath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().appending(path: "rules")
    private static let seconds: Int64 = 480

    /// Half an hour ago: VictoriaMetrics keeps a day's samples apart from the future's, and nothing from long ago.
    private static let start = Timestamp(
        milliseconds: WallClock().now.milliseconds / 60_000 * 60_000 - 1_800_000)

    private static func packs() throws -> [RulePack] {
        let names = try FileManager.default.contentsOfDirectory(atPath: rulesFolder.path).filter { !$0.contains(".") }
            .sorted()
        return try names.map { try RulePack.load(folder: rulesFolder.appending(path: $0).path) }
    }

    /// Hosts by what share of their time their LPs work and of their memory is available; with an LP of two that is
    /// full, and one whose machine is starved.
    private static let hosts: [(name: String, busy: Double, steal: Double, available: Double)] = [
        ("calm", 0.30, 0, 0.50), ("hot", 0.82, 0, 0.40), ("saturated", 0.97, 0, 0.30), ("starved", 0.48, 0.5, 0.60),
        ("low", 0.20, 0, 0.08), ("exhausted", 0.25, 0, 0.03),
    ]

    private static func data() -> [SeriesSamples] {
        let times = stride(from: Int64(0), through: seconds, by: 15).map { start.milliseconds + $0 * 1000 + 137 }
        func series(_ labels: Labels, _ value: (Double) -> Double) -> SeriesSamples {
            let values = times.map { value(Double($0 - start.milliseconds) / 1000) }
            return SeriesSamples(labels: labels, samples: SampleColumns(times: times, values: values))
        }
        var all: [SeriesSamples] = []
        for (number, host) in hosts.enumerated() {
            let home: Labels = ["cluster": "lab", "host": host.name]
            for lp in ["0", "1"] {
                let modes = [
                    ("idle", 1 - host.busy - host.steal), ("guest", host.busy * 0.8), ("hypervisor", host.busy * 0.1),
                    ("root", host.busy * 0.1), ("steal", host.steal),
                ]
                for (mode, share) in modes {
                    var labels = home.setting(Labels.metricName, to: "evenkeel_lp_run_seconds_total")
                    labels["lp"] = lp
                    labels["mode"] = mode
                    all.append(series(labels) { 5000 + $0 * share })
                }
            }
            var machine = home.setting(Labels.metricName, to: "evenkeel_vm_run_seconds_total")
            machine["name"] = "web-\(host.name)"
            machine["vm"] = "00000000-0000-4000-8000-00000000000\(number)"
            all.append(series(machine) { 5000 + $0 * host.busy * 1.6 })
            let memory = 64e9
            all.append(series(home.setting(Labels.metricName, to: "evenkeel_host_memory_bytes")) { _ in memory })
            let available = home.setting(Labels.metricName, to: "evenkeel_host_memory_available_bytes")
            all.append(series(available) { _ in memory * host.available })
        }
        return all
    }

    /// Every alert that fired in the last round, and every tip with its subject.
    private struct Outcome: Equatable {
        var firing: [String] = []
        var tips: [String] = []
        var healthy: [String] = []
        var failures: [String] = []
    }

    private static func outcome(
        _ engine: any QueryEngine, _ sink: any SeriesSink, flush: () async throws -> Void
    ) async throws -> Outcome {
        var rules = RuleEngine(packs: try packs())
        let cluster = try #require(ClusterName("lab"))
        let rounds = stride(from: Int64(60), through: seconds, by: 15).map { start + .seconds($0) }
        var written = data()
        for round in rounds { written += rules.parameterSeries(clusters: [cluster], settings: [], at: round) }
        try await sink.append(written)
        try await flush()
        var outcome = Outcome()
        for round in rounds {
            let found = await rules.evaluate(at: round, engine: engine, sink: sink)
            outcome.firing = found.alerts.filter(\.isFiring).map { "\($0.alert) \($0.labels)" }
            outcome.tips = found.alerts.compactMap { alert in alert.tip.map { "\(alert.alert) \($0.subject.name)" } }
            outcome.healthy = found.healthy.map { "\($0.alert) \($0.subject.name)" }
            outcome.failures += found.failures.map { "\($0)" }
        }
        try await flush()
        return outcome
    }

    /// The series ALERTS that fired at the end, as the engine itself shows them.
    private static func shown(_ engine: any QueryEngine) async throws -> [String] {
        let query = "ALERTS{alertstate=\"firing\"}"
        guard case .vector(let elements) = try await engine.instant(query, at: start + .seconds(seconds + 1)).value
        else { return ["not a vector"] }
        return elements.map(\.labels.description).sorted()
    }

    @Test func theSameAlertsFireForTheSameObjects() async throws {
        let client = HTTPClient()
        let folder = FileManager.default.temporaryDirectory.appending(path: "three-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let store = try TimeSeriesStore(directory: folder, logger: Logger(label: "test"))
        let embedded = EmbeddedEngine(source: store)
        let expected = try await Self.outcome(embedded, store) {}
        #expect(expected.failures.isEmpty)
        #expect(
            Set(expected.tips).isSuperset(of: [
                "HostProcessorHot hot", "HostProcessorSaturated saturated", "HostProcessorSaturated starved",
                "HostMemoryLow low", "HostMemoryExhausted exhausted",
            ]))
        let shown = try await Self.shown(embedded)
        #expect(shown.count >= 7)

        let prometheus = try await PrometheusProcess(client: client)
        let remote = prometheus.engine(client)
        #expect(try await Self.outcome(remote, remote) {} == expected)
        #expect(try await Self.shown(remote) == shown)

        let victoria = try await VictoriaProcess(client: client)
        let other = victoria.engine()
        let found = try await Self.outcome(other, other) { try await victoria.flush() }
        #expect(found.firing == expected.firing && found.tips == expected.tips)
        #expect(found.failures.isEmpty)
        // Whole clusters are known to be well there only once their recorded series have been kept for a while.
        func ofHosts(_ healthy: [String]) -> [String] { healthy.filter { !$0.hasPrefix("Cluster") } }
        #expect(ofHosts(found.healthy) == ofHosts(expected.healthy))
        #expect(try await Self.shown(other) == shown)
        try await store.close()
    }
}
