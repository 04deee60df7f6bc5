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
    /// How operations ended, by number.
    var outcomes: [Int64: OperationState] = [:]
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
            if isByPolicy, let pack = operation.tip.flatMap({ before.tip($0)?.pack }),
                before.openHolds.contains(where: { $0.scope == .pack(pack) }),
                after.openHolds.contains(where: { $0.scope == .pack(pack) })
            {
                throw broken("policy began operation \(operation.number) though the pack \(pack) waits for an operator")
            }
            if let rule = constraintBroken(by: incoming.definition.id, on: command.host, before) {
                throw broken("operation \(operation.number) breaks \(rule)")
            }
            try checkCaps(operation, after)
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

    /// No action leaves a cluster with less memory than the loss of one host takes, where there was enough before: a
    /// bound that needs no planner. A VM on its way counts on both sides.
    private func checkReserve(_ operation: FleetModel.Operation, _ before: ControlLoop, _ after: ControlLoop) throws {
        for (cluster, own) in after.policy.clusters where (own.reserve ?? 0) > 0 {
            if lost(in: cluster, before) != nil { continue }
            if let host = lost(in: cluster, after) {
                throw broken(
                    "operation \(operation.number) breaks the reserve: without \(host) there is too little memory")
            }
        }
    }

    /// So many migrations may be under way at a time, and no more, of a host, to a host, and in all.
    private func checkCaps(_ operation: FleetModel.Operation, _ after: ControlLoop) throws {
        guard let move = operation.move else { return }
        let moves = after.openOperations.compactMap(\.move)
        let counts = [
            (moves.count { $0.source == move.source }, plan.settings.outgoingPerHost, "off \(move.source)"),
            (
                moves.count { $0.destination == move.destination }, plan.settings.incomingPerHost,
                "to \(move.destination)"
            ),
            (moves.count, plan.settings.concurrentMigrations, "in all"),
        ]
        if let (count, limit, place) = counts.first(where: { $0.0 > $0.1 }) {
            throw broken(
                "with operation \(operation.number) \(count) migrations \(place) are under way, and \(limit) may")
        }
    }

    /// A host whose VMs would not find enough memory elsewhere, as far as the loop knows.
    private func lost(in cluster: ClusterName, _ loop: ControlLoop) -> HostName? {
        let reports = loop.hostRecords.map(\.report).filter { $0.cluster == cluster }
        var promised: [HostName: Bytes] = [:]
        for report in reports {
            let own = report.virtualMachines.filter { $0.state.ownsGuest || $0.state == .incoming }
            promised[report.host] = own.reduce(.zero) { $0 + $1.definition.memory }
        }
        for move in loop.openOperations.compactMap(\.move) {
            let source = reports.first { $0.host == move.source }
            let there = reports.first { $0.host == move.destination }?.virtualMachines.map(\.definition.id) ?? []
            let machine = source?.virtualMachines.first { $0.definition.id == move.virtualMachine }
            guard let machine, !there.contains(move.virtualMachine) else { continue }
            promised[move.destination, default: .zero] =
                (promised[move.destination] ?? .zero) + machine.definition.memory
        }
        for failed in reports {
            let room = reports.filter { $0.host != failed.host }.reduce(Bytes.zero) { sum, report in
                sum + max(.zero, report.memory - (promised[report.host] ?? .zero))
            }
            if promised[failed.host] ?? .zero > room { return failed.host }
        }
        return nil
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

    /// Every intent has one outcome: what was under way and is not any more has ended, and nothing that has ended comes
    /// to life again or ends otherwise; over crashes too.
    mutating func checkOutcomes(_ before: ControlLoop) throws {
        guard let after = server.loop else { return }
        for open in after.openOperations {
            if let end = record.outcomes[open.number] {
                throw broken("operation \(open.number) is under way again, though it was \(end.rawValue)")
            }
        }
        for open in before.openOperations {
            guard let now = after.operation(open.number) else {
                throw broken("operation \(open.number) is gone without an end")
            }
            guard now.state.isFinal else { continue }
            if let known = record.outcomes.updateValue(now.state, forKey: open.number), known != now.state {
                throw broken("operation \(open.number) ended twice: \(known.rawValue) and \(now.state.rawValue)")
            }
        }
    }

    /// How long a tip may stand still without saying what it waits for.
    private static let longestSilence = Duration.seconds(300)

    /// The loop makes progress, or says why not: a tip whose turn it is, of which nothing runs, names what it waits for.
    mutating func checkReasons() throws {
        var silent: [Int64: Timestamp] = [:]
        for tip in server.loop?.openTips ?? [] where isSilent(tip) {
            let since = record.silent[tip.number] ?? now
            silent[tip.number] = since
            if now - since > Self.longestSilence {
                throw broken(
                    "tip \(tip.number) is \(tip.state.rawValue) and does not say what it waits for: "
                        + (tip.history.last?.note ?? ""))
            }
        }
        record.silent = silent
    }

    private func isSilent(_ tip: Tip) -> Bool {
        let note = tip.history.last?.note ?? ""
        switch tip.state {
        case .raised: return true
        case .planned, .awaitingApproval: return note.isEmpty
        case .approved, .running:
            let runs = tip.operations.contains { server.loop?.operation($0)?.state.isFinal == false }
            return !runs && !note.hasPrefix("waits: ")
        default: return false
        }
    }

    /// How often the audit log is looked at.
    static var auditInterval: Duration { .seconds(600) }

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
