import FleetModel
import Placement
import PromQL
import Remediation
import RulePacks
import Testing

@Suite("Plans over recorded history")
struct PlanReplayTests {
    /// A hot host with two VMs and a cool one, an hour of it, fifteen seconds apart.
    private static func history(minutes: Int = 60) -> MemorySource {
        var source = MemorySource()
        func add(_ metric: String, _ labels: Labels, _ value: (Int) -> Double) {
            var columns = SampleColumns()
            for place in 0...(minutes * 4) { columns.append(Int64(place) * 15_000, value(place)) }
            source.append([
                SeriesSamples(labels: labels.setting(Labels.metricName, to: metric), samples: columns)
            ])
        }
        for (host, idle) in [("hot", 3.0), ("cool", 13.5)] {
            let labels: Labels = ["cluster": "c", "host": host]
            add("evenkeel_lp_run_seconds_total", labels.setting("lp", to: "0").setting("mode", to: "idle")) {
                Double($0) * idle
            }
            add("evenkeel_lp_run_seconds_total", labels.setting("lp", to: "0").setting("mode", to: "guest")) {
                Double($0) * (15 - idle)
            }
            add("evenkeel_host_logical_processors", labels) { _ in 4 }
            add("evenkeel_host_memory_bytes", labels) { _ in 68_719_476_736 }
            add("evenkeel_host_memory_available_bytes", labels) { _ in 42_949_672_960 }
        }
        for (number, name, rate) in [(1, "web", 15.0), (2, "db", 30.0)] {
            let labels: Labels = [
                "cluster": "c", "host": "hot", "vm": Sample.machine(number).text, "name": name,
            ]
            add("evenkeel_vm_memory_bytes", labels) { _ in 4_294_967_296 }
            add("evenkeel_vm_run_seconds_total", labels) { Double($0) * rate }
        }
        return source
    }

    private static func tip(_ remediation: String = "relieve-host", target: String = "0.65") throws -> BacktestTip {
        let host = Sample.host("hot")
        let cluster = try #require(ClusterName("c"))
        var tip = BacktestTip(
            key: AlertKey(pack: "host-pressure", alert: "Hot", subject: .host(host, cluster: cluster)),
            level: .warning, title: "hot", remediation: remediation, raised: Timestamp(milliseconds: 600_000),
            ended: Timestamp(milliseconds: 1_800_000))
        tip.arguments = ["resource": "processor", "target": target]
        return tip
    }

    @Test("A tip's plan is made on the fleet as it was, and held against what happened")
    func replay() async throws {
        let engine = EmbeddedEngine(source: Self.history())
        let replay = try await PlanReplay.run(
            [try Self.tip()], over: engine, until: Timestamp(milliseconds: 3_600_000))
        let outcome = try #require(replay.outcomes.first)
        #expect(outcome.moves.map(\.virtualMachineName) == ["web"])
        #expect(outcome.moves.first?.hosts.map(\.text) == ["hot", "cool"])
        #expect(abs((replay.meanGain ?? 0) - 0.25) < 0.01)
        // Twenty minutes over the ceiling; with web elsewhere it would have been none.
        #expect(replay.overload == .seconds(1200) && replay.avoided == .seconds(1200))
    }

    @Test("What cannot be planned says why, and advice is no plan")
    func problems() async throws {
        let engine = EmbeddedEngine(source: Self.history())
        let end = Timestamp(milliseconds: 3_600_000)
        let replay = try await PlanReplay.run(
            [try Self.tip("notify"), try Self.tip(target: "nonsense")], over: engine, until: end)
        #expect(replay.planned == 0 && replay.overload == .zero)
        #expect(replay.outcomes.compactMap(\.problem).count == 2)
        let empty = try await PlanReplay.run([try Self.tip()], over: EmbeddedEngine(source: MemorySource()), until: end)
        #expect(empty.outcomes.first?.problem == "the fleet has no host hot")
    }
}
