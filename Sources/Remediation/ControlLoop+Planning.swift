import FleetModel
import Placement
import RulePacks

extension ControlLoop {
    /// The fleet as the planner sees it now. Moves of `tip` start no cool-down for the tip's own further actions.
    mutating func snapshot(for tip: Int64?) -> FleetSnapshot { withPicture(for: tip) { $0.snapshot } }

    /// Plans on that picture, which is prepared once for all plans of an event.
    mutating func plan(_ request: PlanRequest, for tip: Int64?) -> PlanOutcome {
        let planner = planner
        return withPicture(for: tip) { planner.plan(request, on: &$0) }
    }

    mutating func withPicture<Answer>(for tip: Int64?, _ body: (inout PreparedFleet) -> Answer) -> Answer {
        let own = tip.flatMap { past.lastEnd(ofTip: $0) == nil ? nil : $0 }
        var prepared = pictures.removeValue(forKey: own) ?? planner.prepare(picture(for: own), keeping: lastPicture)
        let answer = body(&prepared)
        pictures[own] = prepared
        return answer
    }

    /// Plans for a tip that has no plan without hosts and VMs that were moved lately: with those whose loads show it by
    /// now. Policy lets them rest all the same (`coolDownObjection`); an operator may decide otherwise. `nil` where
    /// nothing rests.
    private mutating func planWithinCoolDown(_ request: PlanRequest, for tip: Tip) -> PlanOutcome? {
        guard let readings else { return nil }
        var limits = planner.limits
        limits.coolDown = max(.zero, now - (readings.time - readings.window))
        let fleet = snapshot(for: tip.number)
        guard limits.coolDown < planner.limits.coolDown, fleet.rests(within: planner.limits.coolDown) else {
            return nil
        }
        let hurried = Planner(limits: limits)
        var prepared = hurried.prepare(fleet)
        for number in tips.keys.sorted() where number != tip.number {
            if let actions = tips[number]?.tip.remainingActions { prepared.expect(actions) }
        }
        return hurried.plan(request, on: &prepared)
    }

    private mutating func picture(for tip: Int64?) -> FleetSnapshot {
        snapshotVersion += 1
        let window = (readings?.window ?? .zero) + settings.readingsAgeLimit
        let underWay = executions.values.map(\.operation).sorted { $0.number < $1.number }
            .compactMap(RecentMove.init)
        var settled = past.lastMoves(otherThan: tip)
        // A VM that somebody else moved rests where it was put like one that we moved.
        for (machine, move) in movers.moves where settled.virtualMachines[machine].map({ $0 < move.seen }) ?? true {
            settled.virtualMachines[machine] = move.seen
            settled.origins[machine] = move.from
        }
        let bare = builder.snapshot(
            version: snapshotVersion, of: hosts.values, readings: readings,
            moves: underWay + past.moves(endedFrom: now - window), settled: settled, demand: demand, at: now)
        return bare.heeding(policy, held: heldHosts, emptied: emptiedHosts)
    }

    /// Hosts that must be emptied as an open tip has it, and which one: VMs that went there would have to leave again.
    private var emptiedHosts: [HostName: String] {
        var first: [HostName: Tip] = [:]
        for tip in tips.values.lazy.map(\.tip) {
            // Most tips are told from their words alone: the picture is made anew often, and there may be thousands.
            guard tip.remediation == RemediationName.evacuateHost.rawValue, !tip.state.isFinal else { continue }
            guard case .request = Remedy(for: tip), let host = tip.subject.host else { continue }
            // Of several the same one is named in every run.
            if let other = first[host], other.number < tip.number { continue }
            first[host] = tip
        }
        return first.mapValues { "tip \($0.number) wants it empty (\($0.title))" }
    }

    /// Plans what has no plan that holds, and lets policy approve what it may.
    mutating func planWaitingTips() {
        let waiting = tips.keys.sorted().filter { number in
            tips[number].map { [.raised, .planned, .awaitingApproval].contains($0.tip.state) } ?? false
        }
        let unplanned = Set(waiting.filter { number in tips[number].map { needsPlan($0.tip) } ?? false })
        if !unplanned.isEmpty { expectPlans(except: unplanned) }
        for number in waiting {
            guard let tip = tips[number]?.tip else { continue }
            if unplanned.contains(number) {
                adopt(proposal(for: tip), for: number)
                if let plan = tips[number]?.tip.plan { withPicture(for: nil) { $0.expect(plan.actions) } }
            }
            approveByPolicy(number)
            if let planned = tips[number]?.tip { approveDrain(planned) }
        }
    }

    /// New plans leave the room of plans that stand, so that two tips do not send their VMs to the same host.
    private mutating func expectPlans(except unplanned: Set<Int64>) {
        for number in tips.keys.sorted() where !unplanned.contains(number) {
            guard let tip = tips[number]?.tip, !tip.remainingActions.isEmpty else { continue }
            withPicture(for: nil) { $0.expect(tip.remainingActions) }
        }
    }

    private mutating func needsPlan(_ tip: Tip) -> Bool {
        guard let last = plannings[tip.number] else { return true }
        if isOutdated(tip) { return true }
        guard now - last.time >= settings.replanInterval else { return false }
        guard let action = tip.remainingActions.first else { return true }
        // What was refused at the last moment is asked for again once it can be done.
        if tip.state == .planned, approvalLevel(of: tip) != .advise { return true }
        return last.isHurried || objection(to: action, of: tip.number, isAutomatic: false) != nil
    }

