import Dispatch
import FleetModel
import MetricsWire

/// Takes writes one batch after the other: whatever waits when the disk is done with the last batch shares the next sync.
///
/// SAFETY: `core` is touched on `queue` only, which runs one block at a time; `waiting` has a lock of its own.
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
    }

    /// A batch ends when it has as many bytes, so that no sender waits long for the others.
    private static let batchBytes = 8 << 20

    private let queue = DispatchQueue(label: "evenkeel.store.log")
    private let waiting = Locked(Waiting())
    private var core: IngestCore

    init(_ core: IngestCore) { self.core = core }

    /// Returns when the request is durable and visible.
    func write(_ body: [UInt8], allowing scope: WriteScope?) async -> Result<WriteSummary, StoreError> {
        await withCheckedContinuation { reply in
            let request = Request(body: body, scope: scope, reply: reply)
            let (isTaken, mustSchedule) = waiting.withLock { state in
                guard !state.isClosed else { return (false, false) }
                state.requests.append(request)
                defer { state.isScheduled = true }
                return (true, !state.isScheduled)
            }
            if !isTaken { reply.resume(returning: .failure(.shuttingDown)) }
            if mustSchedule { queue.async { self.drain() } }
        }
    }

    /// Refuses further writes and returns when those that were taken are answered.
    func close() async {
        waiting.withLock { $0.isClosed = true }
        await withCheckedContinuation { reply in queue.async { reply.resume() } }
    }

    /// Runs `body` between two batches and waits for it.
    func performAndWait<Value: Sendable>(_ body: (inout IngestCore) -> Value) -> Value {
        queue.sync { body(&core) }
    }

    private func drain() {
        while true {
            let requests = waiting.withLock { state in
                var batch: [Request] = []
                var bytes = 0
                for request in state.requests where bytes < Self.batchBytes {
                    batch.append(request)
                    bytes += request.body.count
                }
                state.requests.removeFirst(batch.count)
                if batch.isEmpty { state.isScheduled = false }
                return batch
            }
            if requests.isEmpty { return }
            let results = core.write(requests.map { ($0.body, $0.scope) })
            for (request, result) in zip(requests, results) { request.reply.resume(returning: result) }
        }
    }
}
