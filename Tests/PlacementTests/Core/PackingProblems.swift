import Placement

/// Rules for tests of the core: items of one colour never share a bin, bins cost the square of what they hold beyond
/// half their first room, a moved item costs its number plus one.
struct ColourRules: PackingRules, ~Copyable {
    let problem: Packing
    let colours: [Int]
    private var places: [Int32]

    init(_ problem: Packing, colours: [Int]) {
        self.problem = problem
        self.colours = colours
        places = problem.homes
    }

    func cost(ofBin bin: Int, holding load: LoadView) -> Int64 {
        let excess = max(0, load[0] - problem.room[bin * problem.resources] / 2)
        return excess * excess
    }

    func allows(_ item: Int, from: Int, to: Int) -> Bool {
        !places.indices.contains { $0 != item && colours[$0] == colours[item] && Int(places[$0]) == to }
    }

    func allowsSwap(_ first: Int, at firstBin: Int, _ second: Int, at secondBin: Int) -> Bool {
        colours[first] != colours[second] && allows(first, from: firstBin, to: secondBin)
            && allows(second, from: secondBin, to: firstBin)
    }

    private func moveCost(_ item: Int, _ bin: Int) -> Int64 { Int(problem.homes[item]) == bin ? 0 : Int64(item + 1) }

    func costChange(of item: Int, from: Int, to: Int) -> Int64 { moveCost(item, to) - moveCost(item, from) }

    func costChangeOfSwap(_ first: Int, at firstBin: Int, _ second: Int, at secondBin: Int) -> Int64 {
        costChange(of: first, from: firstBin, to: secondBin) + costChange(of: second, from: secondBin, to: firstBin)
    }

    mutating func moved(_ item: Int, from: Int, to: Int) { places[item] = Int32(to) }
}

/// A small random problem that is feasible as it stands, and what any assignment of it costs, reckoned from nothing.
struct ColourProblem {
    let packing: Packing
    let colours: [Int]

    init(seed: UInt64, items: Int, bins: Int) throws {
        var random = SeededGenerator(seed: seed)
        let needs = (0..<items * 2).map { _ in Int64.random(in: 0...20, using: &random) }
        let homes = (0..<items).map { Int32($0 % bins) }
        var room = (0..<bins * 2).map { _ in Int64.random(in: 0...25, using: &random) }
        for item in 0..<items {
            for resource in 0..<2 { room[Int(homes[item]) * 2 + resource] += needs[item * 2 + resource] }
        }
        colours = (0..<items).map { $0 / 2 }
        packing = try Packing(
            resources: 2, needs: needs, room: room, homes: homes, isHeldWhileMoving: [false, true])
    }

    func state() -> PackingState<ColourRules> {
        PackingState(packing, rules: ColourRules(packing, colours: colours))
    }

    /// `nil` where the assignment breaks something.
    func cost(of assignment: [Int32]) -> Int64? {
        var use = [Int64](repeating: 0, count: packing.bins * 2)
        var held = use
        var cost: Int64 = 0
        for item in 0..<packing.items {
            let bin = Int(assignment[item])
            let home = Int(packing.homes[item])
            for resource in 0..<2 {
                let need = packing.needs[item * 2 + resource]
                use[bin * 2 + resource] += need
                held[bin * 2 + resource] += need
                if resource == 1 && bin != home { held[home * 2 + resource] += need }
            }
            if bin != home { cost += Int64(item + 1) }
            for other in 0..<item where colours[other] == colours[item] && assignment[other] == assignment[item] {
                return nil
            }
        }
        for place in held.indices where held[place] > packing.room[place] { return nil }
        for bin in 0..<packing.bins {
            let excess = max(0, use[bin * 2] - packing.room[bin * 2] / 2)
            cost += excess * excess
        }
        return cost
    }

    /// The least cost of all assignments.
    func optimum() -> Int64 {
        var best = Int64.max
        var assignment = packing.homes
        func extend(_ item: Int) {
            if item == packing.items {
                if let cost = cost(of: assignment) { best = min(best, cost) }
                return
            }
            for bin in 0..<packing.bins {
                assignment[item] = Int32(bin)
                extend(item + 1)
            }
        }
        extend(0)
        return best
    }
}
