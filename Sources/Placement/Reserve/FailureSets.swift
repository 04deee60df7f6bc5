/// The sets of hosts that may fail at the same time: all of one size. Those of one host are numbered as their hosts are,
/// hosts that are lost already included; larger ones have none of these. Hosts that are lost already fail with every set,
/// since their VMs need a place in any case.
struct FailureSets: Sendable {
    /// Hosts of each set.
    let size: Int
    /// How many sets there are.
    let count: Int
    private let members: [Int32]
    /// The hosts that are lost already and whose VMs need a place.
    let lost: [Int]

    /// All sets of so many hosts of a fleet. Where VMs of hosts that are lost would come to more than `mostWards` in all
    /// sets together they are left out.
    init(_ fleet: DenseFleet, size: Int, mostWards: Int = .max) {
        self.size = size
        lost = Self.lost(fleet, mostWards: mostWards, size: size)
        if size == 1 {
            count = fleet.hosts
            members = []
            return
        }
        var members: [Int32] = []
        Self.visit(Self.able(fleet), size) { hosts in
            members += hosts.map(Int32.init)
            return true
        }
        count = members.count / max(1, size)
        self.members = members
    }

    /// The hosts of a set.
    func hosts(of set: Int) -> [Int] {
        let own = size == 1 ? [set] : members[(set * size)..<((set + 1) * size)].map(Int.init)
        return lost.isEmpty ? own : own + lost.filter { !own.contains($0) }
    }

    /// The sets that a host is in.
    func containing(_ host: Int) -> [Int] {
        if lost.contains(host) { return Array(0..<count) }
        if size == 1 { return [host] }
        return (0..<count).filter { members[($0 * size)..<(($0 + 1) * size)].contains(Int32(host)) }
    }

    /// The hosts that can still fail.
    static func able(_ fleet: DenseFleet) -> [Int] { (0..<fleet.hosts).filter { !fleet.isLost[$0] } }

    /// The hosts that are lost already and have VMs that are started elsewhere; none where these, in each set of `size`
    /// hosts, are more than `mostWards`.
    static func lost(_ fleet: DenseFleet, mostWards: Int = .max, size: Int = 1) -> [Int] {
        guard fleet.isLost.contains(true) else { return [] }
        var wards = [Int](repeating: 0, count: fleet.hosts)
        for machine in 0..<fleet.machines where fleet.isLost[Int(fleet.places[machine])] && !fleet.isPinned(machine) {
            wards[Int(fleet.places[machine])] += 1
        }
        let most = min(mostWards, Int.max >> 32)
        let sets = size == 1 ? fleet.hosts : count(among: able(fleet).count, size: size, most: most)
        let sum = wards.reduce(0, +)
        if sum > 0, sets > mostWards / sum { return [] }
        return wards.indices.filter { wards[$0] > 0 }
    }

    /// How many sets of `size` there are among so many hosts; `Int.max` where that is more than `most`.
    static func count(among hosts: Int, size: Int, most: Int) -> Int {
        var result = 1
        for step in 0..<size {
            if hosts <= step { return 0 }
            result = result * (hosts - step) / (step + 1)
            if result > most { return .max }
        }
        return result
    }

    /// Shows each set to `body`, in order, until that says no.
    static func visit(_ hosts: [Int], _ size: Int, _ body: ([Int]) -> Bool) {
        guard size > 0, hosts.count >= size else { return }
        var places = Array(0..<size)
        while body(places.map { hosts[$0] }) {
            guard let last = places.indices.last(where: { places[$0] < hosts.count - size + $0 }) else { return }
            places[last] += 1
            for later in places.indices.dropFirst(last + 1) { places[later] = places[later - 1] + 1 }
        }
    }
}
