/// Who holds what: every VM on its host, those of moves under way on both sides.
struct Holdings: Sendable {
    let fleet: DenseFleet
    /// Resources that count for the reserve.
    let resources: Int
    /// What is free, host by host.
    private(set) var free: [Int64]
    /// The host of each VM; of one that is being moved, the one that it comes from.
    private(set) var places: [Int32]
    /// By VM under way, every host that holds it.
    private var homes: [Int32: [Int32]] = [:]
    /// A bit for the last digits of each of their numbers: most VMs are seen not to move without a look into the table.
    private var movingBits: UInt64 = 0
    /// Hosts where VMs may start after a failure, those first that had most free at the start, and what that was.
    let order: [Int32]
    private let freeInOrder: [Int64]

    init(_ fleet: DenseFleet) {
        self.fleet = fleet
        let resources = fleet.reserveResources
        self.resources = resources
        var free = fleet.reserveRoom
        for machine in 0..<fleet.machines {
            let start = Int(fleet.places[machine]) * resources
            for resource in 0..<resources { free[start + resource] -= fleet.need(machine, resource) }
        }
        let first = (0..<fleet.hosts).map { resources == 0 ? 0 : free[$0 * resources] }
        let order = (0..<fleet.hosts).filter { fleet.isRefuge[$0] }.sorted {
            first[$0] == first[$1] ? $0 < $1 : first[$0] > first[$1]
        }
        self.order = order.map(Int32.init)
        freeInOrder = order.map { first[$0] }
        self.free = free
        places = fleet.places
    }

    // MARK: Where VMs are

    /// Whether a move of the VM is under way.
    @inline(__always)
    func isMoving(_ machine: Int) -> Bool {
        movingBits & (1 << UInt64(machine % 64)) != 0 && homes[Int32(machine)] != nil
    }

    /// Every host that holds the VM.
    func homes(of machine: Int) -> [Int32] { homes[Int32(machine)] ?? [places[machine]] }

    /// Shows every host that holds the VM to `body`.
    @inline(__always)
    func visitHomes(of machine: Int, _ body: (Int) -> Void) {
        guard isMoving(machine) else { return body(Int(places[machine])) }
        for home in homes(of: machine) { body(Int(home)) }
    }

    /// Whether the host holds the VM.
    @inline(__always)
    func holds(_ machine: Int, on host: Int) -> Bool {
        if places[machine] == Int32(host) { return true }
        return isMoving(machine) && homes[Int32(machine)]?.contains(Int32(host)) == true
    }

    /// The host holds the VM as well from now on.
    mutating func hold(_ machine: Int, on host: Int) {
        if holds(machine, on: host) { return }
        change(machine, on: host, sign: -1)
        homes[Int32(machine), default: [places[machine]]].append(Int32(host))
        movingBits |= 1 << UInt64(machine % 64)
    }

    /// The host no longer holds the VM, which is where else it was held.
    mutating func release(_ machine: Int, from host: Int) {
        let left = homes(of: machine).filter { $0 != Int32(host) }
        guard let first = left.first, left.count < homes(of: machine).count else { return }
        change(machine, on: host, sign: 1)
        if places[machine] == Int32(host) { places[machine] = first }
        homes[Int32(machine)] = left.count > 1 ? left : nil
        if homes.isEmpty { movingBits = 0 }
    }

    private mutating func change(_ machine: Int, on host: Int, sign: Int64) {
        for resource in 0..<resources {
            free[host * resources + resource] += sign * fleet.need(machine, resource)
        }
    }

    /// How many hosts, the first so many of the order, had room for the VM at the start. In large fleets most others
    /// never will.
    func hostsWithRoom(for machine: Int) -> Int {
        guard resources > 0 else { return order.count }
        let need = fleet.need(machine, 0)
        var (low, high) = (0, freeInOrder.count)
        while low < high {
            let middle = (low + high) / 2
            if freeInOrder[middle] >= need { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
