import Placement

/// A cluster so small that every packing can be tried: a plain account of rooms and rules, without the code under test.
struct TinyPacker {
    /// Room of each host, and what each VM needs, by resource.
    var rooms: [[Int64]]
    var needs: [[Int64]]
    var places: [Int]
    var domains: [Int]
    var closed: Set<Int> = []
    /// Hosts that are lost already: they fail with every set.
    var lost: Set<Int> = []
    var apart: [[Int]] = []
    var together: [[Int]] = []
    var spreads: [(members: [Int], domains: Int, most: Int)] = []
    /// By VM, the only hosts that rules leave it.
    var only: [Int: [Int]] = [:]
    /// By VM, the only hosts that have what it needs.
    var reach: [Int: [Int]] = [:]

    /// A random one; the higher `tightness`, the more is free.
    init(seed: UInt64, hosts: Int, machines: Int, resources: Int, tightness: Double) {
        var random = SeededGenerator(seed: seed)
        needs = (0..<machines).map { _ in (0..<resources).map { _ in Int64.random(in: 1...6, using: &random) } }
        places = (0..<machines).map { _ in Int.random(in: 0..<hosts, using: &random) }
        domains = (0..<hosts).map { _ in Int.random(in: 0..<3, using: &random) }
        rooms = (0..<hosts).map { _ in Array(repeating: 0, count: resources) }
        for resource in 0..<resources {
            let mean = Double(needs.reduce(0) { $0 + $1[resource] }) / Double(hosts)
            for host in 0..<hosts {
                let used = places.indices.reduce(0) { $0 + (places[$1] == host ? needs[$1][resource] : 0) }
                rooms[host][resource] = used + Int64(mean * Double.random(in: 0...(2 * tightness), using: &random))
            }
        }
    }

    /// Two VMs apart where they are, two that must be together, be they or not, three spread as they are, one bound to two
    /// hosts.
    mutating func addRules(seed: UInt64) {
        var random = SeededGenerator(seed: seed &+ 77)
        let order = places.indices.shuffled(using: &random)
        if let other = order.dropFirst().first(where: { places[$0] != places[order[0]] }) {
            apart = [[order[0], other]]
        }
        let pair = order.filter { places[$0] == places[order[1]] }.prefix(2)
        if pair.count == 2, seed % 2 == 0 { together = [Array(pair)] }
        if seed % 4 == 1 { together = [[order[3], order[4]]] }
        spreads = [(Array(order.suffix(3)), 2, seed % 3 == 0 ? 2 : .max)]
        only = [order[2]: Array(Set([places[order[2]], Int.random(in: rooms.indices, using: &random)])).sorted()]
    }

    var dense: DenseFleet {
        DenseFleet(
            hosts: rooms.indices.map {
                DenseFleet.Host(
                    processor: 8000, room: rooms[$0], isOpen: !closed.contains($0), isLost: lost.contains($0),
                    domain: Int32(domains[$0]))
            },
            machines: places.indices.map {
                var machine = DenseFleet.Machine(host: places[$0], needs: needs[$0], load: 100, allowed: allowed($0))
                machine.binding = only[$0].flatMap { $0.count == 1 ? .host($0[0]) : nil } ?? .free
                return machine
            }, apart: apart, together: together,
            spreads: spreads.map {
                DenseFleet.Spread(members: $0.members.map(Int32.init), domains: $0.domains, most: $0.most)
            })
    }

    /// The only hosts that it may be on.
    func allowed(_ machine: Int) -> [Int]? {
        guard let reach = reach[machine] else { return only[machine] }
        return reach.filter { only[machine]?.contains($0) ?? true }
    }

    /// All sets of so many hosts that can still fail.
    func sets(_ size: Int, from first: Int = 0) -> [[Int]] {
        if size == 0 { return [[]] }
        return (first..<rooms.count).filter { !lost.contains($0) }
            .flatMap { host in sets(size - 1, from: host + 1).map { [host] + $0 } }
    }

    /// The least of the first resource that finds no host when these fail, whatever is tried, with VMs at `now` and some
    /// held on a second host as well. Rules are held against where VMs are in `places`.
    func leastLoss(_ failed: [Int], at now: [Int]? = nil, holding: [(machine: Int, host: Int)] = []) -> Int64 {
        let now = now ?? places
        let failed = failed + lost.filter { !failed.contains($0) }
        var free = rooms
        for (machine, host) in now.enumerated() { take(machine, host, -1, &free) }
        for hold in holding { take(hold.machine, hold.host, -1, &free) }
        let wards = now.indices.filter { machine in
            failed.contains(now[machine]) && only[machine].map { $0 != [now[machine]] } ?? true
        }
        var ends: [Int?] = now.map { failed.contains($0) ? nil : $0 }
        var best = Int64.max
        func extend(_ index: Int, _ loss: Int64) {
            if loss >= best { return }
            if index == wards.count {
                if keepsRules(ends, from: now, wards) { best = loss }
                return
            }
            let ward = wards[index]
            for host in rooms.indices where !failed.contains(host) && !closed.contains(host) {
                guard allowed(ward)?.contains(host) ?? true, zip(free[host], needs[ward]).allSatisfy({ $0 >= $1 })
                else {
                    continue
                }
                take(ward, host, -1, &free)
                ends[ward] = host
                extend(index + 1, loss)
                ends[ward] = nil
                take(ward, host, 1, &free)
            }
            extend(index + 1, loss + needs[ward][0])
        }
        extend(0, 0)
        return best
    }

    private func take(_ machine: Int, _ host: Int, _ sign: Int64, _ free: inout [[Int64]]) {
        for resource in free[host].indices { free[host][resource] += sign * needs[machine][resource] }
    }

    /// Whether rules are kept by where VMs ended; those without an end are lost and count where they were.
    private func keepsRules(_ ends: [Int?], from now: [Int], _ wards: [Int]) -> Bool {
        let started = Set(wards.filter { ends[$0] != nil })
        let isApart = apart.allSatisfy { group in
            group.allSatisfy { member in
                !started.contains(member) || !group.contains { $0 != member && ends[$0] == ends[member] }
            }
        }
        let isTogether = together.allSatisfy { group in
            guard group.contains(where: started.contains) else { return true }
            let coming = group.filter(wards.contains)
            return coming.allSatisfy(started.contains) && Set(group.compactMap { ends[$0] }).count == 1
        }
        return isApart && isTogether
            && spreads.allSatisfy { spread in
                let before = Set(spread.members.map { domains[places[$0]] }).count
                let after = spread.members.map { domains[ends[$0] ?? now[$0]] }
                let isCrowded = spread.members.contains { member in
                    started.contains(member)
                        && after.count { $0 == domains[ends[member] ?? now[member]] } > spread.most
                }
                return !isCrowded && Set(after).count >= min(before, spread.domains)
            }
    }
}
