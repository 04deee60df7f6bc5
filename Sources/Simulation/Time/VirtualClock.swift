import FleetModel

/// A clock that stands still until it is told to go on: for shells that are driven without waiting.
public final class VirtualClock: FleetModel.Clock {
    private struct Sleeper {
        let ticket: Int
        let moment: Timestamp
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var now: Timestamp
        var sleepers: [Sleeper] = []
        var cancelled: Set<Int> = []
        var nextTicket = 0
    }

    private let state: Locked<State>

    /// A clock that shows `start`.
    public init(start: Timestamp) {
        state = Locked(State(now: start))
    }

    /// What the clock shows.
    public var now: Timestamp { state.withLock { $0.now } }

    /// How many tasks sleep on this clock.
    public var sleeperCount: Int { state.withLock { $0.sleepers.count } }

    /// Shows `moment` and wakes who slept until then, earliest first. Time never goes back.
    public func advance(to moment: Timestamp) {
        let woken = state.withLock { state -> [Sleeper] in
            state.now = max(state.now, moment)
            let now = state.now
            let woken = state.sleepers.filter { $0.moment <= now }
            state.sleepers.removeAll { $0.moment <= now }
            return woken.sorted { ($0.moment, $0.ticket) < ($1.moment, $1.ticket) }
        }
        for sleeper in woken { sleeper.continuation.resume() }
    }

    /// Shows the time `span` later.
    public func advance(by span: Duration) {
        advance(to: now + span)
    }

    /// Returns when the clock shows `moment`.
    public func sleep(until moment: Timestamp) async throws {
        let ticket = state.withLock { state in
            state.nextTicket += 1
            return state.nextTicket
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                enter(Sleeper(ticket: ticket, moment: moment, continuation: continuation))
            }
        } onCancel: {
            cancel(ticket)
        }
    }

    private func enter(_ sleeper: Sleeper) {
        let outcome = state.withLock { state -> Result<Void, any Error>? in
            if state.cancelled.remove(sleeper.ticket) != nil { return .failure(CancellationError()) }
            if sleeper.moment <= state.now { return .success(()) }
            state.sleepers.append(sleeper)
            return nil
        }
        if let outcome { sleeper.continuation.resume(with: outcome) }
    }

    /// Cancellation may come before the sleeper is in line; then it is remembered.
    private func cancel(_ ticket: Int) {
        let sleeper = state.withLock { state -> Sleeper? in
            guard let place = state.sleepers.firstIndex(where: { $0.ticket == ticket }) else {
                state.cancelled.insert(ticket)
                return nil
            }
            return state.sleepers.remove(at: place)
        }
        sleeper?.continuation.resume(throwing: CancellationError())
    }
}
