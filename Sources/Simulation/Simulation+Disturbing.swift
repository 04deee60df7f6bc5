import FleetModel
import Remediation

/// What goes wrong besides agents and networks: other movers, disks, clocks; and an operator who stops everything.
extension Simulation {
    /// A host comes and goes, `left` more times.
    mutating func flap(_ host: HostName, left: Int) {
        guard left > 0 else { return planFault(.flap(host, left: 6), perHour: plan.faults.flapsPerHour) }
        report.drawn[.flap, default: 0] += 1
        agents[host]?.isReachable = left.isMultiple(of: 2) ? false : true
        agenda.add(.flap(host, left: left - 1), at: now + .seconds(Int64.random(in: 3...25, using: &crashes)))
    }

    /// Somebody else moves a VM.
    mutating func moveByOthers() {
        planFault(.foreignMove, perHour: plan.faults.foreignMovesPerHour)
        guard let id = invariants.machines.randomElement(using: &people),
            let target = agents.keys.sorted().randomElement(using: &people),
            let home = fleet.owners()[id]?.first
        else { return }
        if fleet.moveByOthers(id, from: home, to: target) {
            report.foreignMoves += 1
            record.lastForeignMove = now
        }
    }

    /// The server's disk is full for a while, or its clock is wrong.
    mutating func disturbServer(_ event: Event) {
        switch event {
        case .diskFills:
            report.fullDisks += 1
            isDiskFull = true
            agenda.add(.diskHasRoom, at: now + .seconds(Int64.random(in: 5...300, using: &crashes)))
            planFault(.diskFills, perHour: plan.faults.fullDisksPerHour)
        case .diskHasRoom: isDiskFull = false
        case .clockJumps:
            report.clockJumps += 1
            let jumps: [Int64] = [-86_400, -600, -60, -5, 5, 60, 600, 86_400]
            clockError = .seconds(jumps.randomElement(using: &crashes) ?? 0)
            agenda.add(.clockIsRight, at: now + .seconds(Int64.random(in: 60...900, using: &crashes)))
            planFault(.clockJumps, perHour: plan.faults.clockJumpsPerHour)
        case .clockIsRight: clockError = .zero
        default: break
        }
    }

    /// An operator stops everything, sometimes what runs, too.
    mutating func stopEverything() async throws {
        report.stops += 1
        planFault(.stop, perHour: plan.faults.stopsPerHour)
        try await ask(.hold(.fleet, reason: "storm", cancelling: people.chance(0.3)))
        let end = now + .seconds(Int64.random(in: 60...1800, using: &people))
        agenda.add(.goOn, at: min(end, plan.calmFrom))
        // Whoever asks while the server is down asks again.
        agenda.add(.goOn, at: min(end, plan.calmFrom) + .seconds(300))
    }

    mutating func noteStandDowns(since before: [Hold]) {
        guard let holds = server.loop?.openHolds, holds != before else { return }
        let known = Set(before.map(\.scope))
        for hold in holds where !known.contains(hold.scope) {
            switch hold.scope {
            case .cluster: report.standDowns += 1
            case .pack: report.packFallBacks += 1
            case .fleet, .host: break
            }
        }
    }
}
