import FleetModel

/// A cluster of a snapshot in dense form, and what its numbers mean.
///
/// What is unknown bars: a host of which a load is unknown takes nothing, a VM of which one is unknown stays.
struct CompiledCluster {
    let hosts: [PlacementHost]
    let machines: [PlacementVM]
    /// What each VM is expected to want.
    private(set) var fleet: DenseFleet
    /// What each VM wants now, in thousandths of an LP; 0 where that is unknown.
    let demands: [Int64]
    /// The number of each VM, be it on a silent host or not; what is out of date has none, and of one that more than one
    /// host lists for all that, it is the first.
    let numbers: [VirtualMachineID: Int]
    /// VMs by number of which a silent host lists what is out of date: they have gone elsewhere.
    let gone: Set<Int>
    /// VMs of the picture that silent hosts list as well as others.
    let departed: Set<VirtualMachineID>
    /// The number of each host.
    let places: [HostName: Int]
    /// What each host carries, exactly.
    let loads: [HostLoad]

    /// A plan that an operator asked for by name (not `isAutomatic`) does not heed cautions: cool-downs, where a VM came
    /// from, loads that are unknown.
    init(
        _ cluster: ClusterName, of snapshot: FleetSnapshot, check: MoveCheck, isAutomatic: Bool = true
    ) {
        let hosts = snapshot.hosts.filter { $0.cluster == cluster }
        let limits = check.limits
        let columns = check.columns ?? ResourceColumns(hosts, limits: limits)
        let loads = hosts.map { HostLoad($0, limits: limits) }
        let domains = Self.domains(hosts)
        var reach = HostReach(hosts)
        var machines: [PlacementVM] = []
        var dense: [DenseFleet.Machine] = []
        var denseHosts: [DenseFleet.Host] = []
        var demands: [Int64] = []
        var listings = Listings()
        for (place, host) in hosts.enumerated() {
            let load = loads[place]
            let isCautious = isAutomatic && check.caution(aboutTouching: host) != nil
            var sum: Int64 = 0
            for machine in host.virtualMachines {
                let now = MachineLoad(machine, on: host, limits: limits).demand.map(Units.thousandthsUp)
                let expected = machine.forecast.map { Units.thousandthsUp($0.mean) } ?? now
                sum += now ?? 0
                let isGone = snapshot.hasLost(machine.id, host)
                listings.add(machine.id, machines.count, isGone: isGone)
                machines.append(machine)
                demands.append(now ?? 0)
                var own = DenseFleet.Machine(
                    host: place, needs: columns.needs(of: machine), load: expected ?? 0,
                    variance: Self.variance(of: machine),
                    isMovable: isAutomatic
                        ? now != nil && !isCautious && check.objection(toMoving: machine, from: host) == nil
                            && check.caution(aboutMoving: machine) == nil
                        : check.objection(toMoving: machine, from: host.opened, alone: false) == nil,
                    allowed: check.allowed(machine, on: host, of: hosts, &reach, heedsReturn: isAutomatic))
                own.isRestarted = machine.traits.isHighlyAvailable && !isGone
                own.binding = DenseFleet.Binding(check.rules.allowed(machine.id, of: hosts))
                if own.allowed != nil {
                    own.refuges = check.reach(of: machine, of: hosts, &reach) ?? Array(hosts.indices)
                }
                dense.append(own)
            }
            let isTaking = host.isAvailable && host.closedReason == nil
            var denseHost = DenseFleet.Host(
                processor: Units.thousandths(load.processors), room: columns.room(of: host, load),
                isOpen: isTaking && !isCautious && check.unknown(of: load) == nil, isLost: !host.isAvailable,
                domain: domains[place],
                ownLoad: load.processorDemand.map { max(0, Units.thousandthsUp($0) - sum) } ?? 0)
            // As after a failure: how busy it is matters then less than whether the VMs run. What is unknown of a load
            // counts as nothing, whoever brought it.
            denseHost.isRefuge = isTaking
            denseHost.isLeaving = !host.isAvailable || host.closedReason != nil
            denseHosts.append(denseHost)
        }
        self.hosts = hosts
        self.loads = loads
        self.machines = machines
        self.demands = demands
        numbers = listings.first
        gone = listings.gone
        departed = snapshot.departed
        places = Dictionary(hosts.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
        let rulesInNumbers = DenseRules(snapshot, listings, places)
        fleet = DenseFleet(
            hosts: denseHosts, machines: dense, apart: rulesInNumbers.apart, together: rulesInNumbers.together,
            spreads: rulesInNumbers.spreads, wishes: rulesInNumbers.wishes, reserveResources: columns.reserveCount)
    }

    /// The fleet for relief: nobody counts on a VM wanting less than it does now.
    var present: DenseFleet {
        var present = fleet
        for machine in machines.indices where demands[machine] > fleet.loads[machine] {
            present.expect(demands[machine], variance: fleet.variances[machine], of: machine)
        }
        return present
    }

    private static func domains(_ hosts: [PlacementHost]) -> [Int32] {
        var known: [String: Int32] = [:]
        return hosts.map { host in
            guard let name = host.traits.failureDomain else { return -1 }
            let number = known[name] ?? Int32(known.count)
            known[name] = number
            return number
        }
    }

    private static func variance(of machine: PlacementVM) -> Int64 {
        guard let deviation = machine.forecast?.deviation else { return 0 }
        return Units.thousandthsUp(deviation) * Units.thousandthsUp(deviation)
    }
}

extension PlacementHost {
    /// The host as if it was not closed to VMs: that does not keep its own from leaving.
    var opened: PlacementHost {
        var copy = self
        copy.unavailableReason = nil
        return copy
    }
}

/// Which numbers the VMs of a cluster have: of one that more than one host lists, several.
private struct Listings {
    private(set) var first: [VirtualMachineID: Int] = [:]
    private(set) var gone: Set<Int> = []
    private var others: [VirtualMachineID: [Int]] = [:]

