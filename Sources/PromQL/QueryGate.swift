import FleetModel

/// Lets a limited number of queries run at once; the others wait in order.
public final class QueryGate: Sendable {
    private struct State: Sendable {
        var running = 0
        var nextTicket: UInt64 = 0
        var waiting: [(ticket: UInt64, continuation: CheckedContinuation<Bool, Never>)] = []
        /// Tickets whose task was cancelled before it came to wait.
        var cancelled: Set<UInt64> = []
    }

    private let state = Locked(State())
    private let runningLimit: Int
    private let waitingLimit: Int

    /// Lets `running` run and `waiting` more wait.
    public init(running: Int, waiting: Int) {
        runningLimit = max(1, running)
        waitingLimit = max(0, waiting)
    }

    /// Returns when there is room; throws `.busy` when too many wait already and `.cancelled` with the task.
    public func enter() async throws(PromQLError) {
        let limits = (running: runningLimit, waiting: waitingLimit)
        let ticket: UInt64? = try state.withLock { state throws(PromQLError) in
            if state.running < limits.running {
                state.running += 1
                return nil
            }
            if state.waiting.count >= limits.waiting { throw .busy(limit: limits.running + limits.waiting) }
            state.nextTicket += 1
            return state.nextTicket
        }
        if let ticket, await !wait(ticket) { throw .cancelled }
    }

    private func wait(_ ticket: UInt64) async -> Bool {
        // Once the handler can no longer run, nothing more will come of the ticket.
        defer { state.withLock { _ = $0.cancelled.remove(ticket) } }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: Bool? = state.withLock { state in
                    if state.cancelled.remove(ticket) != nil { return false }
                    if state.running < runningLimit {
                        state.running += 1
                        return true
                    }
                    state.waiting.append((ticket, continuation))
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            let waiting: CheckedContinuation<Bool, Never>? = state.withLock { state in
                guard let place = state.waiting.firstIndex(where: { $0.ticket == ticket }) else {
                    state.cancelled.insert(ticket)
                    return nil
                }
                return state.waiting.remove(at: place).continuation
            }
            waiting?.resume(returning: false)
        }
    }

    /// Makes room for the next one.
    public func leave() {
        let next: CheckedContinuation<Bool, Never>? = state.withLock { state in
            if state.waiting.isEmpty {
                state.running -= 1
                return nil
            }
            return state.waiting.removeFirst().continuation
        }
        next?.resume(returning: true)
    }
}