    /// Whether the VMs of a host that the tip or its plan is about are other ones than when it was planned.
    func isOutdated(_ tip: Tip) -> Bool {
        guard let last = plannings[tip.number] else { return false }
        let subject = tip.subject.host.map { [$0] } ?? []
        let touched = tip.remainingActions.lazy.flatMap(\.hosts)
        return subject.contains { changes[$0] ?? 0 > last.change }
            || touched.contains { changes[$0] ?? 0 > last.change }
    }

    /// Gives the tip a new plan and puts it where that and policy want it. Returns whether the actions that are still
    /// to be done are other ones than before. Where they are the same, the plan keeps its version: who has seen it may
    /// still approve it.
    @discardableResult
    mutating func adopt(_ found: Proposal, for number: Int64, because reason: String? = nil) -> Bool {
        guard let tip = tips[number]?.tip else { return false }
        if reason == nil, keepsHurried(tip, found) { return false }
        plannings[number] = Planning(time: now, change: lastChange, isHurried: found.isHurried)
        // What is under way stays a part of the plan.
        let kept = tip.actionsDone + runningOperations(of: tip)
        let before = (tip.plan?.actions.dropFirst(kept) ?? []).map(\.kind)
        let after = found.plan?.actions.map(\.kind) ?? []
        tips[number]?.update { tip in
            let done = tip.plan?.actions.prefix(kept) ?? []
            tip.plan = found.plan.map { plan in
                var whole = plan
                whole.actions = done + plan.actions
                if before == after, let old = tip.plan { whole.snapshotVersion = old.snapshotVersion }
                return whole
            }
            if found.plan == nil { tip.actionsDone = 0 }
            tip.lack(found)
        }
        station(number, isNew: before != after, because: reason)
        return before != after
    }

    /// A plan within a cool-down is made anew only to see whether that is over: of two that are as good, the one that
    /// somebody may be reading stays.
    private mutating func keepsHurried(_ tip: Tip, _ found: Proposal) -> Bool {
        guard tip.state == .awaitingApproval, found.isHurried, plannings[tip.number]?.isHurried == true,
            !isOutdated(tip),
            found.plan?.actions.count == tip.remainingActions.count, let first = tip.remainingActions.first,
            objection(to: first, of: tip.number, isAutomatic: false) == nil
        else { return false }
        plannings[tip.number] = Planning(time: now, change: lastChange, isHurried: true)
        return true
    }

    /// Asks the planner.
    mutating func proposal(for tip: Tip) -> Proposal {
        switch Remedy(for: tip) {
        case .advice(let reason): return Proposal(problem: reason)
        case .plugIn(let call): return plugInProposal(call, for: tip)
        case .request(let request):
            let proposal = Proposal(plan(request, for: tip.number))
            guard proposal.plan == nil, let outcome = planWithinCoolDown(request, for: tip) else { return proposal }
            var hurried = Proposal(outcome)
            hurried.isHurried = hurried.plan != nil
            return hurried
        }
    }

    /// A tip without approval waits for it where somebody may give it, and is advice otherwise. One that is approved
    /// keeps its state as long as its actions stay the same.
    private mutating func station(_ number: Int64, isNew: Bool, because reason: String?) {
        guard let tip = tips[number]?.tip else { return }
        let mayAsk = tip.plan != nil && approvalLevel(of: tip) != .advise
        let note = [reason, tip.planProblem ?? tip.plan?.explanation].compactMap(\.self).joined(separator: "; ")
        let target: TipState = mayAsk ? .awaitingApproval : .planned
        if tip.state == target {
            if isNew { self.note(number, note) }
        } else if tip.state != .approved && tip.state != .running || isNew {
            step(number, mayAsk ? .ask : .advise, by: Actor.evenkeel, note)
        }
        if let planned = tips[number]?.tip { approveDrain(planned) }
    }

    /// The least that the pack, the fleet's policy and a hold on the pack allow.
    func approvalLevel(of tip: Tip) -> TipTerms.Approval {
        switch (level(for: tip), tip.terms.approval) {
        case (.off, _), (.advise, _), (_, .advise): .advise
        case (.operator, _), (_, .operator): .operator
        case (.automatic, .automatic): .automatic
        }
    }

    /// Policy says yes where it may and nothing holds it back; else the tip says what does.
    private mutating func approveByPolicy(_ number: Int64) {
        guard let tip = tips[number]?.tip, tip.state == .awaitingApproval, let action = tip.remainingActions.first
        else { return }
        guard approvalLevel(of: tip) == .automatic else {
            // What policy waited for is no reason any more.
            if tip.waitsFor != nil { wait(number, for: "an operator decides on it") }
            return
        }
        if let reason = tip.operatorReason.map({ "\($0), so an operator decides on what is left" })
            ?? policyObjection(to: action, for: tip) ?? objection(to: action, of: number, isAutomatic: true)
        {
            wait(number, for: "policy: \(reason)")
        } else if let planned = plannings[number], now - planned.time >= settings.replanInterval {
            // It waited, and loads have gone on meanwhile.
            adopt(proposal(for: tip), for: number, because: "planned anew, since it waited")
            approveByPolicy(number)
        } else {
            step(number, .approve, by: Actor.policy, authority(for: tip, Actor.policy))
        }
    }
}
