import Placement
import Testing

@Suite("A race of ways to anneal")
struct AnnealingRaceTests {
    /// Even loads over bins, with an item's leaving home at a price.
    private struct Even: PackingRules {
        func cost(ofBin bin: Int, holding load: LoadView) -> Int64 { load[0] * load[0] }
        func allows(_ item: Int, from: Int, to: Int) -> Bool { true }
        func allowsSwap(_ first: Int, at firstBin: Int, _ second: Int, at secondBin: Int) -> Bool { true }
        func costChange(of item: Int, from: Int, to: Int) -> Int64 { 0 }
        func costChangeOfSwap(_ first: Int, at firstBin: Int, _ second: Int, at secondBin: Int) -> Int64 { 0 }
        mutating func moved(_ item: Int, from: Int, to: Int) {}
    }

    private func packing(_ seed: UInt64, isHeld: Bool) throws -> Packing {
        var random = SeededGenerator(seed: seed)
        return try Packing(
            resources: 1, needs: (0..<40).map { _ in Int64.random(in: 1...50, using: &random) },
            room: [Int64](repeating: 600, count: 6), homes: (0..<40).map { Int32($0 % 4) }, isHeldWhileMoving: [isHeld])
    }

    @Test("it ends within its budget, better than it began, and the same way each time", arguments: [false, true])
    func improves(isHeld: Bool) throws {
        for seed in UInt64(1)...5 {
            let packing = try packing(seed, isHeld: isHeld)
            var first = PackingState(packing, rules: Even())
            let before = first.cost
            var budget = StepBudget(200_000)
            let steps = AnnealingRace.usual(seed: seed, for: packing).run(&first, budget: &budget)
            #expect(steps >= 200_000 && steps < 240_000)
            #expect(first.cost < before)
            var second = PackingState(packing, rules: Even())
            var again = StepBudget(200_000)
            AnnealingRace.usual(seed: seed, for: packing).run(&second, budget: &again)
            #expect(first.assignment == second.assignment)
            #expect((0..<6).allSatisfy { !first.isOverfull($0) })
        }
    }

    @Test("with whole shares for all its ways a race ends no higher than its last way alone")
    func wholeCoolings() throws {
        for seed in UInt64(1)...5 {
            let packing = try packing(seed, isHeld: false)
            let ways = (0..<3).map { Annealing(seed: seed &+ $0 << 32, warmth: 0.7, chill: 2e-2) }
            var race = AnnealingRace(ways: ways, trialShare: 1 / Double(ways.count))
            race.heats = 0
            var alone = PackingState(packing, rules: Even())
            var share = StepBudget(50_000)
            ways[2].run(&alone, budget: &share)
            var raced = PackingState(packing, rules: Even())
            var whole = StepBudget(50_000 * ways.count)
            race.run(&raced, budget: &whole)
            #expect(raced.cost <= alone.cost)
        }
    }

    @Test("where nothing is held on both sides of a move one cooling has the whole budget")
    func oneCooling() throws {
        let packing = try packing(3, isHeld: false)
        let race = AnnealingRace.usual(seed: 3, for: packing)
        var alone = PackingState(packing, rules: Even())
        var budget = StepBudget(50_000)
        try #require(race.ways.first).run(&alone, budget: &budget)
        var raced = PackingState(packing, rules: Even())
        var same = StepBudget(50_000)
        race.run(&raced, budget: &same)
        #expect(race.ways.count == 1 && raced.assignment == alone.assignment)
    }

    @Test("without a budget nothing changes, and without ways nothing is done", arguments: [false, true])
    func nothing(isHeld: Bool) throws {
        let packing = try packing(1, isHeld: isHeld)
        var state = PackingState(packing, rules: Even())
        let before = state.assignment
        var none = StepBudget(0)
        AnnealingRace.usual(seed: 1, for: packing).run(&state, budget: &none)
        #expect(state.assignment == before)
        var some = StepBudget(1000)
        let steps = AnnealingRace(ways: []).run(&state, budget: &some)
        #expect(steps == 0)
    }
}
