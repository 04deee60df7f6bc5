import FleetModel
import Remediation
import RulePacks
import Testing

@Suite("Reading loads")
struct LoadQueriesTests {
    /// Answers each expression as it is told to.
    struct FixedEngine: QueryEngine {
        var answers: [String: [(labels: Labels, value: Double)]]

        func instant(_ expression: String, at moment: Timestamp) async throws -> QueryAnswer {
            let samples = (answers[expression] ?? []).map { labels, value in
                InstantSample(labels: labels, time: moment, value: value)
            }
            return QueryAnswer(.vector(samples))
        }

        func lookingBack(_ lookBack: Duration) -> any QueryEngine { self }

        func range(
            _ expression: String, from first: Timestamp, through last: Timestamp, step: Duration
        ) async throws -> QueryAnswer {
            QueryAnswer(.matrix([]))
        }
    }

    private let queries = LoadQueries(window: .seconds(60), freshness: .seconds(45))
    private let moment = Timestamp(milliseconds: 1_000_000)

    private func engine(
        hosts: [(String, Double)] = [], sampled: [(String, Double)] = [],
        machine: [(host: String, use: Double, sampled: Double)] = [("h1", 0.5, 999)]
    ) -> FixedEngine {
        func labels(_ host: String) -> Labels { ["vm": Sample.machine(1).text, "host": host] }
        return FixedEngine(answers: [
            queries.hostProcessorUse: hosts.map { (labels: ["host": $0.0], value: $0.1) },
            queries.hostSampled: sampled.map { (labels: ["host": $0.0], value: $0.1) },
            queries.virtualMachineUse: machine.map { (labels: labels($0.host), value: $0.use) },
            queries.virtualMachineSampled: machine.map { (labels: labels($0.host), value: $0.sampled) },
            queries.virtualMachineWait: machine.map { (labels: labels($0.host), value: $0.use / 5) },
        ])
    }

    @Test("Loads whose newest sample is too old are left out, and so is what is no number")
    func freshness() async throws {
        let engine = engine(
            hosts: [("h1", 0.5), ("h2", 0.6), ("h3", .nan), ("h4", 0.7), ("not a name!", 0.1)],
            sampled: [("h1", 999), ("h2", 900), ("h3", 999), ("not a name!", 999)])
        let readings = try await queries.readings(from: engine, at: moment)
        #expect(readings.hostProcessorUse == [Sample.host("h1"): 0.5])
        #expect(readings.virtualMachineUse == [Sample.machine(1): 0.5])
        #expect(readings.virtualMachineWait == [Sample.machine(1): 0.1])
        #expect(readings.time == moment)
    }

    @Test("What disks, links and memory are used for is read as far as it is told, and what is old is unknown")
    func devices() async throws {
        var engine = engine(hosts: [("h1", 0.5)], sampled: [("h1", 999), ("h2", 900)])
        let place: Labels = ["vm": Sample.machine(1).text, "host": "h1"]
        engine.answers[queries.virtualMachineDisk] = [(place, 3e6)]
        engine.answers[queries.virtualMachineNetwork] = [(place, 2e6)]
        engine.answers[queries.virtualMachineMemory] = [(place, 0.4)]
        engine.answers[queries.hostLink] = [(["host": "h1"], 1.25e9), (["host": "h2"], 1.25e9)]
        let readings = try await queries.readings(from: engine, at: moment)
        #expect(readings.virtualMachineDisk == [Sample.machine(1): 3e6])
        #expect(readings.virtualMachineNetwork == [Sample.machine(1): 2e6])
        #expect(readings.virtualMachineMemory == [Sample.machine(1): 0.4])
        #expect(readings.hostLink == [Sample.host("h1"): 1.25e9])
        #expect(readings.counting { _, _ in false }.virtualMachineNetwork.isEmpty)
        let silent = try await queries.readings(from: self.engine(), at: moment)
        #expect(silent.virtualMachineNetwork.isEmpty && silent.virtualMachineDisk.isEmpty && silent.hostLink.isEmpty)
    }

    @Test("Rounding of counters never makes a load less than nothing or more than the whole")
    func bounds() async throws {
        let engine = engine(hosts: [("h1", -0.001), ("h2", 1.002)], sampled: [("h1", 999), ("h2", 999)])
        let readings = try await queries.readings(from: engine, at: moment)
        #expect(readings.hostProcessorUse == [Sample.host("h1"): 0, Sample.host("h2"): 1])
    }

    @Test("A demo that runs ten times as fast looks back a tenth")
    func scaled() {
        let fast = queries.scaled(by: 10)
        #expect(fast.window == .seconds(6))
        #expect(fast.virtualMachineUse.contains("[6000ms]"))
    }

    @Test("Around a migration both sides count; a VM is known as long as one of its places has a fresh sample")
    func bothSides() async throws {
        let moved = engine(machine: [("h1", 0.25, 940), ("h2", 0.5, 999)])
        let readings = try await queries.readings(from: moved, at: moment)
        #expect(readings.virtualMachineUse == [Sample.machine(1): 0.75])
        let onSource = readings.counting { $1.text == "h1" }
        #expect(onSource.virtualMachineUse.isEmpty, "the source's newest sample is old")
        #expect(onSource.virtualMachineWait.isEmpty)
        let onDestination = readings.counting { $1.text == "h2" }
        #expect(onDestination.virtualMachineUse == [Sample.machine(1): 0.5])
    }

    private func take(_ readings: LoadReadings, in world: inout World) {
        var readings = readings
        readings.time = world.now
        let alerts = AlertRound(time: world.now, alerts: [], healthy: [], failures: [])
        world.take(.round(ControlRound(alerts: alerts, readings: readings)))
    }

    @Test("No host can make up load for a VM that is another's, until the VM has been there")
    func forged() async throws {
        var world = World.hot()
        let forged = engine(machine: [("h1", 1.25, 999), ("h2", 5, 999)])
        var readings = try await queries.readings(from: forged, at: moment)
        #expect(readings.virtualMachineUse == [Sample.machine(1): 6.25])
        readings.hostProcessorUse = world.use
        take(readings, in: &world)
        #expect(world.loop.lastReadings?.virtualMachineUse == [Sample.machine(1): 1.25])

        world.round([Sample.hot("h1")])
        world.ask(.migrate(Sample.machine(1), to: Sample.host("h2")))
        world.carryOutAll()
        world.relocate(1, to: "h2")
        world.pass(5)
        world.reportAll()
        take(readings, in: &world)
        #expect(world.loop.lastReadings?.virtualMachineUse == [Sample.machine(1): 6.25], "h1 had it inside the window")
        world.pass(70)
        world.reportAll()
        take(readings, in: &world)
        #expect(world.loop.lastReadings?.virtualMachineUse == [Sample.machine(1): 5])
    }
}
