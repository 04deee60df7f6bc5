import FleetModel

/// What plans count in whole units.
enum Units {
    /// Thousandths of a logical processor, downwards: what there is. Amounts that cannot be are as large as the solver
    /// takes them.
    static func thousandths(_ processors: Double) -> Int64 {
        guard processors.isFinite, processors > 0 else { return 0 }
        return Int64(min(processors * 1000, 1e7).rounded(.down))
    }

    /// Thousandths of a logical processor, upwards: what is wanted.
    static func thousandthsUp(_ processors: Double) -> Int64 {
        guard processors.isFinite, processors > 0 else { return 0 }
        return Int64(min(processors * 1000 - 1e-6, 1e6).rounded(.up))
    }

    /// MiB, upwards.
    static func mebibytesUp(_ memory: Bytes) -> Int64 {
        let bytes = min(max(0, memory.count), Packing.largestAmount << 17)
        return min(Packing.largestAmount, (bytes + 1_048_575) >> 20)
    }

    /// KiB a second, upwards.
    static func rate(_ bytes: Double) -> Int64 {
        guard bytes.isFinite, bytes > 0 else { return 0 }
        return Int64(min(bytes / 1024, 1e12).rounded(.up))
    }
}

/// The hard resources of a cluster, in the order of the solver's columns. Memory that is promised is always there, and
/// memory that is touched; virtual processors, bandwidths and local space are where they are limited. All but touched
/// memory, which is a matter of comfort, count for the reserve.
struct ResourceColumns: Sendable {
    private enum Column: Sendable {
        case promised, virtualProcessors, disk, network, space, touched
    }

    private let columns: [Column]
    private let limits: PlannerLimits

    init(_ hosts: [PlacementHost], limits: PlannerLimits) {
        self.limits = limits
        var columns: [Column] = [.promised]
        if limits.processorOvercommit != nil || hosts.contains(where: { $0.traits.processorOverCommit != nil }) {
            columns.append(.virtualProcessors)
        }
        if hosts.contains(where: { $0.traits.diskBandwidth != nil }) { columns.append(.disk) }
        if hosts.contains(where: { $0.traits.networkBandwidth != nil }) { columns.append(.network) }
        if hosts.contains(where: { $0.traits.localSpace != nil }) { columns.append(.space) }
        self.columns = columns + [.touched]
    }

    /// Columns that count for the reserve: the first ones.
    var reserveCount: Int { columns.count - 1 }

    /// What the columns are, for a person.
    var names: [String] {
        columns.map { column in
            switch column {
            case .promised, .touched: "memory"
            case .virtualProcessors: "virtual processors"
            case .disk: "disk bandwidth"
            case .network: "network bandwidth"
            case .space: "local space"
            }
        }
    }

    /// Whether some host's virtual processors are limited.
    var limitsVirtualProcessors: Bool { columns.contains(.virtualProcessors) }
    /// Whether some host's disk bandwidth is limited.
    var limitsDisk: Bool { columns.contains(.disk) }
    /// Whether some host's network bandwidth is limited.
    var limitsNetwork: Bool { columns.contains(.network) }

    func needs(of machine: PlacementVM) -> [Int64] {
        columns.map { column in
            switch column {
            case .promised, .touched: Units.mebibytesUp(machine.memory)
            case .virtualProcessors: Int64(min(1 << 20, machine.virtualProcessors ?? 0))
            case .disk: Units.rate(machine.traits.diskUse ?? 0)
            case .network: Units.rate(machine.traits.networkUse ?? 0)
            case .space: Units.mebibytesUp(machine.traits.localDisks)
            }
        }
    }

    /// Room for the host's VMs, those that are there included.
    func room(of host: PlacementHost, _ load: HostLoad) -> [Int64] {
        columns.map { column in
            switch column {
            case .promised: Self.mebibytes(limits.promisable(host))
            case .virtualProcessors:
                (host.traits.processorOverCommit ?? limits.processorOvercommit).map {
                    Int64(max(0, min(Double(host.logicalProcessors) * $0, 1e9)))
                } ?? Packing.largestAmount
            case .disk: bandwidth(host.traits.diskBandwidth)
            case .network: bandwidth(host.traits.networkBandwidth)
            case .space:
                host.traits.localSpace.map { Self.mebibytes(Double($0.count) * limits.bandwidthCeiling) }
                    ?? Packing.largestAmount
            case .touched: touchable(host, load)
            }
        }
    }

    /// What is known now says how much may still come; what its VMs are promised is counted already.
    private func touchable(_ host: PlacementHost, _ load: HostLoad) -> Int64 {
        let promised = host.virtualMachines.reduce(0) { $0 + Units.mebibytesUp($1.memory) }
        guard let used = load.memoryUsed else { return promised }
        return max(0, promised + Self.mebibytes(load.memory * limits.memoryCeiling - used))
    }

    private func bandwidth(_ limit: Double?) -> Int64 {
        limit.map { Int64(max(0, min($0 / 1024, 1e12) * limits.bandwidthCeiling)) } ?? Packing.largestAmount
    }

    /// Downwards, below zero as well.
    private static func mebibytes(_ count: Double) -> Int64 {
        guard count.isFinite else { return 0 }
        return Int64((min(Double(Packing.largestAmount), max(-1e13, count / 1_048_576))).rounded(.down))
    }
}

extension PlannerLimits {
    /// Bytes of memory that a host may promise to VMs.
    func promisable(_ host: PlacementHost) -> Double {
        max(0, Double((host.memory - hostReserve).count) * max(0, host.traits.memoryOverCommit ?? memoryOvercommit))
    }
}
