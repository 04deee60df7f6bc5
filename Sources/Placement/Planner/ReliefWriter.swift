import FleetModel

/// Puts a relief into actions and words.
struct ReliefWriter {
    let relief: Relief
    /// What the moves' numbers mean.
    let compiled: CompiledCluster

    private var source: PlacementHost { relief.source }
    private var resource: HostResource { relief.resource }

    /// Actions in the order of their effect, the largest first: what helps most happens first.
    func plan(_ choice: [DenseMove], share: Double, isCut: Bool, rejected: [RejectedCandidate]) -> Plan {
        var forecast = Forecast(limits: relief.limits)
        let actions = choice.map {
            forecast.move(compiled.machines[$0.machine], from: source, to: compiled.hosts[$0.to])
        }
        return Plan(
            actions: PlanSchedule(relief.cluster).arrange(actions),
            explanation: explanation(choice, share: share, forecast: forecast) + (isCut ? Self.cutShort : ""),
            rejected: rejected,
            snapshotVersion: relief.snapshot.version)
    }

    /// Moves in the order in which they make room for each other.
    func plan(
        chained moves: [DenseMove], _ actions: [PlannedAction], share: Double, rejected: [RejectedCandidate]
    ) -> Plan {
        let steps = moves.map {
            "\(compiled.machines[$0.machine].name) from \(compiled.hosts[$0.from].name) to \(compiled.hosts[$0.to].name)"
        }
        let text =
            "\(seen(share)); the target is \(Wording.percent(relief.target)). No choice of its VMs finds room elsewhere as "
            + "things are, so VMs of other hosts make room first. In this order: \(steps.joined(separator: ", "))."
        return Plan(
            actions: PlanSchedule(relief.cluster).arrange(actions), explanation: text, rejected: rejected,
            snapshotVersion: relief.snapshot.version)
    }

    private func explanation(_ choice: [DenseMove], share: Double, forecast: Forecast) -> String {
        let moves = choice.map { "\(compiled.machines[$0.machine].name) to \(compiled.hosts[$0.to].name)" }
        let touched = Set(choice.map { compiled.hosts[$0.to].name }).sorted()
        let after = ([source.name] + touched).compactMap { name in
            forecast.share(resource, of: name).map { "\(name) at \(Wording.percent($0))" }
        }
        return "\(seen(share)); the target is \(Wording.percent(relief.target)). "
            + "\(Wording.count(choice.count, "move")) suffice\(choice.count == 1 ? "s" : ""): "
            + "\(moves.joined(separator: ", ")). Expected afterwards: \(after.joined(separator: ", ")). "
            + "Chosen for the fewest moves, then the least memory to move, then the most even load."
    }

    /// Said where a search ended before it had tried everything.
    static let cutShort =
        " The search was cut short after a fixed number of tries: a better choice may have been missed."

    private func seen(_ share: Double) -> String {
        guard resource == .processor, let use = source.processorUse, share > use + 0.005 else {
            return "\(source.name): \(Wording.load(resource, share))"
        }
        return "\(source.name): \(Wording.load(resource, use)), and its VMs are taken to want "
            + "\(Wording.percent(share)) of it, since at that load they get less than they want"
    }

    func whyNotChosen(_ candidate: Relief.Candidate, leaving left: Double, _ choice: [DenseMove]) -> String {
        if choice.count == 1, left > relief.target {
            return "moving it would leave \(source.name) at \(Wording.percent(left)), "
                + "target \(Wording.percent(relief.target))"
        }
        let rank = candidate.machine.traits.rank
        if let chosen = choice.first.map({ compiled.machines[$0.machine] }), rank > chosen.traits.rank {
            return "\(chosen.name), which has a lower priority, does as well"
        }
        let memory = candidate.machine.memory
        if choice.count == 1, let chosen = choice.first.map({ compiled.machines[$0.machine] }), memory > chosen.memory {
            return "\(chosen.name) does as well with less memory to move (\(chosen.memory) instead of \(memory))"
        }
        return "another choice of \(Wording.count(choice.count, "move")) does as well or better"
    }

    /// The first reasons in a sentence.
    static func summary(_ rejected: [RejectedCandidate]) -> String {
        let said = rejected.prefix(mostSaid).map { candidate in
            "\(candidate.virtualMachine)\(candidate.destination.map { " to \($0)" } ?? ""): \(candidate.reason)"
        }
        let more = rejected.count - said.count
        return said.joined(separator: "; ") + (more > 0 ? "; and \(Wording.count(more, "other reason"))" : "")
    }

    private static let mostSaid = 2

    /// Each VM alone would find a host, if it were not for the reserve.
    func whyNoneForReserve(share: Double, candidates: Int) -> String {
        let cost =
            relief.cluster.ledger?.holds == false
            ? "leave more VMs than now without a host after a failure: the cluster's reserve does not hold as it is"
            : "cost the cluster its reserve"
        return "\(seen(share)); moving any of the \(Wording.count(candidates, "VM")) that could move would \(cost)"
    }

    /// `best`: the share that the moves which are possible would leave; `nil` when none is.
    func whyImpossible(
        share: Double, best: Double?, candidates: Int, rejected: [RejectedCandidate]
    ) -> String {
        if source.virtualMachines.isEmpty { return "\(seen(share)), and no VM runs on it that could move" }
        guard let best else {
            let reasons = Self.summary(rejected)
            return
                "\(seen(share)), and none of its VMs can move to another host\(reasons.isEmpty ? "" : ": ")\(reasons)"
        }
        return "\(seen(share)); at most \(Wording.count(min(candidates, relief.limits.maximumMoves), "move")) of the "
            + "\(Wording.count(candidates, "VM")) that can move would leave it at \(Wording.percent(max(0, best))), "
            + "target \(Wording.percent(relief.target))"
    }
}
