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
        let chosen = choose(reliever, host, need: need, reliefs)
        guard let moves = chosen.moves else {
            let chained = chain(host, need: need)
            if let plan = plan(chained, share: share, writer, rejections) { return .plan(plan) }
            let search = ReliefSearch(
                fleet: fleet, host: host, candidates: reliefs, books: books(tries: Self.triesForMost), steps: 0)
            let most = search.mostRelief(atMost: limits.maximumMoves)
            let left = most.map { share - $0.relief / capacity }
            let keepsReserve = snapshot.reserve(of: source.cluster) > 0 && !candidates.isEmpty
            if keepsReserve { addReserve(candidates, &rejections) }
            let reason =
                keepsReserve && left.map { $0 > share - 1e-9 } == true
                ? writer.whyNoneForReserve(share: share, candidates: candidates.count)
                : writer.whyImpossible(
                    share: share, best: left, candidates: candidates.count, rejected: rejections.list)
            let isCut = chosen.isCut || chained.isCut || most?.isCut == true
            return .impossible(reason: reason + (isCut ? "." + ReliefWriter.cutShort : ""), rejected: rejections.list)
        }
        let leaving = Set(moves.map { compiled.machines[$0.machine].id })
        for candidate in candidates where !leaving.contains(candidate.machine.id) {
            let left = share - candidate.relief / capacity
            rejections.add(candidate.machine.name, nil, writer.whyNotChosen(candidate, leaving: left, moves))
        }
        return .plan(writer.plan(moves, share: share, isCut: chosen.isCut, rejected: rejections.list))
    }

    /// What a search came to, and whether it ended before it had tried everything.
    private typealias Found = (moves: [DenseMove]?, isCut: Bool)

    /// Moves that may be tried: of VMs that leave, of VMs that make room for them, and to say what could be had at most.
    private static let triesForChoice = 2000
    private static let triesForChains = 1000
    private static let triesForMost = 300

    private func books(tries: Int) -> ReliefBooks {
        var books = cluster.books
        books.tries = tries
        return books
    }

    /// The fewest VMs that are enough. What other plans mean to do comes first, as long as it leaves enough.
    private func choose(_ reliever: Reliever, _ host: Int, need: Double, _ candidates: [ReliefCandidate]) -> Found {
        var isCut = false
        var tries = Self.triesForChoice
        for (isLast, start) in [(false, cluster.expected), (true, cluster.books)] {
            guard var books = start else { continue }
            books.tries = isLast ? tries : tries / 2
            tries -= books.tries
            let moves = reliever.choose(cluster.present, host, need: need, candidates, &books)
            tries += max(0, books.tries)
            isCut = isCut || books.isCut
            if moves != nil { return (moves, books.isCut) }
        }
        return (nil, isCut)
    }

    /// Relief for which others make room first.
    private func chain(_ host: Int, need: Double) -> Found {
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
        var books = books(tries: Self.triesForChains)
        let moves = chains.moves(need: need, movers, &books)
        return (moves, books.isSpent)
    }

    private func plan(_ found: Found, share: Double, _ writer: ReliefWriter, _ rejections: Rejections) -> Plan? {
        guard let moves = found.moves else { return nil }
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
