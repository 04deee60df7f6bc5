import FleetModel
import Remediation
import Testing

@Suite("Reading loads")
struct LoadQueriesTests {
    /// Answers each expression as it is told to.
    struct FixedEngine: QueryEngine {
        var answers: [String: [(name: String, value: Double)]]
        var label: [String: String]

        func instant(_ expression: String, at moment: Timestamp) async throws -> QueryAnswer {
            let samples = (answers[expression] ?? []).map { name, value in
                InstantSample(labels: [label[expression] ?? "host": name], time: moment, value: value)
            }
            return QueryAnswer(.vector(samples))
        }

        func range(
            _ expression: String, from first: Timestamp, through last: Timestamp, step: Duration
        ) async throws -> QueryAnswer {
            QueryAnswer(.matrix([]))
        }
    }

    private let queries = LoadQueries(window: .seconds(60), freshness: .seconds(45))
    private let moment = Timestamp(milliseconds: 1_000_000)

    private func engine(hosts: [(String, Double)], sampled: [(String, Double)]) -> FixedEngine {
        FixedEngine(
            answers: [
                queries.hostProcessorUse: hosts.map { (name: $0.0, value: $0.1) },
                queries.hostSampled: sampled.map { (name: $0.0, value: $0.1) },
                queries.virtualMachineUse: [(name: Sample.machine(1).text, value: 0.5)],
                queries.virtualMachineSampled: [(name: Sample.machine(1).text, value: 999)],
                queries.virtualMachineWait: [(name: Sample.machine(1).text, value: 0.1)],
            ],
            label: [
                queries.virtualMachineUse: "vm", queries.virtualMachineSampled: "vm", queries.virtualMachineWait: "vm",
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
}
