/// The sets of hosts that may fail at the same time: all of one size. Those of one host are numbered as their hosts are,
/// hosts that are lost already included; larger ones have none of these.
struct FailureSets: Sendable {
    /// Hosts of each set.
    let size: Int
    /// How many sets there are.
    let count: Int
    private let members: [Int32]

    /// All sets of so many hosts of a fleet.
    init(_ fleet: DenseFleet, size: Int) {
        self.size = size
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
        size == 1 ? [set] : members[(set * size)..<((set + 1) * size)].map(Int.init)
    }

    /// The sets that a host is in.
    func containing(_ host: Int) -> [Int] {
        if size == 1 { return [host] }
        return (0..<count).filter { members[($0 * size)..<(($0 + 1) * size)].contains(Int32(host)) }
    }

    /// The hosts that can still fail.
    static func able(_ fleet: DenseFleet) -> [Int] { (0..<fleet.hosts).filter { !fleet.isLost[$0] } }

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
