import FleetModel

/// A cluster of a snapshot in dense form, and what its numbers mean.
///
/// What is unknown bars: a host of which a load is unknown takes nothing, a VM of which one is unknown stays.
struct CompiledCluster {
    let hosts: [PlacementHost]
    let machines: [PlacementVM]
    let fleet: DenseFleet

    private static let milli = 1000.0

    init(_ cluster: ClusterName, of snapshot: FleetSnapshot, rules: RuleBook, limits: PlannerLimits) {
        let check = MoveCheck(limits: limits, time: snapshot.time, rules: rules)
        hosts = snapshot.hosts.filter { $0.cluster == cluster }
        var machines: [PlacementVM] = []
        var dense: [DenseFleet.Machine] = []
        var denseHosts: [DenseFleet.Host] = []
        var numbers: [VirtualMachineID: Int] = [:]
        for (place, host) in hosts.enumerated() {
            let load = HostLoad(host, limits: limits)
            var sum: Int64 = 0
            for machine in host.virtualMachines {
                let demand = Self.demand(of: machine, on: host, limits)
                sum += demand ?? 0
                numbers[machine.id] = machines.count
                machines.append(machine)
                let isMovable =
                    demand != nil && check.objection(toMoving: machine, from: host) == nil
                    && check.caution(aboutMoving: machine) == nil && check.caution(aboutTouching: host) == nil
                dense.append(
                    DenseFleet.Machine(
                        host: place, needs: [Self.mebibytesUp(machine.memory)], load: demand ?? 0,
                        variance: Self.variance(of: machine), isMovable: isMovable,
                        allowed: rules.allowed(machine.id, of: hosts)))
            }
            let isKnown = check.unknown(of: load) == nil
            let own = load.processorDemand.map { max(0, Self.thousandths($0) - sum) } ?? 0
            denseHosts.append(
                DenseFleet.Host(
                    processor: Self.thousandths(load.processors),
                    room: [max(0, (host.memory.count - limits.hostReserve.count) >> 20)],
                    isOpen: host.isAvailable && host.closedReason == nil && isKnown
                        && check.caution(aboutTouching: host) == nil,
                    isLost: !host.isAvailable, ownLoad: own))
        }
        self.machines = machines
        fleet = DenseFleet(
            hosts: denseHosts, machines: dense,
            apart: Self.groups(snapshot.rules, numbers) {
                if case .apart(let group) = $0 { group } else { [] }
            },
            together: Self.groups(snapshot.rules, numbers) { if case .together(let group) = $0 { group } else { [] } })
    }

    private static func groups(
        _ rules: [PlacementRule], _ numbers: [VirtualMachineID: Int], _ members: (PlacementRule) -> [VirtualMachineID]
    ) -> [[Int]] {
        rules.map { members($0).compactMap { numbers[$0] } }.filter { $0.count > 1 }
    }

    private static func demand(
        of machine: PlacementVM, on host: PlacementHost, _ limits: PlannerLimits
    ) -> Int64? {
        if let forecast = machine.forecast { return thousandths(forecast.mean) }
        return MachineLoad(machine, on: host, limits: limits).demand.map(thousandths)
    }

    private static func variance(of machine: PlacementVM) -> Int64 {
        guard let deviation = machine.forecast?.deviation else { return 0 }
        return thousandths(deviation) * thousandths(deviation)
    }

    /// Amounts that cannot be are as large as the solver takes them.
    private static func thousandths(_ processors: Double) -> Int64 {
        guard processors.isFinite, processors > 0 else { return 0 }
        return Int64(min(processors * milli, 1e6).rounded())
    }

    private static func mebibytesUp(_ memory: Bytes) -> Int64 {
        min(Packing.largestAmount, (max(0, memory.count) + 1_048_575) >> 20)
    }
}
