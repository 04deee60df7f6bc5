import Placement
import Testing

@Suite("The solver core")
struct SolverCoreTests {
    @Test("what a move or a swap is said to change is what it changes, and what is forbidden is what breaks something")
    func changes() throws {
        for seed in UInt64(0)..<40 {
            let problem = try ColourProblem(seed: seed, items: 12, bins: 4)
            var state = problem.state()
            var random = SeededGenerator(seed: seed)
            for _ in 0..<200 {
                let item = Int.random(in: 0..<12, using: &random)
                let other = Int.random(in: 0..<12, using: &random)
                let bin = Int.random(in: 0..<4, using: &random)
                let isSwap = Bool.random(using: &random)
                if !isSwap && state.bin(of: item) == bin { continue }
                if isSwap && state.bin(of: item) == state.bin(of: other) { continue }
                var after = state.assignment
                if isSwap { after.swapAt(item, other) } else { after[item] = Int32(bin) }
                // The rules of the tests refuse swaps of one colour, which would change nothing but move costs.
                if isSwap && problem.colours[item] == problem.colours[other] { continue }
                let before = state.cost
                let change = isSwap ? state.change(swapping: item, other) : state.change(moving: item, to: bin)
                #expect(change.map { before + $0 } == problem.cost(of: after), "seed \(seed)")
                guard change != nil else { continue }
                #expect(isSwap || state.couldFit(item, in: bin))
                if isSwap { state.swap(item, other) } else { state.move(item, to: bin) }
                #expect(state.assignment == after)
                #expect(state.cost == problem.cost(of: after))
            }
        }
    }

    @Test("annealing never ends worse than it began, never breaks anything, and finds the optimum of tiny problems")
    func annealing() throws {
        var optimal = 0
        for seed in UInt64(0)..<12 {
            let problem = try ColourProblem(seed: seed, items: 7, bins: 3)
            var state = problem.state()
            let before = state.cost
            var budget = StepBudget(60_000)
            let depth = Int(seed % 2) * 6
            Annealing(seed: seed, mix: Annealing.Mix(homeward: 0.3, chains: 0.2, clearances: 0.05, depth: depth))
                .run(&state, budget: &budget)
            #expect(state.cost <= before)
            #expect(problem.cost(of: state.assignment) == state.cost)
            if state.cost == problem.optimum() { optimal += 1 }
        }
        #expect(optimal >= 11)
    }

    @Test("the same seed and steps come to the same placement, another seed may not")
    func determinism() throws {
        let problem = try ColourProblem(seed: 5, items: 60, bins: 8)
        var results: [[Int32]] = []
        for seed in [UInt64(1), 1, 2] {
            var state = problem.state()
            var budget = StepBudget(40_000)
            Annealing(seed: seed).run(&state, budget: &budget)
            results.append(state.assignment)
        }
        #expect(results[0] == results[1])
        #expect(results[0] != results[2])
    }

    @Test("figures that do not fit together, that are negative or absurd, and homes that do not exist are refused")
    func hostileFigures() throws {
        func packing(needs: [Int64] = [1], room: [Int64] = [2, 2], homes: [Int32] = [0], background: [Int64]? = nil)
            throws(PackingError)
        {
            _ = try Packing(
                resources: 1, needs: needs, room: room, homes: homes, isHeldWhileMoving: [false],
                background: background)
        }
        try packing()
        #expect(throws: PackingError.sizes("needs of items")) { try packing(needs: [1, 1]) }
        #expect(throws: PackingError.amount("needs", at: 0, -1)) { try packing(needs: [-1]) }
        #expect(throws: PackingError.amount("room", at: 1, .max)) { try packing(room: [2, .max]) }
        #expect(throws: PackingError.home(item: 0, 2)) { try packing(homes: [2]) }
        #expect(throws: PackingError.sizes("background of bins")) { try packing(background: [0]) }
    }

    @Test("without items, with one bin, and without a budget nothing happens")
    func degenerate() throws {
        let empty = try Packing(resources: 1, needs: [], room: [5, 5], homes: [], isHeldWhileMoving: [false])
        var state = PackingState(empty, rules: ColourRules(empty, colours: []))
        var budget = StepBudget(100_000)
        #expect(Annealing(seed: 1).run(&state, budget: &budget) == 0)
        let problem = try ColourProblem(seed: 1, items: 6, bins: 3)
        var other = problem.state()
        var none = StepBudget(0)
        #expect(Annealing(seed: 1).run(&other, budget: &none) == 0)
        #expect(other.assignment == problem.packing.homes)
    }
}
