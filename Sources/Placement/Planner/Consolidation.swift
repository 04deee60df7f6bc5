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
            var next = assembly
            if moves.allSatisfy({ next.add($0) }) {
                emptied.append(compiled.hosts[host].name)
                assembly = next
            }
        }
        for (host, obstacle) in search.obstacles { reject(host, obstacle, &assembly) }
        guard !emptied.isEmpty else {
            return .impossible(
                reason: "no host of cluster \(cluster) can be emptied: "
                    + (whyNoneIsOpen ?? search.summary(failures: prepared.failures)),
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

extension Consolidation {
    /// Why no host of the cluster takes VMs; `nil` where one does.
    private var whyNoneIsOpen: String? {
        let compiled = prepared.compiled
        let reasons = zip(compiled.hosts, compiled.loads).map { prepared.check.objection(toUsing: $0, $1) }
        guard let first = reasons.first, let reason = first, !reasons.contains(nil) else { return nil }
        let isSame = reasons.allSatisfy { $0 == reason }
        return isSame ? "of each of them, \(reason)" : "none of them takes VMs (\(compiled.hosts[0].name): \(reason))"
    }

    private func reject(_ host: Int, _ obstacle: Obstacle, _ assembly: inout Assembly) {
        let name = prepared.compiled.hosts[host].name
        let machine = { (number: Int) in prepared.compiled.machines[number].name }
        switch obstacle {
        case .moves(let wanted, let left):
            assembly.reject(
                "any VM", nil,
                "\(name): its \(Wording.count(wanted, "VM")) are more than the \(Wording.count(left, "move")) that are left; "
                    + "a plan makes at most \(limits.maximumMoves)")
        case .stays(let number):
            assembly.reject(
                machine(number), nil, "\(name): \(whyItStays(prepared.compiled.machines[number], on: host))")
        case .paired(let number):
            assembly.reject(
                machine(number), nil, "\(name): it must share a host with others, which are not moved one by one")
        case .noRoom(let number): assembly.reject(machine(number), nil, "\(name): no other host has room for it")
        case .untried:
            assembly.reject(
                "any VM", nil,
                "\(name): it was not tried, since without any of \(ConsolidationSearch.mostRefusals) hosts that carry "
                    + "less the cluster's reserve would no longer hold")
        case .reserve: assembly.reject("any VM", nil, "\(name): without it the cluster's reserve would no longer hold")
        case .needed: assembly.reject("any VM", nil, "\(name): it takes VMs of a host that is emptied")
        case .last: assembly.reject("any VM", nil, "\(name): it is one of those that must be left")
        }
    }

    private func whyItStays(_ machine: PlacementVM, on place: Int) -> String {
        let host = prepared.compiled.hosts[place]
        return prepared.check.objection(toMoving: machine, from: host) ?? prepared.check.caution(aboutMoving: machine)
            ?? prepared.check.caution(aboutTouching: host) ?? "it may not move"
    }
}

/// Why a host is not emptied.
private enum Obstacle {
    /// A plan may make so many moves, of which these are left; its VMs need more.
    case moves(Int, left: Int)
    /// The VM may not move.
    case stays(Int)
    /// The VM must share a host with others.
    case paired(Int)
    /// No other host takes the VM.
    case noRoom(Int)
    /// The reserve would no longer hold.
    case reserve
    /// The reserve stood against enough others, which carry less.
    case untried
    /// It takes VMs of a host that is emptied.
    case needed
    /// So many hosts must be left.
    case last
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
    /// Why each of the others that were looked at is not.
    private(set) var obstacles: [(host: Int, obstacle: Obstacle)] = []
    private var hasReserve = true
    /// How often the reserve has stood against a host.
    private var refusals = 0

    /// Once so many hosts cannot go because of the reserve those that carry more are not tried: each trial proves the
    /// whole reserve anew.
    static let mostRefusals = 8

    init(_ fleet: DenseFleet, limits: PlannerLimits, failures: Int) {
        self.fleet = fleet
        self.failures = failures
        maximumMoves = limits.maximumMoves
        books = ReliefBooks(fleet, ceiling: limits.processorCeiling, reserve: nil)
    }

    mutating func run() {
        if failures > 0, !ReserveCheck(fleet).verdict(failures: failures).isYes { return hasReserve = false }
        var members = [[Int]](repeating: [], count: fleet.hosts)
        for machine in 0..<fleet.machines { members[Int(fleet.places[machine])].append(machine) }
        let order = (0..<fleet.hosts).filter { fleet.isOpen[$0] }.sorted {
            (books.loads[$0], members[$0].count, $0) < (books.loads[$1], members[$1].count, $1)
        }
        for host in order {
            let isSpare = fleet.isOpen.count { $0 } > failures + 1
            if let obstacle = isSpare ? empty(host, members[host]) : .last { obstacles.append((host, obstacle)) }
        }
    }

    /// Why none is emptied, for a person.
    func summary(failures: Int) -> String {
        if !hasReserve { return "its reserve does not hold as it is" }
        return "for each of them something stands against it"
    }

    /// All of the host's VMs to others, each where it just fits; or none.
    private mutating func empty(_ host: Int, _ members: [Int]) -> Obstacle? {
        // A host that took VMs of another one stays: nothing moves twice.
        if moves.contains(where: { $0.to == host }) { return .needed }
        if let first = members.first(where: { !fleet.isMovable[$0] }) { return .stays(first) }
        if let first = members.first(where: fleet.isPaired) { return .paired(first) }
        guard moves.count + members.count <= maximumMoves else {
            return .moves(members.count, left: maximumMoves - moves.count)
        }
        if refusals >= Self.mostRefusals { return .untried }
        let before = (books: books, count: moves.count)
        fleet.open(host, false)
        for machine in members.sorted(by: { (fleet.loads[$0], $1) > (fleet.loads[$1], $0) }) {
            guard let target = target(for: machine, not: host) else {
                restore(host, before.books, before.count)
                return .noRoom(machine)
            }
            let move = DenseMove(machine: machine, from: host, to: target)
            books.take(move, fleet)
            moves.append(move)
        }
        if failures > 0, !ReserveCheck(fleet, holding: moves).verdict(failures: failures).isYes {
            restore(host, before.books, before.count)
            refusals += 1
            return .reserve
        }
        emptied.append((host, Array(moves[before.count...])))
        return nil
    }

    private mutating func restore(_ host: Int, _ old: ReliefBooks, _ count: Int) {
        books = old
        moves.removeSubrange(count...)
        fleet.open(host, true)
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
