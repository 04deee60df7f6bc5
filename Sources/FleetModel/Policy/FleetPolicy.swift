/// What operators want of the fleet, as data: one document with a version. Every change makes a new version, and all of
/// them are kept; `PolicyChange` says what can be changed.
public struct FleetPolicy: Hashable, Codable, Sendable {
    /// Counts up with every change; 0 before the first.
    public var version: Int64 = 0
    /// What holds in single clusters.
    public var clusters: [ClusterName: ClusterPolicy] = [:]
    /// Which VMs belong together, apart, on or off which hosts; by number.
    public var constraints: [Constraint] = []
    /// What holds for single VMs.
    public var machines: [VirtualMachineID: MachinePolicy] = [:]
    /// How far Evenkeel goes by itself; by scope.
    public var automation: [AutomationRule] = []
    /// When policy may act, and when it must not; by name.
    public var windows: [PolicyWindow] = []
    /// Limits that differ from their defaults.
    public var limits: [LimitName: Double] = [:]

    /// A policy that says nothing.
    public init() {}

    /// The highest number that a constraint has.
    public var lastConstraint: Int64 { constraints.map(\.number).max() ?? 0 }

    /// What is set for exactly that scope.
    public func automation(_ scope: AutomationScope) -> AutomationRule? { automation.first { $0.scope == scope } }

    /// How many hosts of the cluster may fail at any moment; 0 where nobody said.
    public func reserve(of cluster: ClusterName) -> Int { clusters[cluster]?.reserve ?? 0 }

    /// Whether it says nothing, whatever its version.
    public var isEmpty: Bool {
        var empty = FleetPolicy()
        empty.version = version
        return self == empty
    }
}

/// What holds in one cluster; `nil` where nobody said.
public struct ClusterPolicy: Hashable, Codable, Sendable {
    /// How many host failures the cluster must be able to absorb (N+1: 1).
    public var reserve: Int?
    /// Most virtual processors on a host for each of its logical processors.
    public var processorOverCommit: Double?
    /// Most memory promised to VMs on a host, as a multiple of its memory.
    public var memoryOverCommit: Double?
    /// Parts of the cluster that fail together (racks, rooms), by name. A host is in one at most.
    public var domains: [String: [HostName]]?

    /// Nothing said.
    public init() {}
}

/// What holds for one VM.
public struct MachinePolicy: Hashable, Codable, Sendable {
    /// Who comes first where not all can be served.
    public enum Priority: String, Hashable, Codable, Sendable, CaseIterable, Comparable {
        /// After the others.
        case low
        /// Where nobody said anything.
        case normal
        /// Before the others.
        case high

        private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }

        /// What is less urgent comes first.
        public static func < (left: Priority, right: Priority) -> Bool { left.rank < right.rank }
    }
    /// How urgent it is.
    public var priority: Priority
    /// Whether it is to run again elsewhere when its host fails.
    public var isHighlyAvailable: Bool

    /// A VM like any other without arguments.
    public init(priority: Priority = .normal, isHighlyAvailable: Bool = false) {
        self.priority = priority
        self.isHighlyAvailable = isHighlyAvailable
    }
}

/// A limit that an operator can set. Times are in the unit that the name ends with.
public enum LimitName: String, Hashable, Codable, Sendable, CaseIterable, CodingKeyRepresentable {
    /// Most actions by policy within any hour.
    case actionsPerHour = "actions-per-hour"
    /// Most actions by policy within any 24 hours.
    case actionsPerDay = "actions-per-day"
    /// So many actions of policy failed or tips ineffective within an hour make policy ask again.
    case failuresPerHour = "failures-per-hour"
    /// For how long a VM that was moved is left alone.
    case machineCoolDownMinutes = "vm-cool-down-minutes"
    /// For how long a host that gave or took a VM is left alone by the next tip.
    case hostCoolDownMinutes = "host-cool-down-minutes"
    /// How far apart actions of different tips in one cluster are.
    case clusterCoolDownMinutes = "cluster-cool-down-minutes"
    /// Within how many hours a VM is not brought back to a host that it was moved off.
    case returnHours = "return-hours"
    /// After so many automatic tips of a pack in a row that did not help, the pack's tips wait for an operator.
    case ineffectiveTips = "ineffective-tips"
    /// Most migrations at a time in the fleet.
    case concurrentMigrations = "concurrent-migrations"
    /// Most migrations at a time in one cluster.
    case concurrentPerCluster = "concurrent-per-cluster"
    /// Most migrations at a time off one host.
    case outgoingPerHost = "outgoing-per-host"
    /// Most migrations at a time to one host.
    case incomingPerHost = "incoming-per-host"

    /// What it may be.
    public var range: ClosedRange<Double> {
        switch self {
        // What was done is remembered that far back.
        case .actionsPerHour, .actionsPerDay: 0...500
        case .failuresPerHour, .ineffectiveTips: 1...1000
        case .machineCoolDownMinutes, .hostCoolDownMinutes, .clusterCoolDownMinutes: 0...10_080
        case .returnHours: 0...168
        case .concurrentMigrations, .concurrentPerCluster: 1...1000
        case .outgoingPerHost, .incomingPerHost: 1...16
        }
    }

    /// Whether only whole numbers make sense.
    public var isCount: Bool {
        switch self {
        case .machineCoolDownMinutes, .hostCoolDownMinutes, .clusterCoolDownMinutes, .returnHours: false
        default: true
        }
    }
}
