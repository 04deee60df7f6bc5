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

    private func state(_ seed: UInt64) throws -> PackingState<Even> {
        var random = SeededGenerator(seed: seed)
        let packing = try Packing(
            resources: 1, needs: (0..<40).map { _ in Int64.random(in: 1...50, using: &random) },
            room: [Int64](repeating: 600, count: 6), homes: (0..<40).map { Int32($0 % 2) }, isHeldWhileMoving: [false])
        return PackingState(packing, rules: Even())
    }

    @Test("it ends within its budget, better than it began, and the same way each time")
    func improves() throws {
        for seed in UInt64(1)...5 {
            var first = try state(seed)
            let before = first.cost
            var budget = StepBudget(200_000)
            let steps = AnnealingRace.usual(seed: seed).run(&first, budget: &budget)
            #expect(steps >= 200_000 && steps < 240_000)
            #expect(first.cost < before)
            var second = try state(seed)
            var again = StepBudget(200_000)
            AnnealingRace.usual(seed: seed).run(&second, budget: &again)
            #expect(first.assignment == second.assignment)
            #expect((0..<6).allSatisfy { !first.isOverfull($0) })
        }
    }

    @Test("without a budget nothing changes, and without ways nothing is done")
    func nothing() throws {
        var state = try state(1)
        let before = state.assignment
        var none = StepBudget(0)
        AnnealingRace.usual(seed: 1).run(&state, budget: &none)
        #expect(state.assignment == before)
        var some = StepBudget(1000)
        let steps = AnnealingRace(ways: []).run(&state, budget: &some)
        #expect(steps == 0)
    }
}
