import FleetModel
import FleetState
import Foundation
import Remediation
import RulePacks
import Simulation
import Testing

@Suite("Whole days of a fleet")
struct DayTests {
    /// A fixed budget of seeds, or the one that is to be replayed.
    static var seeds: [UInt64] {
        let text = ProcessInfo.processInfo.environment["SIMULATION_SEED"]
        return text.flatMap { UInt64($0) }.map { [$0] } ?? [1]
    }

    @Test("A day of ten hosts on which everything goes wrong that can", arguments: seeds)
    func roughDay(seed: UInt64) async throws {
        let level: AutomationLevel = seed.isMultiple(of: 3) ? .operator : .automatic
        let plan = SimulationPlan(seed: seed, faults: .rough, level: level, operatorMovesPerHour: 2)
        let report = try await Self.play(plan, hosts: 10)
        #expect(report.serverCrashes > 0)
        #expect(report.agentCrashes > 0)
        #expect(report.operations[.succeeded, default: 0] > 0)
        #expect(report.operations[.failed, default: 0] > 0)
        #expect(report.tips[.resolved, default: 0] > 0)
    }

    @Test("Days of a small fleet under a policy, until everything went wrong that can, and nothing broke")
    func soakDays() async throws {
        let pack = try RulePack.load(folder: Self.rulesFolder + "/host-pressure")
        var run = SoakRun(packs: [pack])
        // The more moves there are, the sooner every fault has met one.
        run.operatorMovesPerHour = 6
        var missing = Set(DrawnFault.allCases.map(\.rawValue))
        missing.formUnion(["crashes", "agents", "outages", "disks", "clocks", "others"])
        missing.formUnion(["stops", "stalls", "stand-downs"])
        for seed in UInt64(3)...10 where !missing.isEmpty {
            let report = try await run.play(seed: seed, replay: "seed \(seed) of this test")
            let counts = [
                "crashes": report.serverCrashes, "agents": report.agentCrashes, "outages": report.outages,
                "disks": report.fullDisks, "clocks": report.clockJumps, "others": report.foreignMoves,
                "stops": report.stops, "stalls": report.stalls, "stand-downs": report.standDowns,
            ]
            missing.subtract(counts.filter { $0.value > 0 }.keys)
            missing.subtract(report.drawn.keys.map(\.rawValue))
        }
        #expect(missing.isEmpty, "never drawn: \(missing.sorted())")
    }

    @Test("Somebody who moves VMs beside Evenkeel makes it stand down, and nothing breaks")
    func otherMover() async throws {
        var faults = FaultRates()
        faults.foreignMovesPerHour = 1
        let plan = SimulationPlan(seed: 8, duration: .seconds(6 * 3600), faults: faults)
        let report = try await Self.play(plan, hosts: 4)
        #expect(report.foreignMoves > 0 && report.standDowns > 0)
    }

    @Test("Without faults hosts that run hot are relieved: far less heat than when nobody acts")
    func calmDay() async throws {
        var plan = SimulationPlan(seed: 5, duration: .seconds(6 * 3600), level: .advise)
        let left = try await Self.play(plan, hosts: 4)
        plan.level = .automatic
        let tended = try await Self.play(plan, hosts: 4)
        #expect(left.operations.isEmpty)
        #expect(tended.operations[.failed, default: 0] == 0)
        #expect(left.hotSeconds > 3600)
        #expect(tended.hotSeconds < left.hotSeconds / 3, "\(tended.hotSeconds) against \(left.hotSeconds) seconds")
    }

    @Test("The same seed plays the same day, another one another")
    func isDeterministic() async throws {
        let plan = SimulationPlan(seed: 11, duration: .seconds(2 * 3600), faults: .rough, operatorMovesPerHour: 6)
        let first = try await Self.play(plan, hosts: 4)
        let second = try await Self.play(plan, hosts: 4)
        #expect(first == second)
        let other = SimulationPlan(seed: 12, duration: .seconds(2 * 3600), faults: .rough, operatorMovesPerHour: 6)
        #expect(try await Self.play(other, hosts: 4) != first)
    }

    @Test("A crash between the commit and the command, again and again, does nothing twice")
    func crashesEverywhere() async throws {
        var faults = FaultRates()
        faults.serverCrashShare = 0.15
        faults.repetitionShare = 0.5
        faults.lossShare = 0.2
        let plan = SimulationPlan(
            seed: 21, duration: .seconds(5 * 3600), faults: faults, operatorMovesPerHour: 20)
        let report = try await Self.play(plan, hosts: 4)
        #expect(report.serverCrashes > 20)
        #expect(report.operations[.succeeded, default: 0] > 3)
    }

    @Test("The day survives in a real file as well, write-ahead log and all")
    func onDisk() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("simulation-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let store = try FleetStateStore(path: folder.appendingPathComponent("fleet.sqlite").path)
        let plan = SimulationPlan(seed: 31, duration: .seconds(2 * 3600), faults: .rough, operatorMovesPerHour: 10)
        let report = try await Self.play(plan, hosts: 3, store: store)
        #expect(report.operations.values.reduce(0, +) > 0)
    }

    @Test("A VM that runs in two places stops the simulation, and the error says how to see it again")
    func noticesTwoPlaces() async throws {
        var generator = SeededGenerator(seed: 1)
        var fleet = SimulatedFleet.random(hosts: 2, machinesPerHost: 1, using: &generator)
        let hosts = fleet.hosts.keys.sorted()
        let machine = try #require(fleet.hosts[hosts[0]]?.processes.values.first?.machine)
        fleet.start(machine, on: hosts[1])
        var simulation = Simulation(
            plan: SimulationPlan(seed: 77), fleet: fleet, packs: [], store: try .inMemory())
        let error = await #expect(throws: SimulationError.self) { try await simulation.run() }
        #expect(error?.description.contains("runs on h1 and h2") == true, "\(String(describing: error))")
        #expect(error?.description.contains("SIMULATION_SEED=77") == true)
    }

    static func play(
        _ plan: SimulationPlan, hosts: Int, store: FleetStateStore? = nil
    ) async throws -> SimulationReport {
        var generator = SeededGenerator(seed: plan.seed &+ 1000)
        let fleet = SimulatedFleet.random(hosts: hosts, machinesPerHost: 4, using: &generator)
        let pack = try RulePack.load(folder: rulesFolder + "/host-pressure")
        var simulation = Simulation(
            plan: plan, fleet: fleet, packs: [pack], store: try store ?? .inMemory())
        return try await simulation.run()
    }

    static let rulesFolder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("rules").path
}
