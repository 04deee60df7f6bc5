import FleetModel

/// relieve-host: which VMs to move where, so that a host is at or below a target.
struct Relief {
    let source: PlacementHost
    let resource: HostResource
    let target: Double
    let snapshot: FleetSnapshot
    let limits: PlannerLimits
    let check: MoveCheck
    /// The source's cluster.
    let cluster: PreparedCluster

    init(source: PlacementHost, resource: HostResource, target: Double, _ fleet: inout PreparedFleet) {
        self.source = source
        self.resource = resource
        self.target = target
        snapshot = fleet.snapshot
        limits = fleet.limits
        cluster = fleet.cluster(source.cluster)
        check = cluster.check
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
        let candidates = source.virtualMachines.compactMap { candidate($0, destinations, &rejections) }
        let compiled = cluster.compiled
        guard let host = compiled.places[source.name] else { return impossible("\(source.name) is in no cluster") }
        let fleet = cluster.present
        let reliefs = candidates.compactMap { candidate in
            compiled.numbers[candidate.machine.id].map {
                ReliefCandidate($0, relief: candidate.relief, weight: weight(of: candidate.machine))
            }
        }
        var reliever = Reliever(ceiling: limits.processorCeiling, maximumMoves: limits.maximumMoves)
        reliever.budget = limits.migrationBudget.map { $0.count >> 20 }
        let writer = ReliefWriter(relief: self, compiled: compiled)
        // What other plans mean to do comes first, as long as it leaves enough.
        let choices = [cluster.expected, cluster.books].lazy.compactMap(\.self).compactMap { start in
            var books = start
            return reliever.choose(fleet, host, need: need, reliefs, &books)
        }
        guard let moves = choices.first else {
            if let plan = chained(host, need: need, share: share, writer, &rejections) { return .plan(plan) }
            let search = ReliefSearch(fleet: fleet, host: host, candidates: reliefs, books: cluster.books, steps: 0)
            let most = search.mostRelief(atMost: limits.maximumMoves)
            let left = most.map { share - $0 / capacity }
            let keepsReserve = snapshot.reserve(of: source.cluster) > 0 && !candidates.isEmpty
            if keepsReserve { addReserve(candidates, &rejections) }
            let reason =
                keepsReserve && left.map { $0 > share - 1e-9 } == true
                ? writer.whyNoneForReserve(share: share, candidates: candidates.count)
                : writer.whyImpossible(share: share, best: left, candidates: candidates.count)
            return .impossible(reason: reason, rejected: rejections.list)
        }
        let chosen = Set(moves.map { compiled.machines[$0.machine].id })
        for candidate in candidates where !chosen.contains(candidate.machine.id) {
            let left = share - candidate.relief / capacity
            rejections.add(candidate.machine.name, nil, writer.whyNotChosen(candidate, leaving: left, moves))
        }
        return .plan(writer.plan(moves, share: share, rejected: rejections.list))
    }

    /// Relief for which others make room first; `nil` where that does not help either.
    private func chained(
        _ host: Int, need: Double, share: Double, _ writer: ReliefWriter, _ rejections: inout Rejections
    ) -> Plan? {
        let movers = source.virtualMachines.compactMap { machine -> ReliefCandidate? in
            let reason = check.objection(toMoving: machine, from: source) ?? check.caution(aboutMoving: machine)
            guard reason == nil, let number = cluster.compiled.numbers[machine.id],
                let relief = MachineLoad(machine, on: source, limits: limits).relief(resource), relief > 0
            else { return nil }
            return ReliefCandidate(number, relief: relief)
        }
        let chains = ReliefChains(fleet: cluster.present, host: host, maximumMoves: limits.maximumMoves) {
            cluster.compiled.machines[$0].residentMemory != nil
        }
        guard let moves = chains.moves(need: need, movers, cluster.books) else { return nil }
        var assembly = Assembly(cluster)
        guard moves.allSatisfy({ assembly.add($0, isInOrder: true, vacates: true) }) else { return nil }
        return writer.plan(chained: moves, assembly.actions, share: share, rejected: rejections.list)
    }

    /// Says of which moves the reserve is in the way: those that each could be made otherwise.
    private func addReserve(_ candidates: [Candidate], _ rejections: inout Rejections) {
        guard var guarded = cluster.reserveGuard else { return }
        for candidate in candidates.prefix(Self.mostExplained) {
            for destination in candidate.destinations.prefix(Self.mostExplained) {
                guard let reason = guarded.objection(toMoving: candidate.machine.id, to: destination) else { continue }
                rejections.add(candidate.machine.name, destination, reason)
            }
        }
    }

    /// What moving the VM weighs for each MiB: the urgent ones are left alone where others do as well. A budget counts
    /// plain memory.
    private func weight(of machine: PlacementVM) -> Int64 {
        if limits.migrationBudget != nil { return 1 }
        let rank = machine.traits.rank
        return rank > 0 ? 8 : rank < 0 ? 1 : 2
    }

    private static let mostExplained = 8

    /// A VM that may move, and where to, each taken alone.
    struct Candidate {
        let machine: PlacementVM
        /// What its leaving gives back, in LPs or bytes; above zero.
        let relief: Double
        let destinations: [HostName]
    }

    /// A host that may take VMs, with its load.
    struct Destination {
        let host: PlacementHost
        let load: HostLoad
    }

    /// Hosts of the cluster that may take VMs at all. Hosts of other clusters are no candidates and not listed.
    private func usableDestinations(_ rejections: inout Rejections) -> [Destination] {
        var usable: [Destination] = []
        for (host, load) in zip(cluster.compiled.hosts, cluster.compiled.loads) where host.name != source.name {
            if let reason = check.objection(toUsing: host, load) {
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
    ) -> Candidate? {
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
        var feasible: [HostName] = []
        for destination in destinations {
            let objection =
                check.objection(to: destination.host, for: machine, from: source)
                ?? check.caution(aboutReturning: machine, to: destination.host.name)
                ?? check.limitBroken(by: load, on: destination.load)
            if let objection {
                rejections.add(machine.name, destination.host.name, objection)
            } else {
                feasible.append(destination.host.name)
            }
            // With all of a large cluster's hosts looked at nobody would be the wiser.
            if rejections.isFull && !feasible.isEmpty { break }
        }
        if feasible.isEmpty { return nil }
        return Candidate(machine: machine, relief: relief, destinations: feasible)
    }

    private func impossible(_ reason: String) -> PlanOutcome { .impossible(reason: reason, rejected: []) }
}

/// Candidates that were not chosen, at most as many as a person (and a record on disk) can bear.
struct Rejections {
    private static let limit = 200
    private(set) var list: [RejectedCandidate] = []

    var isFull: Bool { list.count >= Self.limit }

    mutating func add(_ machine: String, _ destination: HostName?, _ reason: String) {
        guard list.count < Self.limit else { return }
        list.append(RejectedCandidate(virtualMachine: machine, destination: destination, reason: reason))
    }
}
