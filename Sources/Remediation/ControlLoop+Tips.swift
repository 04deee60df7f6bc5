import FleetModel

extension ControlLoop {
    /// Takes a step of a tip's life, writes it down and says so in the audit log. `false` where it is not allowed.
    @discardableResult
    mutating func step(_ number: Int64, _ step: TipStep, by actor: String, _ note: String) -> Bool {
        guard var machine = tips[number], machine.take(step, at: now, by: actor, note) else { return false }
        let tip = machine.tip
        if tip.state.isFinal {
            tips[number] = nil
            plannedAt[number] = nil
            past.remember(tip)
        } else {
            tips[number] = machine
        }
        outbox.save(tip)
        audit(actor, "tip.\(tip.state.rawValue)", tip: number, "\(tip.title): \(note)")
        return true
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
}
