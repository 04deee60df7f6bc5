import Dispatch
import FleetModel
import Foundation

/// Threads for work that takes its time, made when there is work for them. A shared pool has as many threads as there are
/// processors, and a few long queries would keep everything else waiting; threads of one's own share the processors with
/// whatever else runs. Their stacks are large, since queries are nested.
public final class WorkerThreads: Sendable {
    private struct State: Sendable {
        var jobs: [@Sendable () -> Void] = []
        var idle = 0
        var count = 0
        var isEnding = false
    }

    /// What the threads hold on to, so that the pool itself can go.
    private final class Core: Sendable {
        let state = Locked(State())
        let wakeUp = DispatchSemaphore(value: 0)

        /// Does one job after the other until the pool goes.
        func work() {
            while true {
                let (job, isEnding) = state.withLock { state -> ((@Sendable () -> Void)?, Bool) in
                    if !state.jobs.isEmpty { return (state.jobs.removeFirst(), false) }
                    state.idle += 1
                    return (nil, state.isEnding)
                }
                if let job {
                    job()
                } else if isEnding {
                    return
                } else {
                    wakeUp.wait()
                }
            }
        }
    }

    private static let stackBytes = 16 << 20

    private let core = Core()
    private let name: String
    private let limit: Int

    /// A pool of at most `limit` threads of a name, which has none yet.
    public init(name: String, limit: Int) {
        self.name = name
        self.limit = max(1, limit)
    }

    deinit {
        let count = core.state.withLock { state in
            state.isEnding = true
            return state.count
        }
        for _ in 0..<count { core.wakeUp.signal() }
    }

    /// What `work` gives, done on one of the threads as soon as one is free.
    public func run<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in submit { continuation.resume(returning: work()) } }
    }

    private func submit(_ job: @escaping @Sendable () -> Void) {
        let (wakes, begins) = core.state.withLock { state in
            state.jobs.append(job)
            if state.idle > 0 {
                state.idle -= 1
                return (true, false)
            }
            guard state.count < limit else { return (false, false) }
            state.count += 1
            return (false, true)
        }
        if wakes { core.wakeUp.signal() }
        guard begins else { return }
        let core = core
        let thread = Thread { core.work() }
        thread.name = name
        thread.stackSize = Self.stackBytes
        thread.start()
    }
}
