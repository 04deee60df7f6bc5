/// What a search for one failure's packing goes through: the VMs that are open in the packing, those that must share a
/// host as one, the largest first, and the hosts that can take one of them at all.
struct FailureField {
    /// Wards that start on one host.
    struct Unit {
        /// Their places among the packing's wards.
        let places: [Int]
        /// What they need of each resource where nothing is held for them.
        let needs: [Int64]
        /// The least that they need anywhere.
        let least: [Int64]
        /// The share of all room that they need, of the resource of which that is most.
        var weight = 0.0
        /// Which hosts the only one of them may be on, if it has nothing to do with others; `nil` otherwise.
        let mask: Int32?
        /// Whether it is like the unit before it but for its name.
        var isLikeLast = false

        /// What it weighs to leave it out.
        var cost: Int64 { max(1, needs.first ?? 1) }
    }

    private(set) var units: [Unit]
    private(set) var hosts: [Int32] = []
    /// Whether a host can take a unit where nothing else comes to it, unit by unit.
    private(set) var isAble: [Bool] = []
    /// Hosts of one kind are the same but for their names.
    private(set) var kind: [Int] = []
    private(set) var kinds = 0
    /// From each unit on, what all that are left need at least, and the least that one of them does.
    private(set) var needed: [Int64] = []
    private(set) var least: [Int64] = []
    /// All room, by resource.
    private let scale: [Double]

    /// How large a field can be, in units times hosts; searches of larger ones would not end.
    static let largest = 1 << 18

    /// The field of what is open in a packing; `nil` where it is too large.
    init?(_ packing: FailurePacking, _ holdings: Holdings) {
        let fleet = holdings.fleet
        var seen: Set<Int> = []
        var units: [Unit] = []
        for place in packing.wards.indices
        where packing.refuges[place] == FailurePacking.open && !seen.contains(place) {
            let group = packing.unit(of: place, fleet)
            seen.formUnion(group)
            units.append(Self.unit(group, packing, holdings))
        }
        guard units.count * holdings.order.count <= Self.largest else { return nil }
        let candidates = holdings.order.filter { !packing.fails(Int($0)) }.sorted()
        let resources = holdings.resources
        let scale = (0..<resources).map { resource in
            max(1, candidates.reduce(0.0) { $0 + Double(max(0, packing.left(resource, on: Int($1), holdings))) })
        }
        self.scale = scale
        for place in units.indices {
            units[place].weight = (0..<resources).reduce(0) {
                max($0, Double(units[place].least[$1]) / scale[$1])
            }
        }
        units.sort(by: Self.isBefore)
        for place in units.indices.dropFirst() {
            let (last, unit) = (units[place - 1], units[place])
            units[place].isLikeLast = unit.mask != nil && unit.mask == last.mask && unit.needs == last.needs
        }
        let found = candidates.map { host in
            units.map { unit in
                packing.hasRoom(forAll: unit.places, on: Int(host), holdings)
                    && packing.survivorsAllow(unit.places, on: Int(host), holdings)
            }
        }
        // What has no host in any case comes first: a search then leaves it out at once.
        let places = units.indices
        let order =
            places.filter { unit in !found.contains { $0[unit] } }
            + places.filter { unit in found.contains { $0[unit] } }
        let able = found.map { row in order.map { row[$0] } }
        units = order.map { units[$0] }
        self.units = units
        let kept = candidates.indices.filter { able[$0].contains(true) }
        hosts = kept.map { candidates[$0] }
        isAble = units.indices.flatMap { unit in kept.map { able[$0][unit] } }
        sortIntoKinds(kept.map { able[$0] }, packing, holdings)
        sumUp(resources)
    }

    private static func unit(_ group: [Int], _ packing: FailurePacking, _ holdings: Holdings) -> Unit {
        let fleet = holdings.fleet
        let machines = group.map { Int(packing.wards[$0]) }
        let needs = (0..<holdings.resources).map { resource in machines.reduce(0) { $0 + fleet.need($1, resource) } }
        let least = (0..<holdings.resources).map { resource in
            machines.reduce(0) { sum, machine in
                sum + (holdings.isMoving(machine) ? 0 : fleet.need(machine, resource))
            }
        }
        let isPlain = machines.count == 1 && !fleet.isRuled[machines[0]] && !holdings.isMoving(machines[0])
        return Unit(places: group, needs: needs, least: least, mask: isPlain ? fleet.refugeMask[machines[0]] : nil)
    }

    private static func isBefore(_ left: Unit, _ right: Unit) -> Bool {
        if left.weight != right.weight { return left.weight > right.weight }
        if left.needs != right.needs { return right.needs.lexicographicallyPrecedes(left.needs) }
        return (left.mask ?? -2, left.places[0]) < (right.mask ?? -2, right.places[0])
    }

    private mutating func sortIntoKinds(_ able: [[Bool]], _ packing: FailurePacking, _ holdings: Holdings) {
        let fleet = holdings.fleet
        let machines = packing.wards.map(Int.init)
        let isSpread = machines.contains { fleet.spreadsOf[Int32($0)] != nil }
        let held = Set(machines.filter(holdings.isMoving).flatMap(holdings.homes))
        var known: [[Int64]: Int] = [:]
        for (index, host) in hosts.enumerated() {
            var key = (0..<holdings.resources).map { packing.left($0, on: Int(host), holdings) }
            key.append(isSpread ? Int64(fleet.domain(of: Int(host))) : 0)
            key.append(held.contains(host) ? Int64(host) : -1)
            key += able[index].map { $0 ? 1 : 0 }
            let number = known[key] ?? known.count
            known[key] = number
            kind.append(number)
        }
        kinds = known.count
    }

    private mutating func sumUp(_ resources: Int) {
        needed = Array(repeating: 0, count: (units.count + 1) * resources)
        least = Array(repeating: .max, count: (units.count + 1) * resources)
        for place in units.indices.reversed() {
            for resource in 0..<resources {
                let index = place * resources + resource
                needed[index] = needed[index + resources] + units[place].least[resource]
                least[index] = min(least[index + resources], units[place].least[resource])
            }
        }
    }

    /// How much room a host has left, as a share of all.
    func slack(of host: Int, _ packing: FailurePacking, _ holdings: Holdings) -> Double {
        scale.indices.reduce(0) { $0 + Double(packing.left($1, on: host, holdings)) / scale[$1] }
    }
}

// MARK: Proofs that there is no packing

extension FailureField {
    /// Why nothing packs the units, whatever is tried; `nil` where that is not plain.
    func certificate(_ packing: FailurePacking, _ holdings: Holdings) -> ReserveCertificate? {
        for (number, unit) in units.enumerated()
        where !hosts.indices.contains(where: { isAble[number * hosts.count + $0] }) {
            return .fitsNowhere(machine: Int(packing.wards[unit.places[0]]))
        }
        for resource in scale.indices {
            let room = hosts.map { max(0, packing.left(resource, on: Int($0), holdings)) }
            if needed.indices.contains(resource), room.reduce(0, +) < needed[resource] {
                return .tooLittle(resource: resource)
            }
            // Of VMs that need so much or more each, a host takes no more than go into its room.
            for size in Set(units.map { $0.least[resource] }).sorted(by: >) where size > 0 {
                let wanted = units.count { $0.least[resource] >= size }
                let there = room.reduce(0) { $0 + Int($1 / size) }
                if wanted > there { return .tooMany(count: wanted, places: there, size: size, resource: resource) }
            }
        }
        return nil
    }
}
