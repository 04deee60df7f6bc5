/// One relief: which VMs leave, and where there is room. Depth first, the largest relief first, cut where even the
/// largest VMs that remain are too little, and where no choice can be better than the best so far.
///
/// For a choice of k moves the k best destinations of each VM are enough: the other k - 1 moves cannot spoil them all.
/// Only the reserve can, so more of them are kept.
struct ReliefSearch {
    /// Those that can move at all, the largest relief first.
    let candidates: [ReliefCandidate]
    private let fleet: DenseFleet
    private let host: Int
    private let taste: Reliever.Taste
    private var books: ReliefBooks
    /// Most memory that a choice moves, where memory is what is spared.
    var budget = Int64.max
    private let patience: Int
    private var steps = 0
    /// Tries of the books that are kept back for other numbers of moves.
    private var kept = 0
    /// Whether it gave up before it had tried everything.
    private(set) var isCut = false
    /// By candidate, hosts that could take it alone, the best first.
    private var destinations: [[Int]] = []
    /// Sums of the reliefs before each index, for the bound.
    private let sums: [Double]
    /// What moving each candidate takes, the least of that from each index on, and the most load.
    private let burdens: [Int64]
    private let leastBurdens: [Int64]
    private let mostLoads: [Int64]
    private var chosen: [Int] = []
    private var found: (moves: [DenseMove], burden: Int64, peak: Double)?

    private static let fewestDestinations = 16
    private static let tolerance = 1e-9

    init(
        fleet: DenseFleet, host: Int, candidates: [ReliefCandidate], books: ReliefBooks, steps: Int,
        taste: Reliever.Taste = Reliever.Taste()
    ) {
        self.taste = taste
        self.fleet = fleet
        self.host = host
        self.books = books
        patience = steps
        let order = books.room.indices.filter { fleet.isOpen[$0] && $0 != host && books.room[$0] > 0 }.sorted {
            let left = Double(books.loads[$0]) / Double(max(1, fleet.processors[$0]))
            let right = Double(books.loads[$1]) / Double(max(1, fleet.processors[$1]))
            return left == right ? $0 < $1 : (left < right) != taste.packs
        }
        var able: [(candidate: ReliefCandidate, hosts: [Int])] = []
        for candidate in candidates where candidate.relief > 0 && !fleet.isPaired(candidate.machine) {
            let hosts = Self.hosts(
                for: candidate.machine, order, books, fleet, atLeast: candidates.count, packs: taste.packs)
            if !hosts.isEmpty { able.append((candidate, hosts)) }
        }
        able.sort {
            $0.candidate.relief == $1.candidate.relief
                ? $0.candidate.machine < $1.candidate.machine : $0.candidate.relief > $1.candidate.relief
        }
        self.candidates = able.map(\.candidate)
        destinations = able.map(\.hosts)
        sums = able.reduce(into: [0]) { $0.append(($0.last ?? 0) + $1.candidate.relief) }
        let burdens = able.map { Self.burden(of: $0.candidate, fleet, taste) }
        var leastBurdens = burdens
        var mostLoads = able.map { fleet.loads[$0.candidate.machine] }
        for place in able.indices.dropLast().reversed() {
            leastBurdens[place] = min(leastBurdens[place], leastBurdens[place + 1])
            mostLoads[place] = max(mostLoads[place], mostLoads[place + 1])
        }
        self.burdens = burdens
        self.leastBurdens = leastBurdens
        self.mostLoads = mostLoads
    }

    private static func hosts(
        for machine: Int, _ order: [Int], _ books: ReliefBooks, _ fleet: DenseFleet, atLeast count: Int,
        packs: Bool
    ) -> [Int] {
        var found: [(host: Int, discomfort: Double, pressure: Double)] = []
        let most = max(fewestDestinations, min(count, 64))
        let hasWishes = fleet.wishes[Int32(machine)] != nil
        for host in order where books.canTake(machine, on: host, fleet) {
            let discomfort =
                hasWishes ? fleet.discomfort(of: machine, on: host) { Int(fleet.places[$0]) } : 0
            found.append((host, discomfort, books.pressure(of: host, with: machine, fleet)))
            if found.count >= most && !hasWishes { break }
        }
        let sign = packs ? -1.0 : 1.0
        found.sort {
            ($0.discomfort, sign * $0.pressure, $0.host) < ($1.discomfort, sign * $1.pressure, $1.host)
        }
        return found.prefix(most).map(\.host)
    }

    /// What the largest so many VMs come to.
    func largest(_ size: Int) -> Double { sums[min(size, candidates.count)] }

    /// Moves that may still be tried.
    var triesLeft: Int { books.tries }

    /// The best choice of exactly `size` VMs that is enough, with a host for each. Until one is found only one of so many
    /// shares of the tries that are left is used.
    mutating func best(_ size: Int, need: Double, share: Int) -> [DenseMove]? {
        found = nil
        chosen = []
        steps = patience
        kept = books.tries - books.tries / share
        books.tries -= kept
        isCut = false
        extend(from: 0, size: size, need: need, burden: 0, load: books.loads[host])
        if steps <= 0 || books.isSpent || books.reserve?.isSpent == true { isCut = true }
        books.tries += kept
        return found?.moves
    }

