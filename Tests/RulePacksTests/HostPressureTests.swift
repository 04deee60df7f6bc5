import FleetModel
import Foundation
import PromQL
import Testing

@testable import RulePacks

@Suite("The bundled pack on the embedded engine")
struct HostPressureTests {
    private static let cluster = ClusterName("lab")

    /// Counters of two hosts with two LPs each, read every `step`: `busy` of `a`'s time is spent, a third of `b`'s.
    private func source(busy: Double, seconds: Int64, step: Int64) -> MemorySource {
        var source = MemorySource()
        for second in stride(from: 0, through: seconds, by: Int(step)) {
            for (host, share) in [("a", busy), ("b", 1.0 / 3)] {
                for lp in ["0", "1"] {
                    for (mode, part) in [("idle", 1 - share), ("virtual", share * 0.9), ("root", share * 0.1)] {
                        let labels: Labels = [
                            Labels.metricName: "evenkeel_lp_run_seconds_total", "cluster": "lab", "host": host,
                            "lp": lp, "mode": mode,
                        ]
                        source.append(labels, at: .at(second), Double(second) * part)
                    }
                }
                let machine: Labels = [
                    Labels.metricName: "evenkeel_vm_run_seconds_total", "cluster": "lab", "host": host,
                    "name": "web-\(host)", "vm": "00000000-0000-4000-8000-00000000000\(host == "a" ? 1 : 2)",
                ]
                source.append(machine, at: .at(second), Double(second) * share * 1.8)
            }
        }
        return source
    }

    /// Rounds every `step` from a minute on; the last one.
    private func lastRound(busy: Double, speed: Double) async throws -> AlertRound {
        let pack = try RulePack.load(folder: Places.hostPressure).scaled(by: speed)
        let cluster = try #require(Self.cluster)
        let step = Int64(15 / speed)
        var rules = RuleEngine(packs: [pack])
        var series = source(busy: busy, seconds: Int64(300 / speed), step: step)
        var round = AlertRound(time: .at(0))
        for second in stride(from: Int64(60 / speed), through: Int64(300 / speed), by: Int(step)) {
            series.append(rules.parameterSeries(clusters: [cluster], settings: [], at: .at(second)))
            round = await rules.evaluate(at: .at(second), engine: EmbeddedEngine(source: series), sink: nil)
        }
        return round
    }

    @Test("a host over the warning threshold: one tip, with evidence; the other host is healthy", arguments: [1.0, 5])
    func warning(speed: Double) async throws {
        let round = try await lastRound(busy: 0.8, speed: speed)
        #expect(round.failures.isEmpty)
        #expect(round.alerts.map(\.alert) == ["HostProcessorHot"])
        let tip = try #require(round.alerts.first?.tip)
        #expect(tip.title == "a: processors hot (80 %)")
        #expect(tip.level == .warning)
        #expect(tip.evidence.map(\.text).contains("web-a uses 1.44 logical processors"), "\(tip.evidence)")
        #expect(tip.evidence.map(\.text).contains("mode idle: 20.0 % of the time"))
        #expect(tip.terms.arguments == ["resource": "processor", "target": "0.65"])
        #expect(tip.terms.coolDownSeconds == 600 / speed)
        let cluster = try #require(Self.cluster)
        let well = AlertKey(
            pack: "host-pressure", alert: "HostProcessorHot",
            subject: .host(try #require(HostName("b")), cluster: cluster))
        #expect(round.healthy.filter { $0.alert == "HostProcessorHot" } == [well])
    }

    @Test("a saturated host: one tip, the critical one")
    func critical() async throws {
        let round = try await lastRound(busy: 0.97, speed: 1)
        #expect(round.alerts.map(\.alert) == ["HostProcessorSaturated"])
        #expect(round.alerts.first?.tip?.level == .critical)
    }

    @Test("between recovery and warning a host is neither hot nor healthy")
    func hysteresis() async throws {
        let round = try await lastRound(busy: 0.735, speed: 1)
        #expect(round.alerts.isEmpty)
        #expect(!round.healthy.contains { $0.subject.name == "a" })
    }
}
