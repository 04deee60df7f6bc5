/// Where the VMs of hosts that fail together would start. Survivors' own VMs stay where they are; every hard resource
/// counts, and so does every rule.
///
/// A VM that a surviving host holds as well, because it is being moved, starts there in the room that is held for it.
struct FailurePacking: Sendable {
    /// A VM for which no host was looked for yet.
    static let open: Int32 = -1
    /// A VM that nobody takes in.
    static let lost: Int32 = -2

    /// The VMs that have to start elsewhere.
    private(set) var wards: [Int32] = []
    /// Where each of them starts, or `open`, or `lost`.
    private(set) var refuges: [Int32] = []
    /// What each of them needs, ward by ward, and whether nothing but room says where it may start.
    private var needs: [Int64] = []
    private var isPlain: [Bool] = []
    private(set) var failed: [Int] = []
    private var isFailed: [Bool]
    /// What the refuges take in, host by host.
    private var burden: [Int64]
    private let resources: Int

    /// A packing for hosts of that fleet, of nothing yet.
    init(_ fleet: DenseFleet) {
        resources = fleet.reserveResources
        isFailed = Array(repeating: false, count: fleet.hosts)
        burden = Array(repeating: 0, count: fleet.hosts * fleet.reserveResources)
    }

    /// Begins anew with other hosts that fail.
    mutating func begin(_ hosts: [Int]) {
        for refuge in refuges where refuge >= 0 {
            for resource in 0..<resources { burden[Int(refuge) * resources + resource] = 0 }
        }
        for host in failed { isFailed[host] = false }
        failed = hosts
        for host in hosts { isFailed[host] = true }
        wards.removeAll(keepingCapacity: true)
        refuges.removeAll(keepingCapacity: true)
        needs.removeAll(keepingCapacity: true)
        isPlain.removeAll(keepingCapacity: true)
    }

    /// One more VM that has to start elsewhere, and where it does, if that is known.
    mutating func add(_ machine: Int32, refuge: Int32 = open, _ holdings: Holdings) {
        wards.append(machine)
        refuges.append(refuge < 0 ? refuge : Self.open)
        for resource in 0..<resources { needs.append(holdings.fleet.need(Int(machine), resource)) }
        isPlain.append(Self.isPlain(Int(machine), holdings))
        if refuge >= 0 { assign(wards.count - 1, to: Int(refuge), holdings) }
    }

    /// One more VM that has to start elsewhere, of which what counts is at hand.
    mutating func add(_ entry: WardLists.Entry, _ holdings: Holdings) {
        wards.append(entry.machine)
        refuges.append(Self.open)
        if resources > 0 { needs.append(entry.need) }
        for resource in 0..<resources where resource > 0 {
            needs.append(holdings.fleet.need(Int(entry.machine), resource))
        }
        isPlain.append(entry.isPlain)
    }

    /// Whether nothing but room says where a VM may start.
    static func isPlain(_ machine: Int, _ holdings: Holdings) -> Bool {
        !holdings.fleet.isRuled[machine] && holdings.fleet.refugeMask[machine] < 0 && !holdings.isMoving(machine)
    }

    // MARK: One ward

    /// Whether a host fails.
    @inline(__always)
    func fails(_ host: Int) -> Bool { isFailed[host] }

    /// What a host has left of a resource.
    @inline(__always)
    func left(_ resource: Int, on host: Int, _ holdings: Holdings) -> Int64 {
        holdings.free[host * resources + resource] - burden[host * resources + resource]
    }

    /// The place of a VM among the wards.
    func place(of machine: Int) -> Int? { wards.firstIndex(of: Int32(machine)) }

    /// Whether nothing but room says where a ward may start.
    @inline(__always)
    func isPlain(_ place: Int) -> Bool { isPlain[place] }

    /// Whether there is room for a ward that is plain.
    @inline(__always)
    func hasRoom(forPlain place: Int, on host: Int, _ holdings: Holdings) -> Bool {
        for resource in 0..<resources
        where left(resource, on: host, holdings) < needs[place * resources + resource] { return false }
        return true
    }

    /// Whether there is room for several wards together.
    func hasRoom(forAll places: [Int], on host: Int, _ holdings: Holdings) -> Bool {
        for resource in 0..<resources {
            var need: Int64 = 0
            for place in places { need += cost(of: place, on: host, resource, holdings) }
            if left(resource, on: host, holdings) < need { return false }
        }
        return true
    }

    private func cost(of place: Int, on host: Int, _ resource: Int, _ holdings: Holdings) -> Int64 {
        if isPlain[place] { return needs[place * resources + resource] }
        let machine = Int(wards[place])
        if holdings.isMoving(machine) && holdings.holds(machine, on: host) { return 0 }
        return needs[place * resources + resource]
    }

    /// A ward starts on the host.
    mutating func assign(_ place: Int, to host: Int, _ holdings: Holdings) {
        refuges[place] = Int32(host)
        for resource in 0..<resources {
            burden[host * resources + resource] += cost(of: place, on: host, resource, holdings)
        }
    }

    /// A ward no longer starts where it did; it is open again, or lost.
    mutating func release(_ place: Int, _ holdings: Holdings, as state: Int32 = open) {
        let host = Int(refuges[place])
        refuges[place] = state
        guard host >= 0 else { return }
        for resource in 0..<resources {
            burden[host * resources + resource] -= cost(of: place, on: host, resource, holdings)
        }
    }

    /// Whether some ward has nobody who takes it in.
    var losesAny: Bool { refuges.contains(Self.lost) }

    /// Hosts are looked for anew for those that nobody took in.
    mutating func reopenLost() {
        for place in refuges.indices where refuges[place] == Self.lost { refuges[place] = Self.open }
    }

    /// Puts all wards where `others` says.
    mutating func adopt(_ others: [Int32], _ holdings: Holdings) {
        for place in wards.indices { release(place, holdings) }
        for (place, refuge) in others.enumerated() {
            if refuge >= 0 { assign(place, to: Int(refuge), holdings) } else { refuges[place] = refuge }
        }
    }
}
