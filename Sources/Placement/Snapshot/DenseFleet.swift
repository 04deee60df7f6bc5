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
        /// Whether VMs of failed hosts may start here; `nil` where they may if plans may send VMs here. A host that rests
        /// after a move takes them in all the same.
        public var isRefuge: Bool?
        /// Whether it is on its way out: its VMs have to be somewhere else, even where nothing is proved about that.
        public var isLeaving: Bool

        /// A host that VMs may come to.
        public init(
            processor: Int64, room: [Int64], isOpen: Bool = true, isLost: Bool = false, domain: Int32 = -1,
            ownLoad: Int64 = 0
        ) {
            self.processor = processor
            self.room = room
            self.isOpen = isOpen
            self.isLost = isLost
            isLeaving = isLost
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
        /// The only hosts that it may be started on when its host fails; `nil` for those that it may move to.
        public var refuges: [Int]?
        /// Where an operator's rules alone leave it; `nil` where that is what `refuges` say.
        public var binding: Binding?

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
    /// Whether VMs of failed hosts may start on a host: the reserve's word, whoever asks for a plan.
    var isRefuge: [Bool]
    /// Whether a host is on its way out.
    let isLeaving: [Bool]
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
    /// The same by VM, flat: asked far more often than anything else about rules.
    let rivalries: Rivalries
    /// Whether other VMs have a say in where a VM may be, and whether it must stay with some.
    let isRuled: [Bool]
    let isTogether: [Bool]
    /// By VM, which of `masks` it keeps to; -1 for none.
    let mask: [Int32]
    /// By VM, which of `masks` it keeps to when it is started after a failure; -1 for none.
    let refugeMask: [Int32]
    /// By VM, the only host that rules leave it, or one of `Binding`'s numbers.
    let bindings: [Int32]
    /// Sets of hosts, a bit each, `words` words a set.
    let masks: [UInt64]
    let words: Int
    /// Groups that must be in several failure domains, and by VM which of them it is in.
    let spreads: [Spread]
    let spreadsOf: [Int32: [Int32]]
    /// By VM, what it would rather have.
    let wishes: [Int32: [Wish]]
    /// Whether a VM is started elsewhere when its host fails.
    var isRestarted: [Bool]

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
        isLeaving = hosts.map(\.isLeaving)
        isRefuge = hosts.map { ($0.isRefuge ?? $0.isOpen) && !$0.isLost }
        domains = hosts.map(\.domain)
        places = machines.map { Int32($0.host) }
        needs = machines.flatMap(\.needs)
        loads = machines.map(\.load)
        variances = machines.map(\.variance)
        isMovable = machines.map(\.isMovable)
        self.apart = apart.map { $0.map(Int32.init) }
        self.together = Self.others(together)
        rivalries = Rivalries(apart, machines: machines.count)
        var isRuled = [Bool](repeating: false, count: machines.count)
        for member in (apart + together + spreads.map { $0.members.map(Int.init) }).lazy.flatMap(\.self) {
            isRuled[member] = true
        }
        self.isRuled = isRuled
        var isTogether = [Bool](repeating: false, count: machines.count)
        for member in together.lazy.flatMap(\.self) { isTogether[member] = true }
        self.isTogether = isTogether
        var sets = HostSets(hosts: hosts.count)
        mask = machines.map { machine in machine.allowed.map { sets.number(of: $0) } ?? -1 }
        refugeMask = machines.map { machine in (machine.refuges ?? machine.allowed).map { sets.number(of: $0) } ?? -1 }
        words = sets.words
        masks = sets.bits
        bindings = machines.map { ($0.binding ?? Binding($0.refuges ?? $0.allowed)).number }
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
}
