import FleetModel
import Logging

/// What happens after a VM's process has ended without being told to.
enum RestartPlan {
    /// Failures that are longer ago do not count.
    static let window = Duration.seconds(600)
    /// How long to wait before each start in a row; after the last the VM stays down.
    static let pauses: [Duration] = [.seconds(1), .seconds(10), .seconds(60)]

    /// The failures that count after one more, and when to start again; `nil` for not any more.
    static func next(after failures: [Timestamp], at now: Timestamp) -> (failures: [Timestamp], start: Timestamp?) {
        // A clock that was set back must not make failures last.
        let recent = failures.filter { now - $0 <= window && $0 <= now } + [now]
        let place = recent.count - 1
        return (recent, pauses.indices.contains(place) ? now + pauses[place] : nil)
    }

    /// Said with the reason of the last failure.
    static var givenUp: String {
        "it failed \(pauses.count + 1) times within \(window.components.seconds / 60) minutes and is not started again"
    }
}

extension QEMUMachine {
    /// Plans a start of a VM that has failed, if its policy says so: never of one that may live elsewhere.
    func planRestart(after record: MachineRecord) {
        guard record.definition.restart == .onFailure, record.isSending == nil, record.incoming == nil,
            record.fetchingAt == nil
        else { return }
        let (failures, start) = RestartPlan.next(after: record.failures ?? [], at: clock.now)
        note {
            $0.failures = failures
            $0.restartAt = start
            if start == nil {
                $0.problem = [$0.problem, RestartPlan.givenUp].compactMap { $0 }.joined(separator: "; ")
            }
        }
        if let start {
            signal(.failed(id, restart: start))
        } else {
            log.error("\(RestartPlan.givenUp)", metadata: ["vm": "\(id)"])
        }
    }

    /// Called when the pause after a failure is over.
    func restartAfterFailure() async {
        _ = await exclusively { machine in try await machine.restartNow() }
    }

    private func restartNow() async throws -> HostTaskAnswer {
        // Whoever stopped, started, removed or changed it meanwhile has decided otherwise.
        guard await look() == .crashed, let record, let time = record.restartAt, time <= clock.now,
            record.definition.restart == .onFailure, record.isSending == nil
        else { return .done }
        log.notice("starting the VM again after it has failed", metadata: ["vm": "\(id)"])
        try update {
            $0.restartAt = nil
            $0.restarts = ($0.restarts ?? 0) + 1
            $0.lastFailure = PastFailure(
                time: $0.failures?.last ?? clock.now, reason: $0.problem ?? "its process ended")
        }
        do {
            try await startAnew(record.definition, failures: record.failures)
        } catch {
            if let record = self.record { planRestart(after: record) }
            throw error
        }
        return .done
    }
}
