/// Keeps the proof that the fleet can lose any one host, or any so many: for each VM the host that would take it if its
/// own failed.
///
/// Survivors' own VMs stay where they are, every hard resource counts, rules hold for what is restarted. A move is
/// taken in with its VM counted on both sides, so that the proof covers every order of a plan's moves, every subset of
/// them and every moment in between; `depart` ends that. A VM that rules bind to one host cannot be covered by any
/// reserve and is left out.
///
/// Where not all VMs of a set of hosts find others, the proof is about those that do: as much memory as was found to fit.
/// So a fleet that cannot lose every host still keeps what it can: of no failure is more lost after a move than before,
/// but for the VMs of hosts that are on their way out.
///
/// Only what a change touches is proved anew: time does not depend on the size of the fleet but on its hosts' lists.
public struct ReserveLedger: Sendable {
    /// Proofs for more VMs, each counted for every set of hosts that it is in, are not kept.
    static let mostWards = 4_000_000
    /// Steps of all searches of a proof from cold, of those for one move, of those for all moves that a copy is asked about,
    /// and what a refusal counts there: a fleet whose room is in pieces keeps no plan waiting.
    private static let stepsFromCold = 2_000_000
    static let stepsForMove = 20_000
    private static let stepsForMoves = 1_000_000
    static let stepsForRefusal = 500

    private(set) var holdings: Holdings
    let sets: FailureSets
    var book: WardBook
    var packing: FailurePacking
    var stepsLeft = Self.stepsForMoves
    var tally: ArrivalTally
    /// Packings made for moves so far: what trying a move costs where many failures rest on one host.
    var packings = 0
    /// The set that stood against a move last, which is asked first next time.
    var doubtful = -1
    /// The sets of hosts whose failure would leave VMs without a host, or for which nothing else is proved. A set of one
    /// host has that host's number.
    public private(set) var unproved: Set<Int> = []

    /// Proves as much as it can about the loss of any one host.
    public init(_ fleet: DenseFleet) {
        self.init(fleet, FailureSets(fleet, size: 1, mostWards: Self.mostWards), holding: [])
    }

    /// The same about the loss of any so many; `nil` where that is too much to keep.
    init?(_ fleet: DenseFleet, failures: Int, holding moves: [DenseMove] = []) {
        let able = FailureSets.able(fleet).count
        let count = FailureSets.count(among: able, size: failures, most: Self.mostWards)
        let lost = (0..<fleet.machines).count { fleet.isLost[Int(fleet.places[$0])] }
        let machines = fleet.machines * failures / max(1, able) + lost
        guard failures > 0, failures == 1 || count <= Self.mostWards / max(1, machines) else { return nil }
        self.init(fleet, FailureSets(fleet, size: failures, mostWards: Self.mostWards), holding: moves)
    }

    private init(_ fleet: DenseFleet, _ sets: FailureSets, holding moves: [DenseMove]) {
        self.sets = sets
        holdings = Holdings(fleet)
        for move in moves { holdings.hold(move.machine, on: move.to) }
        book = WardBook(sets: sets.count, hosts: fleet.hosts)
        packing = FailurePacking(fleet)
        tally = ArrivalTally(sets: sets.count, resources: fleet.reserveResources)
        let lists = WardLists(holdings)
        if sets.size == 1 { book.reserve(lists.count) }
        var steps = Self.stepsFromCold
        for set in 0..<sets.count {
            let hosts = sets.hosts(of: set)
            var last: Int32 = -1
            packing.begin(hosts)
            lists.visit(hosts) { entry in
                last = book.add(entry.machine, to: set, after: last)
                packing.add(entry, holdings)
            }
            prove(set, &steps)
        }
    }

    /// Whether all steps are used up: what would have to be proved anew counts as no from now on.
    var isSpent: Bool { stepsLeft <= 0 }

    /// Whether every failure is proved to be survivable.
    public var holds: Bool { unproved.isEmpty }

    /// Who would take the VM if its host failed alone; `nil` where nobody is proved to.
    public func refuge(of machine: Int) -> Int? {
        guard sets.size == 1, let ward = book.ward(of: machine, in: Int(holdings.places[machine])) else { return nil }
        let refuge = book.refuges[Int(ward)]
        return refuge >= 0 ? Int(refuge) : nil
    }

    // MARK: Moves

    /// Takes a move in: the VM is held on both sides from now on. Returns whether every set of hosts can be lost as well
    /// as before; where one cannot, nothing has changed.
    public mutating func arrive(_ machine: Int, on host: Int) -> Bool {
        if holdings.holds(machine, on: host) { return true }
        holdings.hold(machine, on: host)
        var changes: [Change] = []
        if isCovered(machine, arrivingOn: host, &changes) { return true }
        for change in changes.reversed() { undo(change) }
        holdings.release(machine, from: host)
        return false
    }

    /// A move is over: the VM is on `host` alone now.
    public mutating func depart(_ machine: Int, from old: Int, nowOn host: Int) {
        if old != host { holdings.release(machine, from: old) }
        let homes = holdings.homes(of: machine).map(Int.init)
        for set in sets.containing(old) where !sets.hosts(of: set).contains(where: homes.contains) {
            if let ward = book.ward(of: machine, in: set) { book.remove(ward) }
            if unproved.contains(set) { improve(set) }
        }
    }

    /// A move has failed: the VM is where it was.
    public mutating func withdraw(_ machine: Int, from host: Int) {
        depart(machine, from: host, nowOn: Int(holdings.places[machine]))
    }

    // MARK: Proofs

    /// Proves as much as it can about a set whose wards, in the book's order, are open in the packing.
    private mutating func prove(_ set: Int, _ steps: inout Int) {
        switch packing.pack(holdings, salt: set, steps: &steps, keepsMost: true, certifies: false) {
        case .packed: break
        case .impossible, .unknown: if packing.losesAny { unproved.insert(set) }
        }
        var place = 0
        var ward = book.first(of: set)
        while ward >= 0 {
            book.settle(ward, on: packing.refuges[place])
            place += 1
            ward = book.next(after: ward)
        }
    }

    /// Room has come free: of a set that was not proved more may find hosts, and nobody loses the one that it has.
    private mutating func improve(_ set: Int) {
        var steps = min(Self.stepsForMove, stepsLeft)
        let most = steps
        defer { stepsLeft -= most - steps }
        var wards = load(set, .nothing)
        if case .packed = packing.pack(holdings, salt: set, steps: &steps, certifies: false) {
            unproved.remove(set)
        } else {
            wards = load(set, .refuges)
            packing.reopenLost()
            packing.shelterMost(holdings, salt: set)
            let isWorse = zip(wards, packing.refuges).contains { ward, refuge in
                refuge == FailurePacking.lost && book.refuges[Int(ward)] != FailurePacking.lost
            }
            if isWorse { return }
        }
        for (ward, refuge) in zip(wards, packing.refuges) { book.settle(ward, on: refuge) }
    }

    /// What is kept of a set's packing when it is loaded.
    enum Kept {
        case nothing
        /// Who is lost, but not where the others start.
        case losses
        case refuges
    }

    /// Puts a set's wards into the packing, in its order. Returns their numbers.
    @discardableResult
    mutating func load(_ set: Int, _ kept: Kept) -> [Int32] {
        packing.begin(sets.hosts(of: set))
        let wards = book.wards(of: set)
        for ward in wards {
            let refuge = book.refuges[Int(ward)]
            let isKept = kept == .refuges || kept == .losses && refuge == FailurePacking.lost
            packing.add(book.machine(ward), refuge: isKept ? refuge : FailurePacking.open, holdings)
        }
        return wards
    }
}
