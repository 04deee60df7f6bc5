import FleetModel

/// consolidate: empties as many hosts as the others can carry, so that they can be powered down.
struct Consolidation {
    let cluster: ClusterName
    let snapshot: FleetSnapshot
    let limits: PlannerLimits
    let prepared: PreparedCluster

    init(cluster: ClusterName, _ fleet: inout PreparedFleet) {
        self.cluster = cluster
        snapshot = fleet.snapshot
        limits = fleet.limits
        prepared = fleet.cluster(cluster)
    }

    func plan() -> PlanOutcome {
        let compiled = prepared.compiled
        guard !compiled.hosts.isEmpty else {
            return .impossible(reason: "the fleet has no cluster \(cluster)", rejected: [])
        }
        var search = ConsolidationSearch(prepared.present, limits: limits, failures: snapshot.reserve(of: cluster))
        search.run()
        var assembly = Assembly(prepared)
        var emptied: [HostName] = []
        for (host, moves) in search.emptied {
            let before = assembly
            if moves.allSatisfy({ assembly.add($0) }) {
                emptied.append(compiled.hosts[host].name)
            } else {
                assembly = before
            }
        }
        guard !emptied.isEmpty else {
            return .impossible(
                reason: "no host of cluster \(cluster) can be emptied: the others have too little room for its VMs, "
                    + "or the reserve would no longer hold",
                rejected: assembly.rejections.list)
        }
        let names = emptied.map(\.description).joined(separator: ", ")
        return .plan(
            Plan(
                actions: PlanSchedule(prepared).arrange(assembly.actions),
                explanation: "\(Wording.count(assembly.actions.count, "move")) empty "
                    + "\(Wording.count(emptied.count, "host")) of cluster \(cluster), which can be powered down "
                    + "afterwards: \(names). Every other host stays under its ceilings"
                    + (snapshot.reserve(of: cluster) > 0
                        ? ", and the cluster can still lose \(snapshot.reserve(of: cluster))." : "."),
                rejected: assembly.rejections.list, snapshotVersion: snapshot.version))
    }
}

/// Empties one host after the other, the one that carries least first.
private struct ConsolidationSearch {
    private var fleet: DenseFleet
    private let failures: Int
    private let maximumMoves: Int
    private var books: ReliefBooks
    private var moves: [DenseMove] = []
    /// Hosts that were emptied, each with its moves.
    private(set) var emptied: [(host: Int, moves: [DenseMove])] = []

    init(_ fleet: DenseFleet, limits: PlannerLimits, failures: Int) {
        self.fleet = fleet
        self.failures = failures
        maximumMoves = limits.maximumMoves
        books = ReliefBooks(fleet, ceiling: limits.processorCeiling, reserve: nil)
    }

    mutating func run() {
        if failures > 0, !ReserveCheck(fleet).verdict(failures: failures).isYes { return }
        var members = [[Int]](repeating: [], count: fleet.hosts)
        for machine in 0..<fleet.machines { members[Int(fleet.places[machine])].append(machine) }
        let order = (0..<fleet.hosts).filter { fleet.isOpen[$0] }.sorted {
            (books.loads[$0], members[$0].count, $0) < (books.loads[$1], members[$1].count, $1)
        }
        for host in order where fleet.isOpen.count(where: { $0 }) > failures + 1 { empty(host, members[host]) }
    }

    /// All of the host's VMs to others, each where it just fits; or none.
    private mutating func empty(_ host: Int, _ members: [Int]) {
        // A host that took VMs of another one stays: nothing moves twice.
        guard moves.count + members.count <= maximumMoves, !moves.contains(where: { $0.to == host }) else { return }
        let before = (books: books, count: moves.count)
        fleet.isOpen[host] = false
        for machine in members.sorted(by: { (fleet.loads[$0], $1) > (fleet.loads[$1], $0) }) {
            guard fleet.isMovable[machine], !fleet.isPaired(machine), let target = target(for: machine, not: host)
            else {
                return restore(host, before.books, before.count)
            }
            let move = DenseMove(machine: machine, from: host, to: target)
            books.take(move, fleet)
            moves.append(move)
        }
        if failures > 0, !ReserveCheck(fleet.holding(moves)).verdict(failures: failures).isYes {
            return restore(host, before.books, before.count)
        }
        emptied.append((host, Array(moves[before.count...])))
    }

    private mutating func restore(_ host: Int, _ old: ReliefBooks, _ count: Int) {
        books = old
        moves.removeSubrange(count...)
        fleet.isOpen[host] = true
    }

    private func target(for machine: Int, not host: Int) -> Int? {
        (0..<fleet.hosts).filter { $0 != host && books.canTake(machine, on: $0, fleet) }
            .max { left, right in
                let one = books.pressure(of: left, with: machine, fleet)
                let other = books.pressure(of: right, with: machine, fleet)
                return one == other ? left > right : one < other
            }
    }
}
