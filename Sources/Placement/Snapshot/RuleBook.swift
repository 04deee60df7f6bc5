import FleetModel

/// The rules of a snapshot, ready to be asked. Every move of a plan that was told to it counts its VM on both sides.
struct RuleBook: Sendable {
    private struct Home: Sendable {
        let host: HostName
        let name: String
    }

    private struct Spread: Sendable {
        let members: [VirtualMachineID]
        let domains: Int
        let most: Int
    }

    private var rivals: [VirtualMachineID: [VirtualMachineID]] = [:]
    private var mates: [VirtualMachineID: [VirtualMachineID]] = [:]
    private var only: [VirtualMachineID: Set<HostName>] = [:]
    private var never: [VirtualMachineID: Set<HostName>] = [:]
    private var spreads: [Spread] = []
    private var spreadsOf: [VirtualMachineID: [Int]] = [:]
    /// Of VMs that have rivals, mates or a spread.
    private var homes: [VirtualMachineID: [Home]] = [:]
    private var domains: [HostName: String] = [:]

    init(_ snapshot: FleetSnapshot) {
        for rule in snapshot.rules { add(rule) }
        if rivals.isEmpty && mates.isEmpty && spreads.isEmpty { return }
        for host in snapshot.hosts {
            if !spreads.isEmpty { domains[host.name] = host.traits.domain(of: host.name) }
            for machine in host.virtualMachines
            where !snapshot.hasLost(machine.id, host)
                && (rivals[machine.id] != nil || mates[machine.id] != nil || spreadsOf[machine.id] != nil)
            {
                homes[machine.id, default: []].append(Home(host: host.name, name: machine.name))
            }
        }
    }

    private mutating func add(_ rule: PlacementRule) {
        switch rule {
        case .apart(let group):
            for member in group { rivals[member, default: []] += group.filter { $0 != member } }
        case .together(let group):
            for member in group { mates[member, default: []] += group.filter { $0 != member } }
        case .only(let machine, let hosts):
            only[machine] = only[machine].map { $0.intersection(hosts) } ?? Set(hosts)
        case .never(let machine, let hosts): never[machine, default: []].formUnion(hosts)
        case .spread(let group, let domains, let most):
            for member in Set(group) { spreadsOf[member, default: []].append(spreads.count) }
            spreads.append(Spread(members: Array(Set(group)), domains: domains, most: most))
        }
    }

    /// A plan moves the VM to the host: from now on it counts there, too.
    mutating func arrived(_ machine: PlacementVM, on host: HostName) {
        if homes[machine.id] != nil { homes[machine.id]?.append(Home(host: host, name: machine.name)) }
    }

    /// The host that the VM was on has failed, and it starts again on this one: it is nowhere else.
    mutating func restarted(_ machine: PlacementVM, on host: HostName) {
        if homes[machine.id] != nil { homes[machine.id] = [Home(host: host, name: machine.name)] }
    }

    /// The VMs that the VM must share a host with, and those that these must.
    func company(of machine: VirtualMachineID) -> Set<VirtualMachineID> {
        var found: Set<VirtualMachineID> = []
        var ahead = mates[machine] ?? []
        while let next = ahead.popLast() {
            if found.insert(next).inserted { ahead += mates[next] ?? [] }
        }
        return found
    }

    /// Whether rules depend on where VMs are that are not among these: they may be in other clusters.
    func reachesBeyond(_ known: [VirtualMachineID: Int]) -> Bool {
        known.keys.contains { homes[$0] != nil } && homes.keys.contains { known[$0] == nil }
    }

    /// Why the VM cannot leave its host by itself; with `companions` it does not: they go the same way.
    func objection(
        toMoving machine: PlacementVM, from host: HostName, with companions: [VirtualMachineID] = []
    ) -> String? {
        for mate in mates[machine.id] ?? [] where !companions.contains(mate) {
            if let home = homes[mate]?.first(where: { $0.host == host }) {
                return "it must stay with \(home.name), and VMs that stay together are not moved one by one"
            }
        }
        return nil
    }

