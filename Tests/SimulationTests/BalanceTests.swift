import Placement
import Testing

@testable import Simulation

@Suite("The balancing benchmark")
struct BalanceTests {
    /// Days of made-up use: each VM's own level, with a slow wave.
    private static func traces(_ count: Int, steps: Int = 60) -> [[UInt8]] {
        var generator = SeededGenerator(seed: 11)
        return (0..<count).map { _ in
            let level = Int.random(in: 5...80, using: &generator)
            return (0..<steps).map { step in
                UInt8(max(0, min(100, level + Int.random(in: -5...5, using: &generator) + (step / 10) % 3 * 4)))
            }
        }
    }

    private func scenario(seed: UInt64 = 1) throws -> BalanceScenario {
        try BalanceScenario(hosts: 12, machines: 180, traces: Self.traces(70), seed: seed)
    }

    @Test("the fleet is as the benchmark says: mean use, memory, rules at the start, two classes of hosts")
    func fleet() throws {
        let scenario = try scenario()
        #expect(scenario.apart.count == 6)
        #expect(scenario.together.count == 1)
        #expect(scenario.pinned.count == 5)
        let used = scenario.machineMemory.reduce(0, +)
        #expect(abs(Double(used) / Double(scenario.memory.reduce(0, +)) - 0.75) < 0.001)
        var wanted = 0.0
        for step in 0..<scenario.steps {
            for machine in 0..<180 { wanted += Double(scenario.demand(of: machine, at: step)) }
        }
        let capacity = Double(scenario.processors.reduce(0, +)) * Double(scenario.steps)
        #expect(abs(wanted / capacity - 0.6) < 0.001)
        #expect(abs(Double(scenario.memory[0]) / Double(scenario.memory[1]) - 0.8 / 1.2) < 0.001)
        var held = [Int64](repeating: 0, count: 12)
        for (machine, host) in scenario.start.enumerated() { held[host] += scenario.machineMemory[machine] }
        #expect(zip(held, scenario.memory).allSatisfy { $0 <= $1 * 92 / 100 })
        for group in scenario.apart { #expect(Set(group.map { scenario.start[$0] }).count == 3) }
        for pair in scenario.together { #expect(scenario.start[pair[0]] == scenario.start[pair[1]]) }
    }

    @Test("a trace is used again rotated by 37 steps")
    func rotation() throws {
        let scenario = try scenario()
        let per = { (machine: Int, step: Int) in
            scenario.demand(of: machine, at: step) / scenario.virtualProcessors[machine]
        }
        for step in 0..<20 { #expect(per(70, step) == per(0, step + 37)) }
    }

    @Test("no policy breaks a rule or the reserve, and the same seed plays the same way")
    func policies() throws {
        let scenario = try scenario()
        for policy in BalanceRun.policies {
            let measures = try #require(BalanceRun.play(scenario, policy: policy, clock: { 0 }))
            #expect(measures.violations == 0, "\(policy)")
            #expect(measures.reserveViolations == 0, "\(policy)")
            #expect(measures.hostSteps == Double(12 * scenario.steps))
            #expect(BalanceRun.play(scenario, policy: policy, clock: { 0 }) == measures, "\(policy)")
        }
        #expect(BalanceRun.play(scenario, policy: "magic", clock: { 0 }) == nil)
    }

    @Test("the planner does better than doing nothing, with few moves and none of them back")
    func planner() throws {
        let scenario = try scenario()
        let nothing = try #require(BalanceRun.play(scenario, policy: "none", clock: { 0 }))
        let planned = try #require(BalanceRun.play(scenario, policy: "evenkeel", clock: { 0 }))
        #expect(nothing.moves == 0)
        #expect(planned.moves > 0)
        #expect(planned.moves < 60)
        #expect(planned.over80 < nothing.over80)
        #expect(planned.deviation < nothing.deviation)
    }

    @Test("a move takes its time: the VM loads its old host until it is done, two moves at a time a host")
    func movesTakeTime() throws {
        var world = BalanceWorld(try scenario())
        let host = 0
        let movable = world.members[host].filter { machine in
            world.loads.indices.contains { world.allows(machine, to: $0) }
        }
        let machine = try #require(movable.first)
        let target = try #require(world.loads.indices.first { world.allows(machine, to: $0) })
        let hasStarted = world.start(machine, to: target)
        #expect(hasStarted)
        #expect(world.isMoving(machine))
        #expect(!world.allows(machine, to: target))
        #expect(Int(world.fleet.places[machine]) == host)
        world.advance()
        #expect(Int(world.fleet.places[machine]) == target)
        #expect(!world.isMoving(machine))
        #expect(world.measures.moves == 1)
    }

    @Test("fleets that cannot be are refused")
    func impossible() {
        #expect(throws: BalanceError.noFleet(hosts: 1, machines: 5, traces: 1)) {
            try BalanceScenario(hosts: 1, machines: 5, traces: [[1]], seed: 1)
        }
        #expect(throws: BalanceError.noFleet(hosts: 3, machines: 5, traces: 0)) {
            try BalanceScenario(hosts: 3, machines: 5, traces: [], seed: 1)
        }
    }
}
