import FleetModel
import FleetState
import Placement
import Remediation

/// What the simulation keeps in mind to judge the loop's behaviour, apart from what the loop itself keeps.
struct BehaviourRecord: Sendable {
    /// When policy began actions, by the server's clock.
    var beginnings: [Timestamp] = []
    /// The audit log as far as it was checked.
    var chain = AuditChain()
    /// When somebody else moved a VM last: for a while nobody can know what hosts carry.
    var lastForeignMove: Timestamp?
    /// Since when a tip has had nothing to say, by number.
    var silent: [Int64: Timestamp] = [:]
}

extension Simulation {
    /// What must hold of every action at the moment at which it begins, judged by what the server knew then.
    mutating func checkBeginnings(_ issued: [AgentCommand], _ before: ControlLoop) throws {
        for command in issued {
            guard case .prepareIncoming(let incoming) = command.task, let after = server.loop,
                before.operation(command.operation) == nil, let operation = after.operation(command.operation)
            else { continue }
            let isByPolicy = operation.requestedBy == Actor.policy
            if before.openHolds.contains(where: { $0.scope == .fleet }),
                after.openHolds.contains(where: { $0.scope == .fleet })
            {
                throw broken("operation \(operation.number) began though everything is stopped")
            }
            if isByPolicy, after.openHolds.contains(where: { if case .cluster = $0.scope { true } else { false } }) {
                throw broken("policy began operation \(operation.number) though it stands down")
            }
            if let rule = constraintBroken(by: incoming.definition.id, on: command.host, before) {
                throw broken("operation \(operation.number) breaks \(rule)")
            }
            try checkReserve(operation, before, after)
            if isByPolicy { try checkBudget(operation) }
        }
    }

    /// Anti-affinity and bans against where the server knew the VMs to be: a check of its own, not the loop's.
    private func constraintBroken(by id: VirtualMachineID, on host: HostName, _ loop: ControlLoop) -> String? {
        let there = Set(
            loop.hostRecords.first { $0.report.host == host }?.report.virtualMachines.filter(\.state.ownsGuest)
                .map(\.definition.id) ?? [])
        for constraint in loop.policy.constraints where constraint.machines.contains(id) {
            let isBroken =
                switch constraint.kind {
                case .antiAffinity: constraint.machines.contains { $0 != id && there.contains($0) }
                case .avoid: constraint.hosts.contains(host)
                case .pin: !constraint.hosts.contains(host)
                case .affinity, .spread: false
                }
            if isBroken { return constraint.text }
        }
        return nil
    }

    /// An action may not take away a reserve that there was.
    private func checkReserve(
        _ operation: FleetModel.Operation, _ before: ControlLoop, _ after: ControlLoop
    ) throws {
        for (cluster, own) in after.policy.clusters where (own.reserve ?? 0) > 0 {
            if !before.reserve(of: cluster, failures: own.reserve, at: serverTime).holds { continue }
            let report = after.reserve(of: cluster, failures: own.reserve, at: serverTime)
            if !report.holds { throw broken("operation \(operation.number) breaks the reserve: \(report.reason)") }
        }
    }

    private mutating func checkBudget(_ operation: FleetModel.Operation) throws {
        let brakes = plan.settings.brakes
        for (window, limit) in [(brakes.window, brakes.budget), (brakes.window * 24, brakes.dailyBudget)] {
            let within = record.beginnings.count {
                operation.created - $0 <= window && $0 - operation.created <= window
            }
            if within >= limit { throw broken("policy began more than \(limit) actions within \(window)") }
        }
        record.beginnings.append(operation.created)
        if record.beginnings.count > 4 * brakes.dailyBudget { record.beginnings.removeFirst(brakes.dailyBudget) }
    }

    /// The loop makes progress, or says why not: a tip that waits has a reason in its history.
    mutating func checkReasons() throws {
        guard let loop = server.loop else { return record.silent = [:] }
        var silent: [Int64: Timestamp] = [:]
        for tip in loop.openTips where tip.history.last?.note.isEmpty ?? true {
            let since = record.silent[tip.number] ?? now
            silent[tip.number] = since
            if now - since > .seconds(300) { throw broken("tip \(tip.number) does not say what it waits for") }
        }
        record.silent = silent
    }

    /// The audit log is whole, as far as it has come.
    mutating func checkAudit() async throws {
        while true {
            let entries = try await server.store.sealedAudit(after: record.chain.number, limit: 500)
            if entries.isEmpty { break }
            for entry in entries {
                do throws(AuditBreak) {
                    try record.chain.verify(number: entry.number, document: entry.document, seal: entry.seal)
                } catch {
                    throw broken("the audit chain is broken: \(error)")
                }
            }
        }
        let noted = try await server.store.auditEnd()
        if noted != record.chain { throw broken("the audit log does not end where it says") }
        report.auditEntries = noted.number
    }
}
