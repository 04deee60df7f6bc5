import FleetModel

/// What was done of a plan is held against what that part promised, and not against what the whole would have brought: where
/// an operator approved a part, and where a step was refused after others had been done.
extension ControlLoop {
    /// What a part of a plan promises of the loads of its hosts, from how they are now. A host of which that is unknown is
    /// not in it.
    func promises(of actions: [PlannedAction], for tip: Tip) -> [LoadPromise] {
        let resource = LoadPromise.Resource(of: tip)
        return Self.changes(by: actions, of: resource).compactMap { change in
            use(of: resource, on: change.host).map { change.promise(from: $0, of: resource) }
        }
    }

    /// What steps that are done promised before they were begun.
    func promisesKept(by done: [PlannedAction], for tip: Tip) -> [LoadPromise] {
        let resource = LoadPromise.Resource(of: tip)
        return Self.changes(by: done, of: resource).map { $0.promise(from: $0.before, of: resource) }
    }

    /// How steps change the load of a host.
    private struct LoadChange {
        let host: HostName
        /// What it was expected to be before the first of them.
        let before: Double
        /// By how much all of them change it.
        var sum: Double

        func promise(from before: Double, of resource: LoadPromise.Resource) -> LoadPromise {
            LoadPromise(host: host, resource: resource, before: before, after: max(0, before + sum))
        }
    }

    /// By host; without those of which a change is unknown.
    private static func changes(by actions: [PlannedAction], of resource: LoadPromise.Resource) -> [LoadChange] {
        var changes: [HostName: LoadChange] = [:]
        var unknown: Set<HostName> = []
        for action in actions {
            guard let move = action.migration else { continue }
            let prediction = action.prediction
            let pairs =
                resource == .memory
                ? [(move.from, prediction.sourceMemory), (move.to, prediction.destinationMemory)]
                : [(move.from, prediction.sourceProcessor), (move.to, prediction.destinationProcessor)]
            for (host, change) in pairs {
                guard let change else {
                    unknown.insert(host)
                    continue
                }
                let difference = change.after - change.before
                changes[host, default: LoadChange(host: host, before: change.before, sum: 0)].sum += difference
            }
        }
        return changes.values.filter { !unknown.contains($0.host) }.sorted { $0.host < $1.host }
    }

    /// Looks what came of a part once the loads show all of it. Where it came as promised, or nobody can say, the tip goes
    /// on with what is left, planned anew; a part that did not bring what it promised was no help.
    mutating func judgePart(_ number: Int64, _ promises: [LoadPromise], roundTime: Timestamp) {
        guard let tip = tips[number]?.tip, let ended = past.lastEnd(ofTip: number) else { return }
        let isOver = clock.age(of: tip.inStateSince, at: roundTime) > .seconds(tip.terms.verifyWithinSeconds)
        guard isOver || roundTime - ended >= readings?.window ?? .zero else { return }
        var broken: [String] = []
        var kept: [String] = []
        for promise in promises {
            guard let measured = use(of: promise.resource, on: promise.host) else { continue }
            let text =
                "\(promise.resource.rawValue) of \(promise.host) at \(measured.percent), "
                + "\(promise.after.percent) was promised"
            if promise.holds(for: measured) { kept.append(text) } else { broken.append(text) }
        }
        if !broken.isEmpty {
            tips[number]?.update { $0.promises = nil }
            step(
                number, .runOut, by: Actor.evenkeel,
                "the part that was done did not bring what it promised: \(broken.joined(separator: "; "))")
            fallBackWhereUseless(tip.pack)
        } else if !kept.isEmpty || isOver {
            let came = kept.isEmpty ? "nobody can say what it brought" : kept.joined(separator: "; ")
            goOn(number, because: "a part of the plan is done (\(came))")
        }
    }

    /// Plans anew what is left to do for a tip that somebody did, or let be done, a part of.
    mutating func goOn(_ number: Int64, because reason: String) {
        guard let tip = tips[number]?.tip else { return }
        tips[number]?.update { $0.promises = nil }
        let proposal = proposal(for: tip)
        if proposal.plan == nil {
            tips[number]?.update { $0.lack(proposal) }
            let problem = proposal.problem ?? "there is nothing left to do"
            step(number, .advise, by: Actor.evenkeel, "\(reason); what is left is planned anew: \(problem)")
        } else {
            adopt(proposal, for: number, because: "\(reason); what is left is planned anew")
        }
    }

    private func use(of resource: LoadPromise.Resource, on host: HostName) -> Double? {
        switch resource {
        case .memory: return memoryUse(of: host)
        case .processor:
            guard let readings, SnapshotBuilder.isFresh(readings.time, at: now, limit: settings.readingsAgeLimit) else {
                return nil
            }
            return readings.hostProcessorUse[host]
        }
    }
}

extension LoadPromise.Resource {
    /// What the tip is about: memory where its terms say so, else processors.
    fileprivate init(of tip: Tip) {
        self = tip.terms.arguments["resource"].flatMap(Self.init) ?? .processor
    }
}

extension LoadPromise {
    /// Loads are never quite what they were: so much more than was promised is no broken promise.
    private static let slack = 0.05

    /// Whether what was measured is what was promised: at least half of a relief, and not half as much again of a load.
    func holds(for measured: Double) -> Bool { measured <= after + max(Self.slack, abs(after - before) / 2) }
}
