import FleetModel

/// What one monitor connection shows of a guest that is on its way here. QEMU says RESUME before it lets the guest run,
/// so who has listened from a moment at which it was still waiting knows whether it ever ran.
final class ArrivalWatch: Sendable {
    private struct State {
        var isComplete = false
        var hasResumed = false
    }

    private let state = Locked(State())

    /// The guest has not arrived yet, as this connection itself shows: from now on nothing is missed.
    func sawWaiting() { state.withLock { $0.isComplete = true } }

    /// QEMU lets the guest run.
    func sawResume() { state.withLock { $0.hasResumed = true } }

    /// Whether the guest has run here; `nil` when it may have run before anybody listened.
    var hasRun: Bool? { state.withLock { $0.hasResumed ? true : $0.isComplete ? false : nil } }
}
