import Dispatch
import FleetModel

/// Wakes those who wait for something to change. Rings are counted, so that one between a look and a wait is not lost:
/// read ``rings``, look, then wait for a ring after that one.
final class Bell: Sendable {
    private struct State {
        var rings = 0
        var nextWaiter = 0
        var waiting: [Int: CheckedContinuation<Void, Never>] = [:]
    }

    private let state = Locked(State())

    /// How often it has rung.
    var rings: Int { state.withLock { $0.rings } }

    /// Wakes all who wait.
    func ring() {
        let woken = state.withLock { state in
            state.rings += 1
            defer { state.waiting = [:] }
            return Array(state.waiting.values)
        }
        for waiter in woken { waiter.resume() }
    }

    /// Returns when it rings for the first time after `seen` rings, or after `limit`.
    func wait(after seen: Int, upTo limit: Duration) async {
        await withCheckedContinuation { continuation in
            let waiter = state.withLock { state -> Int? in
                guard state.rings == seen else { return nil }
                state.nextWaiter += 1
                state.waiting[state.nextWaiter] = continuation
                return state.nextWaiter
            }
            guard let waiter else { return continuation.resume() }
            DispatchQueue.global().asyncAfter(deadline: .now() + limit.inSeconds) { [state] in
                state.withLock { $0.waiting.removeValue(forKey: waiter) }?.resume()
            }
        }
    }
}
