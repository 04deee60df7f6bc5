/// The fleet in dense form: hosts and VMs by number, every figure in a flat array, ready for the solver. Compiled once
/// from a snapshot and kept up to date with each change from then on.
///
/// Amounts are whole units: thousandths of a logical processor for processor time, their squares for its variance, and
/// for hard resources whatever their unit is (memory: MiB).
public struct DenseFleet: Sendable {
    /// A host.
    public struct Host: Sendable, Hashable {
        /// Processor time that it has.
        public var processor: Int64
        /// What VMs may hold of each hard resource, after what the host keeps for itself.
        public var room: [Int64]
        /// Whether VMs may come to it.
        public var isOpen: Bool
        /// Whether it counts as failed already (drained, dead): its VMs are others' to take.
        public var isLost: Bool
        /// What fails together with it.
        public var domain: Int32
        /// Processor time that it wants for itself.
        public var ownLoad: Int64

        /// A host that VMs may come to.
        public init(
            processor: Int64, room: [Int64], isOpen: Bool = true, isLost: Bool = false, domain: Int32 = -1,
            ownLoad: Int64 = 0
        ) {
            self.processor = processor
            self.room = room
            self.isOpen = isOpen
            self.isLost = isLost
            self.domain = domain
            self.ownLoad = ownLoad
        }
    }

    /// A VM.
    public struct Machine: Sendable, Hashable {
        /// Its host.
        public var host: Int
        /// What it holds of each hard resource.
        public var needs: [Int64]
        /// Processor time that it is expected to want.
        public var load: Int64
        /// Variance of that.
        public var variance: Int64
        /// Whether a plan may move it.
        public var isMovable: Bool
        /// The only hosts that it may be on; `nil` for all.
        public var allowed: [Int]?
        /// Whether it is started elsewhere when its host fails.
        public var isRestarted = true

        /// A VM that may be anywhere.
        public init(
            host: Int, needs: [Int64], load: Int64, variance: Int64 = 0, isMovable: Bool = true, allowed: [Int]? = nil
        ) {
            self.host = host
            self.needs = needs
            self.load = load
            self.variance = variance
            self.isMovable = isMovable
            self.allowed = allowed
        }
    }

    /// Hard resources that can count for the reserve.
    static let mostReserveResources = 8

    /// How many hosts there are.
    public let hosts: Int
    /// How many VMs there are.
    public let machines: Int
    /// Hard resources of each host and VM.
    public let hardResources: Int
    /// The first so many hard resources count for the reserve, too; the others only limit where plans send VMs.
    public let reserveResources: Int
    /// Processor time of each host.
    public let processors: [Int64]
    /// Room for VMs, host by host.
    public let room: [Int64]
    /// What each host wants for itself.
    public let ownLoads: [Int64]
    /// Whether VMs may come to a host.
    public var isOpen: [Bool]
    /// Whether a host counts as failed already.
    public let isLost: [Bool]
    /// The failure domain of each host; negative for one of its own.
    public let domains: [Int32]
    /// The host of each VM.
    public private(set) var places: [Int32]
    /// What VMs hold of hard resources, VM by VM.
    public let needs: [Int64]
    /// Expected processor time of each VM.
    public private(set) var loads: [Int64]
    /// The variance of that.
    public private(set) var variances: [Int64]
    /// Whether a plan may move a VM.
    public var isMovable: [Bool]
    /// The VMs of each group that must be on different hosts.
    public let apart: [[Int32]]
    /// What must stay together, as the other VMs of each VM's groups.
    let together: [Int32: [Int32]]
    /// The groups of each VM in `apart`, and the VMs of each group.
    let groups: FlatLists
    private let members: FlatLists
    /// By VM, which of `masks` it keeps to; -1 for none.
    let mask: [Int32]
    /// Sets of hosts, a bit each, `words` words a set.
    let masks: [UInt64]
    let words: Int
    /// Groups that must be in several failure domains, and by VM which of them it is in.
    let spreads: [Spread]
    let spreadsOf: [Int32: [Int32]]
    /// By VM, what it would rather have.
    let wishes: [Int32: [Wish]]
    /// Whether a VM is started elsewhere when its host fails.
    private(set) var isRestarted: [Bool]

    /// VMs that must be in at least so many failure domains, and at most so many of them in one.
    public struct Spread: Sendable, Hashable {
        /// The VMs.
        public var members: [Int32]
        /// The fewest domains.
        public var domains: Int
        /// The most in one domain.
        public var most: Int

        /// A group.
        public init(members: [Int32], domains: Int, most: Int = .max) {
            self.members = members
            self.domains = domains
            self.most = most
        }
    }

    /// What a VM would rather have, and what it weighs.
    public struct Wish: Sendable, Hashable {
        /// The kinds of wish.
        public enum Kind: Sendable, Hashable {
            /// Not to share a host with any of these VMs.
            case apart([Int32])
            /// To share its host with these VMs.
            case together([Int32])
            /// To be on one of these hosts.
            case hosts(Set<Int32>)
            /// Not to share a failure domain with any of these VMs.
            case spread([Int32])
        }
        /// What.
        public var kind: Kind
        /// How much.
        public var weight: Double

