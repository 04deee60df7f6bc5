import FleetModel
import Remediation

/// What agents tell of their hosts: now and then nobody hears it, or late, or twice.
extension Simulation {
    /// What a host's clock shows.
    func hostTime(_ host: HostName) -> Timestamp { now + (skews[host] ?? .zero) }

    mutating func sendReport(of host: HostName) async throws {
        agenda.add(.report(host), at: now + plan.reportInterval)
        if draws(.lostMessage, faults.lossShare) { return }
        if draws(.lateReport, faults.lateReportShare), let agent = agents[host], let report = reportOf(host) {
            tellingLate.insert(host)
            return agenda.add(.lateReport(report, run: agent.run), at: now + delay())
        }
        try await reportNow(host)
        if draws(.doubledMessage, faults.repetitionShare) { try await reportNow(host) }
    }

    /// An agent says one thing after the other: while a report is under way it says nothing else.
    mutating func reportNow(_ host: HostName) async throws {
        guard !tellingLate.contains(host), let report = reportOf(host) else { return }
        try await feed(.report(HostRecord(report: report, received: serverTime)))
    }

    /// What was said a while ago comes, unless its agent has died since.
    mutating func deliverLate(_ report: HostReport, run: Int) async throws {
        tellingLate.remove(report.host)
        guard let agent = agents[report.host], agent.isConnected, agent.run == run else { return }
        try await feed(.report(HostRecord(report: report, received: serverTime)))
    }

    private func reportOf(_ host: HostName) -> HostReport? {
        guard let agent = agents[host], agent.isConnected else { return nil }
        return fleet.report(of: host, agentRun: agent.run, at: hostTime(host))
    }
}
