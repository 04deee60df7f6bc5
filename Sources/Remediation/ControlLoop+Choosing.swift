import FleetModel
import HostRuntime
import Placement

extension ControlLoop {
    /// A look at a guest's memory that is older than this says nothing of a move now.
    static let surveyAgeLimit = Duration.seconds(300)

    /// How to carry out a move; `wanted` is somebody's own choice.
    func choice(
        for action: PlannedAction, _ status: VirtualMachineStatus, _ wanted: MigrationMethod?
    ) -> ChosenMigration {
        guard case .migrate(_, let source, let destination) = action.kind else {
            return ChosenMigration(
                method: MigrationMethod(), forecast: nil, bandwidthLimit: nil, timeLimitSeconds: 0, reasons: [])
        }
        let limits = settings.migration
        let situation = MigrationPlanner.Situation(
            memory: status.definition.memory, survey: recentSurvey(status, on: source),
            source: hosts[source]?.report.capabilities, destination: hosts[destination]?.report.capabilities,
            conditions: MigrationConditions(
                downtimeLimitMilliseconds: limits.downtimeLimitMilliseconds,
                timeLimitSeconds: limits.timeLimitSeconds,
                experience: experiences.between(source, destination)),
            bandwidthLimit: limits.bandwidthLimit,
            disks: (status.localDiskSizes ?? [:]).values.reduce(.zero, +))
        return MigrationPlanner(situation, limits.policy).choose(wanted)
    }

    /// By the host's clock, which is the one that both times are of.
    private func recentSurvey(_ status: VirtualMachineStatus, on host: HostName) -> MemorySurvey? {
        guard let survey = status.survey, let report = hosts[host]?.report,
            report.time - survey.time <= Self.surveyAgeLimit
        else { return nil }
        return survey
    }

    /// What a move would take, and how it would be done.
    mutating func foretell(
        _ id: VirtualMachineID, to host: HostName, _ method: MigrationMethod?
    ) -> ControlReply {
        switch plan(.migrate(id, to: host), for: nil) {
        case .impossible(let reason, _): return .refused(reason)
        case .plan(let plan):
            guard let action = plan.actions.first else { return .refused(plan.explanation) }
            if let objection = endObjection(to: action) { return .refused(objection) }
            guard let machine = source(of: action) else {
                return .refused("\(action.virtualMachineName) does not run where it was last seen")
            }
            return .foretold(action, choice(for: action, machine.status, method))
        }
    }
}

/// What migrations have shown, for each way between two hosts.
struct Experiences: Sendable {
    private struct Way: Hashable {
        let source: HostName
        let destination: HostName
    }

    private var known: [Way: MigrationExperience] = [:]

    func between(_ source: HostName, _ destination: HostName) -> MigrationExperience {
        known[Way(source: source, destination: destination)] ?? MigrationExperience()
    }

    /// Takes in how an operation ended that had been foretold.
    mutating func learn(_ operation: FleetModel.Operation) {
        guard operation.state == .succeeded, let figures = operation.figures,
            let forecast = operation.migration?.forecast, let move = operation.move
        else { return }
        known[Way(source: move.source, destination: move.destination), default: MigrationExperience()]
            .learn(forecast, figures)
    }
}

extension ChosenMigration {
    /// The choice in a line of a log.
    var text: String {
        var text = "how: \(method.text)"
        if let forecast {
            if let total = forecast.totalMilliseconds, let downtime = forecast.downtimeMilliseconds {
                text += "; expected: \(total) ms in all, the guest halted for \(downtime) ms"
            } else {
                text += "; not expected to end by itself"
            }
            if forecast.throttleMilliseconds > 0 {
                text += ", kept from running for up to \(forecast.throttleMilliseconds) ms at a stretch"
            }
        }
        return reasons.isEmpty ? text : text + "; why: " + reasons.joined(separator: "; ")
    }
}
