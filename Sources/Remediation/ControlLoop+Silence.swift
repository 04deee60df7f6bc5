import FleetModel
import RulePacks

/// What is made of a silence: an object of which nothing is measured any more is neither well nor ill.
extension ControlLoop {
    /// Keeps with an open tip since when its object is not measured; `time` is the last round that could still have seen it.
    mutating func noteMeasuring(_ number: Int64, _ isUnmeasured: (AlertKey) -> Bool, since time: Timestamp) {
        guard let tip = tips[number]?.tip, !tip.isDrain else { return }
        let isBlind = isUnmeasured(tip.key)
        guard isBlind != (tip.unmeasuredSince != nil) else { return }
        tips[number]?.update { $0.unmeasuredSince = isBlind ? max(time, $0.raised) : nil }
        if let tip = tips[number]?.tip { outbox.save(tip) }
    }

    /// Ends a tip whose object is not measured any more since it has left the fleet.
    mutating func endedWithSubject(_ tip: Tip) -> Bool {
        guard tip.unmeasuredSince != nil, !hasOperation(tip), let reason = departure(of: tip.subject) else {
            return false
        }
        let end: TipStep =
            switch tip.state {
            case .running: .fail
            case .verifying: .runOut
            default: .expire
            }
        return step(tip.number, end, by: Actor.evenkeel, reason)
    }

    /// Why nothing will be measured of the subject again; `nil` where it is there, or may be.
    private func departure(of subject: TipSubject) -> String? {
        let cluster = subject.cluster
        let members = hosts.values.filter { $0.report.cluster == cluster }
        switch subject {
        case .host(let host, _):
            return hosts[host] == nil
                ? "host \(host) is not part of the fleet, and nothing is measured of it any more" : nil
        case .virtualMachine(let id, _):
            let isThere = hosts.values.contains { $0.report.virtualMachines.contains { $0.definition.id == id } }
            let isOnItsWay = executions.values.contains { $0.operation.action.virtualMachine == id }
            guard !isThere, !isOnItsWay, members.allSatisfy(isFresh) else { return nil }
            return "VM \(id) is on no host any more"
        case .cluster, .datastore:
            return members.isEmpty ? "no host of cluster \(cluster) is left" : nil
        }
    }

    /// What to say of a tip's end while nobody measures its object; `nil` where it is measured.
    func doubt(of tip: Tip) -> String? {
        tip.unmeasuredSince.map { "; not measured since \($0.text), so nobody knows whether it helped" }
    }

    /// What was measured of a tip's host, in the resource that the tip is about; nothing of one that is not about loads,
    /// and nothing that is not of now.
    func loadText(of tip: Tip) -> String {
        guard case .host(let host, _) = tip.subject else { return "" }
        switch tip.terms.arguments["resource"] {
        case "memory":
            guard let record = hosts[host], isFresh(record), let available = record.report.memoryAvailable else {
                return ""
            }
            return ": \(available) of \(record.report.memory) available"
        case "processor":
            guard let readings, SnapshotBuilder.isFresh(readings.time, at: now, limit: settings.readingsAgeLimit) else {
                return ""
            }
            // Averages, over a window that need not be the rule's own: they follow a move slowly.
            return readings.hostProcessorUse[host].map { use in
                ": processor at \(use.percent) over \(readings.window.text)"
            } ?? ""
        default: return ""
        }
    }
}
