import FleetModel

extension ControlLoop {
    /// Why `report` is not taken, for whoever runs the agent; `nil` when it is. A host stays in the cluster that it
    /// joined: its VMs, tips and policies are that cluster's.
    public func objection(to report: HostReport) -> String? {
        guard let known = hosts[report.host]?.report.cluster, known != report.cluster else { return nil }
        return "host \(report.host) belongs to cluster \(known), and its agent says \(report.cluster): set the agent's "
            + "cluster to \(known), or stop the agent and remove the host from the fleet before it joins \(report.cluster)"
    }

    mutating func take(_ record: HostRecord) {
        let report = record.report
        if let objection = objection(to: report) {
            guard refusedClusters.updateValue(report.cluster, forKey: report.host) != report.cluster else { return }
            audit(Actor.evenkeel, "host.refused", objection)
            return
        }
        refusedClusters[report.host] = nil
        let known = hosts.updateValue(record, forKey: report.host)
        if let run = known?.report.agentRun, run != report.agentRun { noteRestart(of: report.host) }
        if known.map({ !$0.report.hasSameResidents(as: report) }) ?? true { noteChange(of: report.host) }
        if known?.report.inventory != report.inventory {
            outbox.save(.saveHost(record))
            claims.note(report)
        }
        sayWhoClaimsTheSame(as: report.host)
        standDownForOthers(report)
        advance()
    }

    /// Writes into the records of moves that the agent of one of their hosts was started again meanwhile.
    private mutating func noteRestart(of host: HostName) {
        for number in executions.keys.sorted() {
            guard var execution = executions[number], execution.operation.move != nil, execution.operation.touches(host)
            else { continue }
            execution.log("the agent of \(host) was started again", at: now)
            executions[number] = execution
            outbox.save(execution.operation)
        }
    }

    /// Forgets a host. One that reports, or that an operation still needs, stays.
    mutating func remove(_ host: HostName, by actor: String) -> ControlReply {
        guard let record = hosts[host] else { return .notFound("there is no host \(host)") }
        if isFresh(record) {
            return .refused(
                "host \(host) reports (last at \(record.received.text)): stop its agent, and try again in "
                    + settings.reportAgeLimit.text)
        }
        let open = openOperations.filter { $0.touches(host) }
        if let operation = open.first(where: { !waits(forNobodyBut: host, $0.number) }) {
            return .refused(
                "host \(host) is part of operation \(operation.number), which has not ended: cancel that first")
        }
        for operation in open { lose(operation, with: host) }
        hosts[host] = nil
        noteChange(of: host)
        claims.forget(host)
        movers.forget(host)
        if holds.removeValue(forKey: .host(host)) != nil { outbox.save(.removeHold(.host(host))) }
        refusedClusters[host] = nil
        pictures = [:]
        outbox.save(.removeHost(host))
        let count = record.report.virtualMachines.count
        audit(
            actor, "host.remove",
            "\(host) of cluster \(record.report.cluster), last seen at \(record.received.text) with \(count) VMs")
        return .done()
    }

    /// Whether a migration waits for answers of that host alone, which nothing but its end would bring.
    private func waits(forNobodyBut host: HostName, _ number: Int64) -> Bool {
        guard let migration = executions[number] as? MigrationExecution else { return false }
        return !migration.outstanding.isEmpty && migration.outstanding.allSatisfy { $0.host == host }
    }

    /// Ends a migration with the host that it waits for. Where the guest is, other hosts say.
    private mutating func lose(_ operation: FleetModel.Operation, with host: HostName) {
        guard var migration = executions[operation.number] as? MigrationExecution, let move = operation.move else {
            return
        }
        let home = hosts.values.first { record in
            record.report.host != host && isFresh(record)
                && record.report.virtualMachines.contains {
                    $0.definition.id == move.virtualMachine && $0.state.ownsGuest
                }
        }?.report.host
        let effect = migration.lose(
            "\(host) was removed from the fleet before it answered; "
                + (home.map { "\($0) says that it has the guest" }
                    ?? "look at the VM on both hosts before anything else is done with it"),
            home: home, at: now)
        executions[operation.number] = migration
        carryOut(effect, of: operation.number)
    }

    func isFresh(_ record: HostRecord) -> Bool {
        SnapshotBuilder.isFresh(record.received, at: now, limit: settings.reportAgeLimit)
    }

    /// A guest lives in one place. Two hosts that report it now, neither of them from before a move's end, contradict
    /// each other: it moves from neither (see `FleetSnapshot`), and the audit log names both, once.
    private mutating func sayWhoClaimsTheSame(as host: HostName) {
        for (id, owners) in claims.contested(with: host) {
            if executions.values.contains(where: { $0.operation.action.virtualMachine == id }) { continue }
            let settled = past.lastEnd(of: id)
            let fresh = owners.filter { owner in
                guard let record = hosts[owner], isFresh(record) else { return false }
                return settled.map { record.received > $0 } ?? true
            }
            guard fresh.count > 1, claims.tell(fresh, of: id) else { continue }
            let names = fresh.sorted().map(\.text).joined(separator: " and by ")
            audit(
                Actor.evenkeel, "vm.contested",
                "VM \(id) is reported running by \(names): it is not moved until one of them lets go of it")
        }
    }
}

extension HostReport {
    /// Whether its VMs and how they are have not changed.
    fileprivate func hasSameResidents(as other: HostReport) -> Bool {
        virtualMachines.elementsEqual(other.virtualMachines) {
            $0.definition.id == $1.definition.id && $0.state == $1.state
        }
    }

    /// The report without what changes with every look: what is worth a write to disk.
    fileprivate var inventory: HostReport {
        var copy = self
        copy.time = Timestamp(milliseconds: 0)
        copy.memoryAvailable = nil
        for place in copy.virtualMachines.indices { copy.virtualMachines[place].residentMemory = nil }
        return copy
    }
}