    /// One more listing of a VM, which may be out of date.
    mutating func add(_ machine: VirtualMachineID, _ number: Int, isGone: Bool) {
        if isGone {
            gone.insert(number)
        } else if first[machine] == nil {
            first[machine] = number
        } else {
            others[machine, default: []].append(number)
        }
    }

    /// Whatever the hosts are called: every listing of each VM, but for what is out of date.
    func all(_ group: [VirtualMachineID]) -> [Int] {
        Set(group.flatMap { machine in [first[machine]].compactMap(\.self) + (others[machine] ?? []) }).sorted()
    }
}

/// The snapshot's rules and preferences by number.
private struct DenseRules {
    private(set) var apart: [[Int]] = []
    private(set) var together: [[Int]] = []
    private(set) var spreads: [DenseFleet.Spread] = []
    private(set) var wishes: [Int32: [DenseFleet.Wish]] = [:]
    private let listings: Listings
    private let places: [HostName: Int]

    init(_ snapshot: FleetSnapshot, _ listings: Listings, _ places: [HostName: Int]) {
        self.listings = listings
        self.places = places
        for rule in snapshot.rules { add(rule) }
        for preference in snapshot.preferences { add(preference) }
    }

    /// Which VM may be on which host is known to each VM itself.
    private mutating func add(_ rule: PlacementRule) {
        let group = listings.all(rule.machines)
        if group.count < 2 { return }
        switch rule {
        case .apart: apart.append(group)
        case .together: together.append(group)
        case .spread(_, let domains, let most):
            spreads.append(DenseFleet.Spread(members: group.map(Int32.init), domains: domains, most: most))
        case .only, .never: return
        }
    }

    private mutating func add(_ preference: PlacementPreference) {
        let group = listings.all(preference.rule.machines).map(Int32.init)
        for member in group {
            let others = group.filter { $0 != member }
            let kind: DenseFleet.Wish.Kind
            switch preference.rule {
            case .apart: kind = .apart(others)
            case .together: kind = .together(others)
            case .spread: kind = .spread(others)
            case .only(_, let hosts): kind = .hosts(Set(hosts.compactMap { places[$0].map(Int32.init) }))
            case .never(_, let hosts):
                let barred = Set(hosts.compactMap { places[$0] })
                kind = .hosts(Set(places.values.filter { !barred.contains($0) }.map(Int32.init)))
            }
            wishes[member, default: []].append(DenseFleet.Wish(kind, weight: preference.weight))
        }
    }
}
