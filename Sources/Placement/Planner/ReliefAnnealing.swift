/// Looks for a relief with fewer moves than one host after the other finds, with the solver core: moves, swaps and
/// chains over the whole fleet, in which VMs of cool hosts make room as well.
struct ReliefAnnealing {
    let fleet: DenseFleet
    let target: Double
    let ceiling: Double

    /// Steps for each VM, and at most.
    private static let stepsForEach = 1500
    private static let mostSteps = 1_000_000
    /// How often it is begun anew, from where the time before ended. Many short ones find more than few long ones.
    private static let attempts: UInt64 = 12
    /// In moves: what a host that is over the target by all of its processors weighs.
    private static let overload = 2000.0
    private static let unit = 1e9

    private var weights: BalanceWeights {
        var weights = BalanceWeights()
        weights.limit = target
        weights.ceiling = ceiling
        weights.overload = Self.overload
        weights.saturation = 0
        weights.imbalance = 0
        weights.move = 1
        weights.moveMemory = 0.0001
        return weights
    }

    /// The better of `relief` and what is found, which keeps rules, room and the reserve like it.
    func improve(_ relief: FleetRelief, reserve: ReserveLedger?) -> FleetRelief {
        var best = relief
        for exchanges in [false, true] { search(from: relief, exchanges: exchanges, reserve, &best) }
        return best
    }

    /// Without `exchanges` nothing comes to a host that is hot, which leaves more orders to make the moves in; with them
    /// a hot host can give a large VM for a small one.
    private func search(
        from relief: FleetRelief, exchanges: Bool, _ reserve: ReserveLedger?, _ best: inout FleetRelief
    ) {
        var calm = fleet
        for machine in 0..<calm.machines { calm.expect(calm.loads[machine], variance: 0, of: machine) }
        let books = ReliefBooks(fleet, ceiling: target, reserve: nil)
        if !exchanges {
            for host in 0..<calm.hosts where books.room[host] < 0 { calm.isOpen[host] = false }
        }
        guard let packing = try? FleetRules.packing(calm, weights: weights) else { return }
        var state = PackingState(packing, rules: FleetRules(calm, weights: weights))
        for move in relief.moves where state.change(moving: move.machine, to: move.to) != nil {
            state.move(move.machine, to: move.to)
        }
        for attempt in 1...Self.attempts where best.moves.count > best.bound || !best.unrelieved.isEmpty {
            var annealing = Annealing(
                seed: attempt, mix: Annealing.Mix(homeward: 0.4, chains: 0.2, clearances: 0.01), chill: 0.05)
            annealing.temperature = 1.5 * Self.unit
            var budget = StepBudget(min(Self.mostSteps, fleet.machines * Self.stepsForEach))
            annealing.run(&state, budget: &budget)
            guard let moves = order(moves(in: state)) else { continue }
            let found = FleetRelief(
                moves: moves, unrelieved: unrelieved(in: state), bound: relief.bound, isCut: relief.isCut)
            if (found.unrelieved.count, found.moves.count) < (best.unrelieved.count, best.moves.count),
                holds(found.moves, reserve)
            {
                best = found
            }
        }
    }

    private func moves(in state: borrowing PackingState<FleetRules>) -> [DenseMove] {
        (0..<state.items).compactMap { machine in
            let home = state.home(of: machine)
            let host = state.bin(of: machine)
            return home == host ? nil : DenseMove(machine: machine, from: home, to: host)
        }
    }

    private func unrelieved(in state: borrowing PackingState<FleetRules>) -> [Int] {
        (0..<state.bins).filter { Double(state.held(in: $0, 0)) > Double(fleet.processors[$0]) * target + 1e-9 }
    }

    /// Every move counts on both sides, whether it is made or not.
    private func holds(_ moves: [DenseMove], _ reserve: ReserveLedger?) -> Bool {
        var reserve = reserve
        for move in moves where reserve?.arrive(move.machine, on: move.to) == false { return false }
        return true
    }

    /// An order in which no host is over its ceiling when a VM comes to it; `nil` where there is none.
    private func order(_ moves: [DenseMove]) -> [DenseMove]? {
        let books = ReliefBooks(fleet, ceiling: ceiling, reserve: nil)
        var room = books.room
        var left = moves
        var ordered: [DenseMove] = []
        while !left.isEmpty {
            guard let next = left.firstIndex(where: { room[$0.to] >= fleet.loads[$0.machine] }) else { return nil }
            let move = left.remove(at: next)
            room[move.to] -= fleet.loads[move.machine]
            room[move.from] += fleet.loads[move.machine]
            ordered.append(move)
        }
        return ordered
    }
}
