import FleetModel

/// A move that a planner would make: the VM and the destination, by name.
public struct PlannedMove: Sendable, Hashable {
    /// The VM's name.
    public var machine: String
    /// The host that it goes to; `nil` for any.
    public var destination: String?

    /// A move.
    public init(machine: String, destination: String?) {
        self.machine = machine
        self.destination = destination
    }

    var text: String { destination.map { "\(machine) to \($0)" } ?? machine }
}

/// Who says what a tip would lead to: planning is above this room.
public protocol TipPlanner: Sendable {
    /// The moves for `tip` over the series that `engine` reads, or why there are none.
    func moves(
        for tip: RenderedTip, pack: String, alert: String, from engine: any QueryEngine, at time: Timestamp
    ) async throws -> (moves: [PlannedMove], problem: String?)
}