    /// `load`: what the host would carry without those chosen.
    private mutating func extend(from first: Int, size: Int, need: Double, burden: Int64, load: Int64) {
        if burden > found?.burden ?? .max || !taste.sparesLoad && burden > budget { return }
        let missing = size - chosen.count
        if missing == 0 {
            if need <= Self.tolerance { assign(burden) }
            return
        }
        var place = first
        while place + missing < sums.count, steps > 0, !books.isSpent {
            steps -= 1
            // The largest that remain stand next to each other.
            if sums[place + missing] - sums[place] < need - Self.tolerance { return }
            if cannotBeBetter(from: place, missing, burden, load) { return }
            chosen.append(place)
            extend(
                from: place + 1, size: size, need: need - candidates[place].relief, burden: burden + burdens[place],
                load: load - fleet.loads[candidates[place].machine])
            chosen.removeLast()
            place += 1
        }
    }

    /// Whether `missing` more candidates from a place on come to a choice that is no better than the best so far: they
    /// add so much burden at least, and leave the host so loaded at least.
    private func cannotBeBetter(from place: Int, _ missing: Int, _ burden: Int64, _ load: Int64) -> Bool {
        guard let found else { return false }
        let least = burden + Int64(missing) * leastBurdens[place]
        let left = load - Int64(missing) * mostLoads[place]
        return (least, Double(left) / Double(max(1, fleet.processors[host]))) >= (found.burden, found.peak)
    }

    private static func burden(of candidate: ReliefCandidate, _ fleet: DenseFleet, _ taste: Reliever.Taste) -> Int64 {
        if taste.sparesLoad { return fleet.loads[candidate.machine] }
        return fleet.hardResources == 0 ? 0 : fleet.need(candidate.machine, 0) * candidate.weight
    }

    /// A host for each chosen VM, with second thoughts.
    private mutating func assign(_ burden: Int64) {
        var moves: [DenseMove] = []
        var tries = 200
        guard assign(&moves, &tries) else { return }
        let peak = ([host] + moves.map(\.to)).reduce(0.0) {
            max($0, Double(books.loads[$1]) / Double(max(1, fleet.processors[$1])))
        }
        if found.map({ (burden, peak) < ($0.burden, $0.peak) }) ?? true { found = (moves, burden, peak) }
        books.tries += kept
        kept = 0
        for move in moves.reversed() { books.drop(move, fleet) }
    }

    private mutating func assign(_ moves: inout [DenseMove], _ tries: inout Int) -> Bool {
        guard moves.count < chosen.count else { return true }
        let place = chosen[moves.count]
        let machine = candidates[place].machine
        for destination in open(place, sorted: !moves.isEmpty) where tries > 0 {
            tries -= 1
            steps -= 1
            let move = DenseMove(machine: machine, from: host, to: destination)
            guard books.take(move, fleet) else { continue }
            moves.append(move)
            if assign(&moves, &tries) { return true }
            moves.removeLast()
            books.drop(move, fleet)
        }
        return false
    }

    /// The hosts that can still take a candidate, the best first: a choice before it may have changed their order.
    private func open(_ place: Int, sorted isSorted: Bool = true) -> [Int] {
        let machine = candidates[place].machine
        var open: [(host: Int, pressure: Double)] = []
        open.reserveCapacity(destinations[place].count)
        let keepsOrder = !isSorted || fleet.wishes[Int32(machine)] != nil
        let sign = taste.packs ? -1.0 : 1.0
        for host in destinations[place] where books.canTake(machine, on: host, fleet) {
            let pressure = keepsOrder ? 0 : sign * books.pressure(of: host, with: machine, fleet)
            var slot = open.count
            while slot > 0, !keepsOrder, isBefore(host, pressure, open[slot - 1]) { slot -= 1 }
            open.insert((host, pressure), at: slot)
        }
        return open.map(\.host)
    }

    @inline(__always)
    private func isBefore(_ host: Int, _ pressure: Double, _ other: (host: Int, pressure: Double)) -> Bool {
        pressure < other.pressure
            || pressure == other.pressure && (taste.packs ? host > other.host : host < other.host)
    }

    /// What moves, the largest reliefs first, each to its best host, would come to, whether that is enough or not, and
    /// whether not all could be tried; `nil` without candidates.
    func mostRelief(atMost limit: Int) -> (relief: Double, isCut: Bool)? {
        if candidates.isEmpty { return nil }
        var trial = self
        var sum = 0.0
        var count = 0
        for place in candidates.indices where count < limit && trial.give(place) {
            sum += candidates[place].relief
            count += 1
        }
        return (sum, trial.books.isSpent)
    }

    private mutating func give(_ place: Int) -> Bool {
        let machine = candidates[place].machine
        for destination in open(place) {
            if books.take(DenseMove(machine: machine, from: host, to: destination), fleet) { return true }
        }
        return false
    }
}
