import FleetModel
import FleetState
import Foundation
import Remediation
import RulePacks
import Simulation
import Testing

@Suite("Packs whose actions do not help, in whole days")
struct FallBackTests {
    /// `host-pressure`, and the same with a recovery threshold that no host that runs anything ever meets.
    private func pack(isUseless: Bool) throws -> RulePack {
        let source = URL(fileURLWithPath: DayTests.rulesFolder + "/host-pressure")
        guard isUseless else { return try RulePack.load(folder: source.path) }
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("useless-\(UUID().uuidString)")
            .appendingPathComponent("host-pressure")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder.deletingLastPathComponent()) }
        for name in ["pack.yaml", "host-pressure.rules.yaml"] {
            let text = try String(contentsOf: source.appendingPathComponent(name), encoding: .utf8)
            let useless = text.replacingOccurrences(of: "default: 72", with: "default: 5")
            if name == "pack.yaml" { #expect(useless != text) }
            try useless.write(to: folder.appendingPathComponent(name), atomically: true, encoding: .utf8)
        }
        return try RulePack.load(folder: folder.path)
    }

    private func day(_ pack: RulePack) async throws -> SimulationReport {
        var plan = SimulationPlan(seed: 5, duration: .seconds(7 * 3600))
        // The breaker would be first otherwise.
        plan.settings.brakes.failures = 1000
        var generator = SeededGenerator(seed: plan.seed &+ 1000)
        let fleet = SimulatedFleet.random(hosts: 4, machinesPerHost: 4, using: &generator)
        var simulation = Simulation(plan: plan, fleet: fleet, packs: [pack], store: try .inMemory())
        return try await simulation.run()
    }

    @Test("A pack that keeps being ineffective goes back to approval by itself; one that helps does not")
    func fallsBack() async throws {
        let useless = try await day(try pack(isUseless: true))
        #expect(useless.tips[.ineffective, default: 0] >= 3)
        #expect(useless.packFallBacks >= 1)
        let helpful = try await day(try pack(isUseless: false))
        #expect(helpful.tips[.resolved, default: 0] > 0)
        #expect(helpful.packFallBacks == 0)
    }
}
