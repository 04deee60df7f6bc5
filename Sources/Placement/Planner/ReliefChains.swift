/// Relief where no host has room for the VMs that would have to leave: VMs of other hosts make room first, each by one
/// move of its own. The order of the moves is the order in which they must be made.
struct ReliefChains {
    let fleet: DenseFleet
    let host: Int
    let maximumMoves: Int
    /// Whether it is known what a VM's leaving gives back.
    let isKnown: (Int) -> Bool

    /// How many hosts are asked to make room, and how many of the VMs of each, for each VM that would come.
    private static let mostHosts = 24
    private static let mostMachines = 12

    /// Moves that relieve the host of `need`; `nil` where none are found, or none with the tries of the books. VMs that
    /// find a host as things are go first.
    func moves(need: Double, _ candidates: [ReliefCandidate], _ books: inout ReliefBooks) -> [DenseMove]? {
        var left = need
        var moves: [DenseMove] = []
        let order = candidates.filter { !fleet.isPaired($0.machine) && $0.relief > 0 }.sorted {
            ($0.relief, $1.machine) > ($1.relief, $0.machine)
        }
        for candidate in order where left > 1e-9 && !books.isSpent {
            let steps = direct(candidate.machine, &books) ?? chain(candidate.machine, &books)
            guard let steps, moves.count + steps.count <= maximumMoves else { continue }
            moves += steps
            left -= candidate.relief
        }
        return left <= 1e-9 ? moves : nil
    }

    /// Hosts that VMs may come to, those that are least loaded first.
    private func targets(_ books: ReliefBooks) -> [Int] {
        let shares = (0..<fleet.hosts).map { share(of: $0, books) }
        return shares.indices.filter { fleet.isOpen[$0] && $0 != host }.sorted {
            shares[$0] == shares[$1] ? $0 < $1 : shares[$0] < shares[$1]
        }
    }

    private func share(of host: Int, _ books: ReliefBooks) -> Double {
        Double(books.loads[host]) / Double(max(1, fleet.processors[host]))
    }

    private func direct(_ machine: Int, _ books: inout ReliefBooks) -> [DenseMove]? {
        for target in targets(books) where books.canTake(machine, on: target, fleet) {
            let move = DenseMove(machine: machine, from: host, to: target)
            if books.take(move, fleet) { return [move] }
        }
        return nil
    }

    /// The VM goes to a host that another VM leaves for a third one.
    private func chain(_ machine: Int, _ books: inout ReliefBooks) -> [DenseMove]? {
        let targets = targets(books)
        for target in targets.prefix(Self.mostHosts) where fleet.allows(machine, on: target) && !books.isSpent {
            let others = makers(of: room(for: machine, on: target, books), on: target, books)
            for other in others.prefix(Self.mostMachines) {
                if let moves = chain(machine, to: target, past: other, targets, &books) { return moves }
            }
        }
        return nil
    }

    /// What the host lacks for the VM: processors first, then the hard resources.
    private func room(for machine: Int, on target: Int, _ books: ReliefBooks) -> [Int64] {
        [fleet.loads[machine] - books.room[target]]
            + (0..<fleet.hardResources).map {
                fleet.need(machine, $0) - books.free[target * fleet.hardResources + $0]
            }
    }

    /// VMs of the host whose leaving makes up for what is lacking, the smallest first.
    private func makers(of lack: [Int64], on target: Int, _ books: ReliefBooks) -> [Int] {
        books.members(of: target, fleet).filter { other in
            fleet.loads[other] >= lack[0] && !fleet.isPaired(other) && isKnown(other)
                && (0..<fleet.hardResources).allSatisfy { fleet.need(other, $0) >= lack[$0 + 1] }
        }.sorted { (size($0), fleet.loads[$0], $0) < (size($1), fleet.loads[$1], $1) }
    }

    private func size(_ machine: Int) -> Int64 { fleet.hardResources == 0 ? 0 : fleet.need(machine, 0) }

    /// The other VM goes to the first host that has room for it, and back where that does not make room enough.
    private func chain(
        _ machine: Int, to target: Int, past other: Int, _ refuges: [Int], _ books: inout ReliefBooks
    ) -> [DenseMove]? {
        guard let refuge = refuges.first(where: { $0 != target && books.canTake(other, on: $0, fleet) }) else {
            return nil
        }
        let first = DenseMove(machine: other, from: target, to: refuge)
        let second = DenseMove(machine: machine, from: host, to: target)
        guard books.take(first, fleet) else { return nil }
        books.vacate(first, fleet)
        if books.canTake(machine, on: target, fleet), books.take(second, fleet) { return [first, second] }
        books.unmake(first, fleet)
        return nil
    }
}
