import Dispatch
import FleetModel
import MetricsWire

/// Takes writes one batch after the other: whatever waits when the disk is done with the last batch shares the next sync.
///
/// Senders that wait for their answers before they send again would take turns, each with a sync of its own. So where
/// several were under way at once a moment ago, a batch waits for as many again, two milliseconds at the most: group
/// commit with a bounded delay. A single sender never waits.
///
/// SAFETY: `core` is touched on `queue` only, which runs one block at a time; `waiting` has a lock of its
/// own.
final class LogWriter: @unchecked Sendable {
    /// A write that waits for its turn.
    private struct Request: Sendable {
        let body: [UInt8]
        let scope: WriteScope?
        let reply: CheckedContinuation<Result<WriteSummary, StoreError>, Never>
    }

    private struct Waiting: Sendable {
        var requests: [Request] = []
        var isScheduled = false
        var isClosed = false
        /// How many requests were under way at once lately: a batch of fewer is worth a short wait.
        var companions = 1
        /// At so many requests whoever gathers a batch is told; `nil` while nobody does.
        var awaited: Int?
    }

    /// A batch ends when it has as many bytes, so that no sender waits long for the others.
    private static let batchBytes = 8 << 20
    /// The longest that a batch waits for the requests that were its companions before.
    private static let longestGathering = DispatchTimeInterval.milliseconds(2)

    private let queue = DispatchQueue(label: "evenkeel.store.log")
    private let waiting = Locked(Waiting())
    /// Signalled when the awaited number of requests has come.
    private let gathered = DispatchSemaphore(value: 0)
    private var core: IngestCore

    init(_ core: IngestCore) { self.core = core }

    /// Returns when the request is durable and visible.
    func write(_ body: [UInt8], allowing scope: WriteScope?) async -> Result<WriteSummary, StoreError> {
        await withCheckedContinuation { reply in
            let request = Request(body: body, scope: scope, reply: reply)
            let (isTaken, mustSchedule, isComplete) = waiting.withLock { state in
                guard !state.isClosed else { return (false, false, false) }
                state.requests.append(request)
                let isComplete = state.awaited.map { state.requests.count >= $0 } ?? false
                if isComplete { state.awaited = nil }
                defer { state.isScheduled = true }
                return (true, !state.isScheduled, isComplete)
            }
            if !isTaken { reply.resume(returning: .failure(.shuttingDown)) }
            if isComplete { gathered.signal() }
            if mustSchedule { queue.async { self.drain() } }
        }
    }

    /// Refuses further writes and returns when those that were taken are answered.
    func close() async {
        waiting.withLock { $0.isClosed = true }
        while await !isIdle() {}
    }

    /// Whether nothing waits, as of the end of the batch that is under way.
    private func isIdle() async -> Bool {
        await withCheckedContinuation { reply in
            queue.async { reply.resume(returning: self.waiting.withLock { $0.requests.isEmpty }) }
        }
    }

    /// Runs `body` between two batches and waits for it.
    func performAndWait<Value: Sendable>(_ body: (inout IngestCore) -> Value) -> Value {
        queue.sync { body(&core) }
    }

    /// Writes one batch. What else waits gets a turn of its own, so that others of the queue get theirs.
    private func drain() {
        gather()
        let batch = waiting.withLock { state in
            var batch: [Request] = []
            var bytes = 0
            for request in state.requests where bytes < Self.batchBytes {
                batch.append(request)
                bytes += request.body.count
            }
            state.requests.removeFirst(batch.count)
            return batch
        }
        let results = core.write(batch.map { ($0.body, $0.scope) })
        let isMore = waiting.withLock { state in
            // Those that came while the disk was busy would have shared this sync, had it waited for them.
            state.companions = max(state.companions, batch.count + state.requests.count)
            state.isScheduled = !state.requests.isEmpty
            return state.isScheduled
        }
        for (request, result) in zip(batch, results) { request.reply.resume(returning: result) }
        if isMore { queue.async { self.drain() } }
    }

    /// Waits for the companions of the batches before, a moment at the most; those that do not come are not waited for
    /// again.
    private func gather() {
        let mustWait = waiting.withLock { state in
            guard state.requests.count < state.companions, !state.isClosed else { return false }
            state.awaited = state.companions
            return true
        }
        guard mustWait else { return }
        guard gathered.wait(timeout: .now() + Self.longestGathering) == .timedOut else { return }
        let cameLate = waiting.withLock { state in
            state.companions = max(1, state.requests.count)
            defer { state.awaited = nil }
            return state.awaited == nil
        }
        // Whoever completed the batch just now has signalled or is about to.
        if cameLate { gathered.wait() }
    }
}
