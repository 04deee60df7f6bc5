/// What a host that takes in another VM would hold, added up by set of hosts that fail. Flat and kept from one arrival to
/// the next, since this is what trying a move mostly costs.
struct ArrivalTally: Sendable {
    private let resources: Int
    private var burdens: [Int64]
    private var isListed: [Bool]
    private var listed: [Int32] = []

    /// Nothing yet, for so many sets.
    init(sets: Int, resources: Int) {
        self.resources = resources
        burdens = Array(repeating: 0, count: sets * resources)
        isListed = Array(repeating: false, count: sets)
    }

    /// A VM that the host would take in when a set fails; one that it holds anyway costs nothing.
    @inline(__always)
    mutating func add(_ machine: Int, to set: Int, on host: Int, _ holdings: Holdings) {
        if holdings.isMoving(machine) && holdings.holds(machine, on: host) { return }
        if !isListed[set] {
            isListed[set] = true
            listed.append(Int32(set))
        }
        for resource in 0..<resources { burdens[set * resources + resource] += holdings.fleet.need(machine, resource) }
    }

    /// The sets, in order, of which the host would take in more than it has free; the tally is empty again.
    mutating func takeOver(_ host: Int, _ holdings: Holdings) -> [Int] {
        var over: [Int] = []
        for set in listed.lazy.map(Int.init) {
            var isOver = false
            for resource in 0..<resources {
                if burdens[set * resources + resource] > holdings.free[host * resources + resource] { isOver = true }
                burdens[set * resources + resource] = 0
            }
            isListed[set] = false
            if isOver { over.append(set) }
        }
        listed.removeAll(keepingCapacity: true)
        over.sort()
        return over
    }
}
