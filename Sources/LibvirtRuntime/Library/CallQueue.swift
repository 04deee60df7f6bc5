import Dispatch
import FleetModel

/// Calls that block, one at a time on a thread of their own, never on one of Swift's tasks; whoever asks waits for a
/// limited time. While a call is overdue, others are refused at once, until it comes back.
final class CallQueue<State>: Sendable {
    private let queue = DispatchQueue(label: "evenkeel.libvirt.calls")
    private let uri: String
    private let limit: Duration
    /// What is overdue, and since when. It also guards who is first to answer, the call or its time limit.
    private let overdue = Locked<Overdue?>(nil)
    // SAFETY: touched by blocks of `queue` only, which run one after the other.
    private nonisolated(unsafe) let state: State

    private struct Overdue {
        var doing: String
        var began: ContinuousClock.Instant
    }

    init(uri: String, limit: Duration, state: sending State) {
        self.uri = uri
        self.limit = limit
        unsafe self.state = state
    }

    /// Whether a call has not come back in time.
    var isOverdue: Bool { overdue.withLock { $0 != nil } }

    /// Runs `body` with the state and gives what it says, or an error when that takes longer than the limit; `body` then
    /// still runs to its end if it has begun. `limit` is another than the queue's.
    func call<Value: Sendable>(
        _ doing: String, within limit: Duration? = nil,
        _ body: @escaping @Sendable (State) throws(LibvirtError) -> Value
    ) async throws(LibvirtError) -> Value {
        let (began, limit) = (ContinuousClock.now, limit ?? self.limit)
        if let overdue = overdue.withLock({ $0 }) { throw notAnswering(overdue.doing, since: overdue.began) }
        let result = await withCheckedContinuation { continuation in
            let waiting = Locked<CheckedContinuation<Result<Value, LibvirtError>, Never>?>(continuation)
            queue.async { [self] in
                // One that nobody waits for any more is not begun; that its turn came shows that the queue moves again.
                guard waiting.withLock({ $0 != nil }) else { return overdue.withLock { $0 = nil } }
                let result = Result { () throws(LibvirtError) in unsafe try body(state) }
                overdue.withLock { overdue in
                    overdue = nil
                    return waiting.withLock { $0.take() }
                }?.resume(returning: result)
            }
            DispatchQueue.global().asyncAfter(deadline: .now() + limit.inSeconds) { [self] in
                overdue.withLock { overdue in
                    let late = waiting.withLock { $0.take() }
                    if late != nil, overdue == nil { overdue = Overdue(doing: doing, began: began) }
                    return late
                }?.resume(returning: .failure(notAnswering(doing, since: began)))
            }
        }
        return try result.get()
    }

    private func notAnswering(_ doing: String, since began: ContinuousClock.Instant) -> LibvirtError {
        let seconds = Int((ContinuousClock.now - began).inSeconds.rounded())
        return .notAnswering(doing: doing, uri: uri, seconds: seconds)
    }
}
