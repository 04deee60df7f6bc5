import FleetModel
import Remediation

/// What operators and bad luck do.
extension Simulation {
    /// An operator looks at tips that wait for one, and dismisses some.
    mutating func approveAsOperator() async throws {
        guard let loop = server.loop else { return }
        for hold in loop.openHolds where hold.actor == Actor.evenkeel && people.chance(0.01) {
            try await ask(.release(hold.scope))
        }
        guard plan.level == .operator else { return }
        for tip in loop.openTips where tip.state == .awaitingApproval && people.chance(0.02) {
            let kind: ControlRequest.Kind =
                people.chance(0.1) ? .dismiss(tip: tip.number, reason: "not today") : .approve(tip: tip.number)
            try await ask(kind)
        }
    }

    /// An operator moves some VM somewhere: allowed or not, and sometimes thinks better of it.
    mutating func moveByHand() async throws {
        planFault(.operatorMove, perHour: plan.operatorMovesPerHour)
        guard let id = invariants.machines.randomElement(using: &people),
            let host = agents.keys.sorted().randomElement(using: &people)
        else { return }
        try await ask(.migrate(id, to: host))
        if people.chance(0.3), let operation = server.loop?.openOperations.last {
            try await ask(.cancel(operation: operation.number))
        }
    }

    mutating func ask(_ kind: ControlRequest.Kind) async throws {
        nextRequest += 1
        try await feed(.request(ControlRequest(id: nextRequest, actor: "ann", time: serverTime, kind: kind)))
    }

    /// Agents crash and start, hosts cannot be reached and can again. VMs run on all the while.
    mutating func disturb(_ host: HostName, _ event: Event) {
        switch event {
        case .agentCrash:
            report.agentCrashes += 1
            agents[host]?.crash()
            agenda.add(.agentStart(host), at: now + .seconds(Int64.random(in: 1...120, using: &crashes)))
            planFault(.agentCrash(host), perHour: plan.faults.agentCrashesPerHour)
        case .agentStart: agents[host]?.start()
        case .outage:
            report.outages += 1
            agents[host]?.isReachable = false
            agenda.add(.outageEnd(host), at: now + .seconds(Int64.random(in: 10...600, using: &crashes)))
            planFault(.outage(host), perHour: plan.faults.outagesPerHour)
        case .outageEnd: agents[host]?.isReachable = true
        default: break
        }
    }
}
