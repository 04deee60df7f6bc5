/// Sets of hosts by number, a bit for each host, equal ones once.
struct HostSets {
    /// Words that each set takes in `bits`.
    let words: Int
    private(set) var bits: [UInt64] = []
    private var known: [[Int]: Int32] = [:]

    /// No sets yet, of so many hosts.
    init(hosts: Int) { words = (hosts + 63) / 64 }

    /// The number of the set of these hosts.
    mutating func number(of hosts: [Int]) -> Int32 {
        if let known = known[hosts] { return known }
        let number = Int32(known.count)
        known[hosts] = number
        var own = [UInt64](repeating: 0, count: words)
        for host in hosts { own[host / 64] |= 1 << UInt64(host % 64) }
        bits += own
        return number
    }
}
