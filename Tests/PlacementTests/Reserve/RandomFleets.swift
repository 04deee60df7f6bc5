import Placement

/// A small random fleet, kept as plain lists so that tests can reckon without the code under test.
struct RandomFleet {
    var rooms: [Int64]
    var needs: [Int64]
    var loads: [Int64]
    var places: [Int]
    var apart: [[Int]]
    var pinned: Set<Int>

    init(seed: UInt64, hosts: Int, machines: Int, tightness: Double) {
        var random = SeededGenerator(seed: seed)
        needs = (0..<machines).map { _ in Int64.random(in: 1...8, using: &random) }
        loads = (0..<machines).map { _ in Int64.random(in: 0...3000, using: &random) }
        places = (0..<machines).map { $0 % hosts }
        var used = [Int64](repeating: 0, count: hosts)
        for (machine, host) in places.enumerated() { used[host] += needs[machine] }
        let spare = Int64(Double(needs.reduce(0, +)) / Double(hosts) * tightness)
        rooms = used.map { $0 + Int64.random(in: 0...max(1, spare * 2), using: &random) }
        apart = machines >= 6 ? [[0, 1], [3, 4, 5]] : []
        pinned = machines > 8 ? [8] : []
    }

    var dense: DenseFleet { dense(at: places) }

    func dense(at places: [Int]) -> DenseFleet {
        DenseFleet(
            hosts: rooms.map { DenseFleet.Host(processor: 8000, room: [$0]) },
            machines: needs.indices.map {
                DenseFleet.Machine(
                    host: places[$0], needs: [needs[$0]], load: loads[$0], isMovable: !pinned.contains($0),
                    allowed: pinned.contains($0) ? [places[$0]] : nil)
            }, apart: apart)
    }

    func breaksRule(_ places: [Int]) -> Bool {
        apart.contains { group in Set(group.map { places[$0] }).count < group.count }
            || pinned.contains { places[$0] != self.places[$0] }
    }

    func isOverfull(_ places: [Int]) -> Bool {
        var used = [Int64](repeating: 0, count: rooms.count)
        for (machine, host) in places.enumerated() { used[host] += needs[machine] }
        return zip(used, rooms).contains { $0 > $1 }
    }

    /// Whether, after the failure of these hosts, their VMs can be packed into what the others have free: trying all.
    func survives(_ failed: [Int], at places: [Int]) -> Bool {
        var free = rooms
        for (machine, host) in places.enumerated() { free[host] -= needs[machine] }
        let wards = places.indices.filter { failed.contains(places[$0]) && !pinned.contains($0) }
        var now = places
        for ward in wards { now[ward] = -1 - ward }
        func extend(_ index: Int) -> Bool {
            if index == wards.count { return true }
            let ward = wards[index]
            for host in rooms.indices where !failed.contains(host) && free[host] >= needs[ward] {
                if apart.contains(where: { $0.contains(ward) && $0.contains { now[$0] == host } }) { continue }
                free[host] -= needs[ward]
                now[ward] = host
                let isPacked = extend(index + 1)
                free[host] += needs[ward]
                now[ward] = -1 - ward
                if isPacked { return true }
            }
            return false
        }
        return extend(0)
    }

    func survivesAny(_ count: Int, at places: [Int]) -> Bool {
        func sets(_ size: Int, from first: Int) -> [[Int]] {
            if size == 0 { return [[]] }
            return (first..<rooms.count).flatMap { host in sets(size - 1, from: host + 1).map { [host] + $0 } }
        }
        return sets(count, from: 0).allSatisfy { survives($0, at: places) }
    }
}