        /// A wish.
        public init(_ kind: Kind, weight: Double) {
            self.kind = kind
            self.weight = weight
        }
    }

    /// A fleet. `apart` and `together` list VMs by number; numbers that do not exist are a programmer's mistake.
    public init(
        hosts: [Host], machines: [Machine], apart: [[Int]] = [], together: [[Int]] = [], spreads: [Spread] = [],
        wishes: [Int32: [Wish]] = [:], reserveResources: Int? = nil
    ) {
        self.spreads = spreads
        spreadsOf = Self.membership(spreads.map { $0.members.map(Int.init) })
        self.wishes = wishes
        isRestarted = machines.map(\.isRestarted)
        self.reserveResources = min(reserveResources ?? .max, hosts.first?.room.count ?? 0, Self.mostReserveResources)
        self.hosts = hosts.count
        self.machines = machines.count
        hardResources = hosts.first?.room.count ?? 0
        processors = hosts.map(\.processor)
        room = hosts.flatMap(\.room)
        ownLoads = hosts.map(\.ownLoad)
        isOpen = hosts.map(\.isOpen)
        isLost = hosts.map(\.isLost)
        domains = hosts.map(\.domain)
        places = machines.map { Int32($0.host) }
        needs = machines.flatMap(\.needs)
        loads = machines.map(\.load)
        variances = machines.map(\.variance)
        isMovable = machines.map(\.isMovable)
        self.apart = apart.map { $0.map(Int32.init) }
        self.together = Self.others(together)
        var groups = [[Int32]](repeating: [], count: machines.count)
        for (number, group) in apart.enumerated() { for member in group { groups[member].append(Int32(number)) } }
        self.groups = FlatLists(groups)
        members = FlatLists(self.apart)
        words = (hosts.count + 63) / 64
        var sets: [[Int]: Int32] = [:]
        var bits: [UInt64] = []
        mask = machines.map { machine in
            guard let allowed = machine.allowed else { return -1 }
            if let known = sets[allowed] { return known }
            let number = Int32(sets.count)
            sets[allowed] = number
            var own = [UInt64](repeating: 0, count: (hosts.count + 63) / 64)
            for host in allowed { own[host / 64] |= 1 << UInt64(host % 64) }
            bits += own
            return number
        }
        masks = bits
    }

    private static func others(_ groups: [[Int]]) -> [Int32: [Int32]] {
        var others: [Int32: [Int32]] = [:]
        for group in groups {
            for member in group {
                others[Int32(member), default: []] += group.filter { $0 != member }.map(Int32.init)
            }
        }
        return others
    }

    private static func membership(_ groups: [[Int]]) -> [Int32: [Int32]] {
        var membership: [Int32: [Int32]] = [:]
        for (number, group) in groups.enumerated() {
            for member in group { membership[Int32(member), default: []].append(Int32(number)) }
        }
        return membership
    }

    // MARK: Changes

    /// What a VM is expected to want has changed.
    public mutating func expect(_ load: Int64, variance: Int64, of machine: Int) {
        loads[machine] = load
        variances[machine] = variance
    }

    /// A VM is on another host now.
    public mutating func place(_ machine: Int, on host: Int) { places[machine] = Int32(host) }

    /// What a VM holds of a hard resource.
    @inline(__always)
    func need(_ machine: Int, _ resource: Int) -> Int64 { needs[machine * hardResources + resource] }

    /// Room for VMs of the resources that count for the reserve, host by host.
    var reserveRoom: [Int64] {
        if reserveResources == hardResources { return room }
        return (0..<hosts).flatMap { room[($0 * hardResources)..<($0 * hardResources + reserveResources)] }
    }

    // MARK: Rules

    /// Whether a VM may be on a host at all.
    @inline(__always)
    public func allows(_ machine: Int, on host: Int) -> Bool {
        let number = Int(mask[machine])
        return number < 0 || masks[number * words + host / 64] & (1 << UInt64(host % 64)) != 0
    }

    /// Whether no reserve covers the VM: rules bind it to one host, or nobody starts it elsewhere.
    public func isPinned(_ machine: Int) -> Bool {
        if !isRestarted[machine] { return true }
        let number = Int(mask[machine])
        guard number >= 0 else { return false }
        return masks[(number * words)..<(number * words + words)].reduce(0) { $0 + $1.nonzeroBitCount } <= 1
    }

    /// Only these VMs are started elsewhere when their host fails.
    mutating func restartOnly(_ wanted: Set<Int>) {
        for machine in 0..<machines where !wanted.contains(machine) { isRestarted[machine] = false }
    }

    /// The VMs that the VM must stay with.
    func mates(of machine: Int) -> [Int] { (together[Int32(machine)] ?? []).map(Int.init) }

    /// Whether the VM must stay with others, so that it cannot move by itself.
    public func isPaired(_ machine: Int) -> Bool { together[Int32(machine)] != nil }

    /// The other VMs that must not share a host with this one.
    public func rivals(of machine: Int) -> RivalList {
        RivalList(members: members, groups: groups[machine], machine: Int32(truncatingIfNeeded: machine))
    }
}
