import FleetModel

/// relieve-host: which VMs to move where, so that a host is at or below a target.
struct Relief {
    let source: PlacementHost
    let resource: HostResource
    let target: Double
    let snapshot: FleetSnapshot
    let limits: PlannerLimits
    let check: MoveCheck

    init(
        source: PlacementHost, resource: HostResource, target: Double, snapshot: FleetSnapshot, limits: PlannerLimits
    ) {
        self.source = source
        self.resource = resource
        self.target = target
        self.snapshot = snapshot
        self.limits = limits
        check = MoveCheck(limits: limits, time: snapshot.time, rules: RuleBook(snapshot))
    }

    func plan() -> PlanOutcome {
        guard target.isFinite, target > 0, target <= 1 else {
            return impossible("the target \(target) is not a share between 0 and 1")
        }
        if let reason = source.unavailableReason {
            return impossible("\(source.name) is not available: \(reason)")
        }
        if let reason = check.caution(aboutTouching: source) { return impossible("\(source.name): \(reason)") }
        let load = HostLoad(source, limits: limits)
        guard let share = load.share(resource) else {
            return impossible("the \(resource.rawValue) use of \(source.name) is unknown")
        }
        if check.holds(share, target) {
            return impossible("\(source.name) needs no relief: \(Wording.load(resource, share))")
        }
        let capacity = resource == .processor ? load.processors : load.memory
        return search(load, need: (share - target) * capacity, capacity: capacity, share: share)
    }

    private func search(_ load: HostLoad, need: Double, capacity: Double, share: Double) -> PlanOutcome {
        var rejections = Rejections()
        let destinations = usableDestinations(&rejections)
        var candidates = source.virtualMachines.compactMap { candidate($0, destinations, &rejections) }
        let writer = ReliefWriter(relief: self, destinations: destinations.map(\.host))
        let reserve = ReserveGuard(source.cluster, of: snapshot, limits: limits)
        var found: [MoveSearch.Move]?
        var vetoes = 0
        while found == nil {
            let search = MoveSearch(
                source: load, candidates: candidates, destinations: destinations.map(\.load), check: check)
            guard let choice = search.fewestMoves(need: need, atMost: limits.maximumMoves), vetoes < Self.mostVetoes
            else {
                let reachable = search.mostRelief(atMost: limits.maximumMoves)
                let reason = writer.whyImpossible(
                    share: share, best: reachable.map { share - $0 / capacity }, candidates: candidates.count)
                return .impossible(reason: reason, rejected: rejections.list)
            }
            guard let veto = veto(of: choice, destinations, reserve) else {
                found = choice
                continue
            }
            vetoes += 1
            let host = destinations[veto.move.destination].host.name
            rejections.add(veto.move.candidate.machine.name, host, veto.reason)
            candidates = candidates.compactMap {
                $0 == veto.move.candidate ? $0.without(veto.move.destination) : $0
            }
        }
        let choice = found ?? []
        for candidate in candidates where !choice.contains(where: { $0.candidate == candidate }) {
            let left = share - candidate.relief / capacity
            rejections.add(candidate.machine.name, nil, writer.whyNotChosen(candidate, leaving: left, choice))
        }
        return .plan(writer.plan(choice, share: share, rejected: rejections.list))
    }

    /// Moves that each could be made but together break a rule or the reserve: so many are ruled out one by one.
    private static let mostVetoes = 200

    /// The first move of a choice that may not be made on top of those before it.
    private func veto(
        of choice: [MoveSearch.Move], _ destinations: [Destination], _ reserve: ReserveGuard?
    ) -> (move: MoveSearch.Move, reason: String)? {
        var reserve = reserve
        var rules = check.rules
        for move in choice {
            let machine = move.candidate.machine
            let host = destinations[move.destination].host.name
            if let reason = rules.objection(to: host, for: machine) ?? reserve?.take(machine.id, to: host) {
                return (move, reason)
            }
            rules.arrived(machine, on: host)
        }
        return nil
    }

    /// A host that may take VMs, with its load.
    struct Destination {
        let host: PlacementHost
        let load: HostLoad
    }

    /// Hosts of the cluster that may take VMs at all. Hosts of other clusters are no candidates and not listed.
    private func usableDestinations(_ rejections: inout Rejections) -> [Destination] {
        var usable: [Destination] = []
        for host in snapshot.hosts where host.cluster == source.cluster && host.name != source.name {
            let load = HostLoad(host, limits: limits)
            let unavailable = (host.unavailableReason ?? host.closedReason).map { "it is not available: \($0)" }
            if let reason = unavailable ?? check.unknown(of: load) ?? check.caution(aboutTouching: host) {
                rejections.add("any VM", host.name, reason)
            } else {
                usable.append(Destination(host: host, load: load))
            }
        }
        return usable
    }

    /// The VM with the destinations that could take it alone; `nil`, and a reason, when it cannot move.
    private func candidate(
        _ machine: PlacementVM, _ destinations: [Destination], _ rejections: inout Rejections
    ) -> MoveSearch.Candidate? {
        let load = MachineLoad(machine, on: source, limits: limits)
        var reason = check.objection(toMoving: machine, from: source) ?? check.caution(aboutMoving: machine)
        if reason == nil, load.relief(resource) == nil { reason = "its \(resource.rawValue) use is unknown" }
        guard reason == nil, let relief = load.relief(resource) else {
            rejections.add(machine.name, nil, reason ?? "it cannot move")
            return nil
        }
        guard relief > 0 else {
            rejections.add(machine.name, nil, "it uses no \(resource.rawValue) that moving it would give back")
            return nil
        }
        var feasible: [Int] = []
        for (index, destination) in destinations.enumerated() {
            let objection =
                check.objection(to: destination.host, for: machine, from: source)
                ?? check.limitBroken(by: load, on: destination.load)
            if let objection {
                rejections.add(machine.name, destination.host.name, objection)
            } else {
                feasible.append(index)
            }
        }
        if feasible.isEmpty { return nil }
        return MoveSearch.Candidate(machine: machine, load: load, relief: relief, destinations: feasible)
    }

    private func impossible(_ reason: String) -> PlanOutcome { .impossible(reason: reason, rejected: []) }
}

/// Candidates that were not chosen, at most as many as a person (and a record on disk) can bear.
struct Rejections {
    private static let limit = 200
    private(set) var list: [RejectedCandidate] = []

    mutating func add(_ machine: String, _ destination: HostName?, _ reason: String) {
        guard list.count < Self.limit else { return }
        list.append(RejectedCandidate(virtualMachine: machine, destination: destination, reason: reason))
    }
}