    /// Why a VM that is new may not begin on the host: those that it must share one with are elsewhere. A host that
    /// failed, `dead`, is nowhere.
    func objection(toJoining host: HostName, _ machine: PlacementVM, except dead: HostName? = nil) -> String? {
        for mate in mates[machine.id] ?? [] {
            let homes = (homes[mate] ?? []).filter { $0.host != dead }
            guard let home = homes.first, !homes.contains(where: { $0.host == host }) else { continue }
            return "it must share a host with \(home.name), which is on \(home.host)"
        }
        return nil
    }

    /// Why the VM may not be on the host.
    func objection(to host: HostName, for machine: PlacementVM) -> String? {
        if let allowed = only[machine.id], !allowed.contains(host) {
            return "it may only be on \(allowed.sorted().map(\.description).joined(separator: ", "))"
        }
        if never[machine.id]?.contains(host) == true { return "a rule keeps it off this host" }
        for rival in rivals[machine.id] ?? [] {
            if let home = homes[rival]?.first(where: { $0.host == host }) {
                return "it must not share a host with \(home.name)"
            }
        }
        return spreadObjection(to: host, for: machine)
    }

    /// VMs that are on their way are in one of two places: whichever of them arrive, the spread holds as well as it did.
    private func spreadObjection(to host: HostName, for machine: PlacementVM) -> String? {
        for number in spreadsOf[machine.id] ?? [] {
            let spread = spreads[number]
            let places = { (member: VirtualMachineID) in
                Set((homes[member] ?? []).compactMap { domains[$0.host] })
            }
            let now = SpreadCount.fewest(spread.members.map(places))
            let others = spread.members.filter { $0 != machine.id }.map(places)
            if others.count(where: { $0.count > 1 }) >= SpreadCount.mostOpen {
                return "\(SpreadCount.mostOpen) other VMs that it is spread with are being moved"
            }
            let then = SpreadCount.fewest(others + [Set([domains[host]].compactMap(\.self))])
            if let crowd = crowd(spread, machine.id, on: host) { return crowd }
            if then < min(now, spread.domains) {
                let isSettled = others.allSatisfy { $0.count < 2 }
                return
                    "its group would run in \(then) failure domains\(isSettled ? "" : " if a move of another one fails")"
                    + ", at least \(spread.domains) are wanted"
            }
        }
        return nil
    }

    /// Whether every group is in as many failure domains as in `earlier`, or as many as are wanted.
    func isSpread(asIn earlier: RuleBook) -> Bool {
        let count = { (book: RuleBook, spread: Spread) in
            SpreadCount.fewest(
                spread.members.map { Set((book.homes[$0] ?? []).compactMap { book.domains[$0.host] }) })
        }
        return spreads.allSatisfy { count(self, $0) >= min(count(earlier, $0), $0.domains) }
    }

    private func crowd(_ spread: Spread, _ machine: VirtualMachineID, on host: HostName) -> String? {
        guard spread.most < spread.members.count, let domain = domains[host] else { return nil }
        let there = spread.members.count { member in
            member == machine || (homes[member] ?? []).contains { domains[$0.host] == domain }
        }
        guard there > spread.most else { return nil }
        return "\(there) of its group would be in one failure domain, at most \(spread.most) are an even spread"
    }

    /// The hosts of `hosts` that the VM may be on; `nil` for all.
    func allowed(_ machine: VirtualMachineID, of hosts: [PlacementHost]) -> [Int]? {
        if only[machine] == nil && never[machine] == nil { return nil }
        return hosts.indices.filter { place in
            let name = hosts[place].name
            return only[machine]?.contains(name) ?? true && !(never[machine]?.contains(name) ?? false)
        }
    }
}

extension HostTraits {
    /// The failure domain of the host of that name: one of its own where it has none.
    func domain(of name: HostName) -> String { failureDomain.map { "domain \($0)" } ?? "host \(name)" }
}
