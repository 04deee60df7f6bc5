/// The fleet's rules and what balance is worth, as a plug-in of the solver core. Resource 0 is the expected processor
/// time, resource 1 its variance; hard resources follow.
///
/// Rules hold against where VMs are and where they were: a plan's moves can be made in any order, and any of them can
/// fail, without breaking one.
struct FleetRules: PackingRules, ~Copyable {
    /// Resources before the hard ones.
    static let softResources = 2
    /// Units of cost for 1.
    static let scale = 1e9

    private let fleet: DenseFleet
    private let weights: BalanceWeights
    private let mean: Double
    private let inverse: Slab<Double>
    private let isOpen: Slab<Bool>
    private let isMovable: Slab<Bool>
    private let hasRivals: Slab<Bool>
    private let isTogether: Slab<Bool>
    private let isMasked: Slab<Bool>
    private let home: Slab<Int32>
    private let place: Slab<Int32>
    private let moveCost: Slab<Int64>
    private let excess: ExcessTable
    private let isSpread: Slab<Bool>
    private let hasWishes: Slab<Bool>
    private let wishCost: Double

    init(_ fleet: DenseFleet, weights: BalanceWeights) {
        self.fleet = fleet
        self.weights = weights
        let capacity = fleet.processors.reduce(0) { $0 + Double($1) }
        let wanted = (fleet.loads + fleet.ownLoads).reduce(0) { $0 + Double($1) }
        mean = capacity > 0 ? wanted / capacity : 0
        inverse = Slab(fleet.processors.map { $0 > 0 ? 1 / Double($0) : 0 })
        isOpen = Slab(fleet.isOpen)
        isMovable = Slab(fleet.isMovable)
        hasRivals = Slab((0..<fleet.machines).map { !fleet.rivalries.isEmpty($0) })
        isTogether = Slab(fleet.isTogether)
        isMasked = Slab(fleet.mask.map { $0 >= 0 })
        home = Slab(fleet.places)
        place = Slab(fleet.places)
        excess = ExcessTable()
        isSpread = Slab((0..<fleet.machines).map { fleet.spreadsOf[Int32($0)] != nil })
        hasWishes = Slab((0..<fleet.machines).map { fleet.wishes[Int32($0)] != nil })
        wishCost = weights.move * Self.scale
        let hard = fleet.hardResources
        moveCost = Slab(
            (0..<fleet.machines).map { machine in
                let memory = hard == 0 ? 0 : Double(fleet.needs[machine * hard]) / 1024
                return Int64(((weights.move + weights.moveMemory * memory) * Self.scale).rounded())
            })
    }

    /// The fleet as a placement problem for these rules.
    static func packing(_ fleet: DenseFleet, weights: BalanceWeights) throws(PackingError) -> Packing {
        let hard = fleet.hardResources
        var needs: [Int64] = []
        needs.reserveCapacity(fleet.machines * (hard + softResources))
        for machine in 0..<fleet.machines {
            needs.append(fleet.loads[machine])
            needs.append(fleet.variances[machine])
            for resource in 0..<hard { needs.append(fleet.needs[machine * hard + resource]) }
        }
        var room: [Int64] = []
        var background: [Int64] = []
        for host in 0..<fleet.hosts {
            room.append(Int64((Double(fleet.processors[host]) * weights.ceiling).rounded()))
            room.append(Packing.largestAmount)
            background += [fleet.ownLoads[host], 0] + Array(repeating: 0, count: hard)
            for resource in 0..<hard { room.append(fleet.room[host * hard + resource]) }
        }
        let isHeld = [false, false] + Array(repeating: true, count: hard)
        return try Packing(
            resources: hard + softResources, needs: needs, room: room, homes: fleet.places, isHeldWhileMoving: isHeld,
            background: background)
    }

    @inline(__always)
    func cost(ofBin host: Int, holding load: LoadView) -> Int64 {
        let share = Double(load[0]) * inverse[host]
        let deviation = Double(load[1]).squareRoot() * inverse[host]
        let distance = share - mean
        let cost =
            weights.overload * excess.expected(over: weights.limit, share, deviation)
            + weights.saturation * excess.expected(over: 1, share, deviation) + weights.imbalance * distance * distance
        return Int64(cost * Self.scale)
    }

    @inline(__always)
    func allows(_ machine: Int, from: Int, to: Int) -> Bool {
        if Int(home[machine]) == to { return true }
        guard isMovable[machine], isOpen[to], !isTogether[machine] else { return false }
        if isMasked[machine] && !fleet.allows(machine, on: to) { return false }
        if isSpread[machine] && breaksSpread(machine, on: to) { return false }
        return !hasRivals[machine] || isFree(to, of: machine)
    }

    private func breaksSpread(_ machine: Int, on host: Int) -> Bool {
        fleet.breaksSpread(
            machine, on: host, { Int(home[$0]) }, target: { place[$0] != home[$0] ? Int(place[$0]) : nil })
    }

    private func isFree(_ host: Int, of machine: Int) -> Bool {
        !fleet.hasRival(of: machine) { place[$0] == Int32(host) || home[$0] == Int32(host) }
    }

    @inline(__always)
    func allowsSwap(_ first: Int, at firstHost: Int, _ second: Int, at secondHost: Int) -> Bool {
        guard allows(first, from: firstHost, to: secondHost), allows(second, from: secondHost, to: firstHost) else {
            return false
        }
        guard isSpread[first], isSpread[second] else { return true }
        let shared = fleet.spreadsOf[Int32(first)]?.contains { fleet.spreadsOf[Int32(second)]?.contains($0) ?? false }
        return shared != true
    }

    @inline(__always)
    func costChange(of machine: Int, from: Int, to: Int) -> Int64 {
        let home = Int(home[machine])
        let cost = home == from ? moveCost[machine] : home == to ? -moveCost[machine] : 0
        return hasWishes[machine] ? cost + wishChange(of: machine, from: from, to: to) : cost
    }

    private func wishChange(of machine: Int, from: Int, to: Int) -> Int64 {
        let change =
            fleet.discomfort(of: machine, on: to) { Int(place[$0]) }
            - fleet.discomfort(of: machine, on: from) { Int(place[$0]) }
        return Int64(max(-1e6, min(1e6, change)) * wishCost)
    }

    @inline(__always)
    func costChangeOfSwap(_ first: Int, at firstHost: Int, _ second: Int, at secondHost: Int) -> Int64 {
        costChange(of: first, from: firstHost, to: secondHost) + costChange(of: second, from: secondHost, to: firstHost)
    }

    @inline(__always)
    mutating func moved(_ machine: Int, from: Int, to: Int) { place[machine] = Int32(truncatingIfNeeded: to) }
}
