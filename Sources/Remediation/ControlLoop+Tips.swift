import FleetModel

extension ControlLoop {
    /// Takes a step of a tip's life, writes it down and says so in the audit log. `false` where it is not allowed.
    @discardableResult
    mutating func step(_ number: Int64, _ step: TipStep, by actor: String, _ note: String) -> Bool {
        guard var machine = tips[number], machine.take(step, at: now, by: actor, note) else { return false }
        let tip = machine.tip
        if tip.state.isFinal {
            tips[number] = nil
            plannings[number] = nil
            past.remember(tip)
        } else {
            tips[number] = machine
        }
        outbox.save(tip)
        var entry = AuditEntry(
            time: now, actor: actor, event: "tip.\(tip.state.rawValue)", tip: number, detail: "\(tip.title): \(note)")
        switch step {
        case .ask: entry.plan = Array(tip.remainingActions)
        case .approve:
            entry.plan = Array(tip.remainingActions)
            entry.evidence = tip.evidence
            entry.authority = authority(for: tip, actor)
        default: break
        }
        if tip.state.isFinal { entry.outcome = "\(tip.state.rawValue): \(note)" }
        outbox.audit(entry)
        return true
    }

    /// What allows the tip's plan, for the audit log.
    func authority(for tip: Tip, _ actor: String) -> String {
        if actor != Actor.policy { return "operator \(actor)" }
        return "policy is automatic (\(levelText(for: tip))), and the pack \(tip.pack) allows it"
    }

    /// Keeps what led to a tip, once; a tip that has ended meanwhile, too.
    mutating func keep(_ windows: [EvidenceWindow], of number: Int64) {
        guard tips[number]?.tip.windows == nil else { return }
        tips[number]?.update { $0.windows = windows }
        if let tip = tips[number]?.tip { return outbox.save(tip) }
        guard var ended = past.tips[number], ended.windows == nil else { return }
        ended.windows = windows
        past.remember(ended)
        outbox.save(ended)
    }

    /// Writes down something that happened to a tip and left its state as it is.
    mutating func note(_ number: Int64, _ text: String) {
        tips[number]?.note(text, at: now)
        if let tip = tips[number]?.tip { outbox.save(tip) }
    }

    /// Says what a tip waits for: there is always progress, or a reason why there is none.
    mutating func wait(_ number: Int64, for reason: String) {
        guard tips[number]?.wait(for: reason, at: now) == true, let tip = tips[number]?.tip else { return }
        outbox.save(tip)
    }

    mutating func audit(
        _ actor: String, _ event: String, tip: Int64? = nil, operation: Int64? = nil, _ detail: String
    ) {
        outbox.audit(
            AuditEntry(time: now, actor: actor, event: event, tip: tip, operation: operation, detail: detail))
    }

    /// Says in the audit log that an operation begins, for whom, by which right and on what grounds.
    mutating func auditStart(
        _ action: PlannedAction, _ number: Int64, tip: Tip?, by actor: String, _ detail: String
    ) {
        outbox.audit(
            AuditEntry(
                time: now, actor: actor, event: "operation.start", tip: tip?.number, operation: number, detail: detail,
                authority: tip.map { authority(for: $0, actor) } ?? "operator \(actor)", evidence: tip?.evidence,
                plan: [action]))
    }
}
