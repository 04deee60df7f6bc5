import Dispatch
import FleetModel

/// Wakes the one who waits for something to happen. What happens while nobody waits is not lost: the next wait returns
/// at once.
final class Waker: Sendable {
    private struct State {
        var isRung = false
        var round = 0
        var waiting: CheckedContinuation<Void, Never>?
    }

    private let state = Locked(State())

    func ring() {
        state.withLock { state in
            state.isRung = state.waiting == nil
            return state.waiting.take()
        }?.resume()
    }

    /// Returns when it rings, after `limit`, or when the task is cancelled.
    func wait(upTo limit: Duration) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let round = state.withLock { state -> Int? in
                    if state.isRung {
                        state.isRung = false
                        return nil
                    }
                    state.round += 1
                    state.waiting = continuation
                    return state.round
                }
                guard let round else { return continuation.resume() }
                DispatchQueue.global().asyncAfter(deadline: .now() + limit.inSeconds) { [state] in
                    state.withLock { $0.round == round ? $0.waiting.take() : nil }?.resume()
                }
            }
        } onCancel: {
            ring()
        }
    }
}
