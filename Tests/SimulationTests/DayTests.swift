import FleetModel
import FleetState
import Foundation
import Remediation
import RulePacks
import Simulation
import Testing

@Suite("Whole days of a fleet")
struct DayTests {
    /// One seed, or the one that is to be replayed.
    static var seeds: [UInt64] {
        if let text = ProcessInfo.processInfo.environment["SIMULATION_SEED"], let seed = UInt64(text) { return [seed] }
        return [1]
    }

    @Test("A day of ten hosts on which everything goes wrong that can", arguments: seeds)
    func roughDay(seed: UInt64) async throws {
        let plan = SimulationPlan(seed: seed, faults: .rough, operatorMovesPerHour: 2)
        let report = try await Self.play(plan, hosts: 10)
        print(report)
        #expect(report.serverCrashes > 0)
        #expect(report.agentCrashes > 0)
        #expect(report.operations[.succeeded, default: 0] > 0)
        #expect(report.tips[.resolved, default: 0] > 0)
    }

    static func play(_ plan: SimulationPlan, hosts: Int) async throws -> SimulationReport {
        var generator = SeededGenerator(seed: plan.seed &+ 1000)
        let fleet = SimulatedFleet.random(hosts: hosts, machinesPerHost: 4, using: &generator)
        let pack = try RulePack.load(folder: rulesFolder + "/host-pressure")
        var simulation = Simulation(plan: plan, fleet: fleet, packs: [pack], store: try .inMemory())
        return try await simulation.run()
    }

    static let rulesFolder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("rules").path
}
