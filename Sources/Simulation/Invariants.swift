import FleetModel
import FleetState
import Placement
import Remediation

/// What must hold at every moment, whatever goes wrong.
struct Invariants: Sendable {
    let settings: ControlSettings
    let machines: [VirtualMachineID]
    /// How far back what the loop knows of loads may lie: a window of averages, a round and a sample.
    let horizon: Duration

    /// What is broken right now; `nil` when all is well.
    func violation(fleet: SimulatedFleet, loop: ControlLoop?) -> String? {
        let moving = loop.map { Set($0.openOperations.compactMap(\.move?.virtualMachine)) }
        let owners = fleet.owners()
        for id in machines {
            let places = owners[id] ?? []
            if places.count > 1 { return "VM \(id) runs on \(places.map(\.text).joined(separator: " and "))" }
            // While the server is down nobody can say which operations are open.
            if places.isEmpty, let moving, !moving.contains(id) { return "VM \(id) runs nowhere and nothing moves it" }
        }
        return nil
    }

    /// Whether a migration that begins now breaks a limit for what the destination really carries. Loads are averages:
    /// only what has been over for the whole of the last window counts, and only where the load could be predicted: an
    /// operator may move a VM that nobody measured. What a VM on a saturated host wants beyond what it gets cannot be
    /// known either.
    func limitBroken(
        by command: AgentCommand, loop: ControlLoop?, fleet: SimulatedFleet, at time: Timestamp
    ) -> String? {
        guard case .prepareIncoming(let incoming) = command.task, let host = fleet.hosts[command.host],
            host.processes[incoming.definition.id] == nil
        else { return nil }
        let promised = host.memoryPromised + incoming.definition.memory
        if promised > host.memory { return "\(host.name) is promised \(promised), and has \(host.memory)" }
        guard let operation = loop?.operation(command.operation), let move = operation.move,
            operation.action.prediction.destinationProcessor != nil
        else { return nil }
        let ceiling = (settings.planner.processorCeiling + 0.05) * Double(host.logicalProcessors)
        let carried = stride(from: 0, through: horizon.inSeconds, by: 15).map { back in
            let then = time - .seconds(back)
            let granted = fleet.granted(to: incoming.definition.id, on: move.source, at: then)
            return fleet.wanted(on: host.name, at: then) + granted
        }.min()
        if let carried, carried > ceiling {
            return
                "\(host.name) would carry \(carried) LPs of \(host.logicalProcessors), above its ceiling, by operation \(operation.number): \(operation.action)"
        }
        return nil
    }

    /// What must hold when all is over: every intent has one outcome, the audit log tells of each, budgets held, and
    /// what is still open says why.
    func finalViolation(loop: ControlLoop, store: FleetStateStore) async throws -> String? {
        if let operation = loop.openOperations.first {
            return "operation \(operation.number) has not come to its end: \(operation.log.map(\.text))"
        }
        let state = try await store.load()
        if let command = state.commands.first { return "command \(command.number) was never answered" }
        let audit = try await store.audit(limit: .max)
        if audit.map(\.number) != Array(1...Int64(max(1, audit.count))), !audit.isEmpty {
            return "the audit log has gaps"
        }
        let operations = try await store.history(limit: .max).operations
        for operation in operations where operation.state != .refused {
            let ends = audit.filter {
                $0.operation == operation.number && $0.event == "operation.\(operation.state.rawValue)"
            }
            let starts = audit.filter { $0.operation == operation.number && $0.event == "operation.start" }
            if starts.count != 1 || ends.count != 1 {
                return "operation \(operation.number) began \(starts.count) times and ended \(ends.count) times"
            }
        }
        if Set(operations.map(\.number)).count != Int(state.lastNumbers.operation) { return "an operation is lost" }
        return nil
    }
}
