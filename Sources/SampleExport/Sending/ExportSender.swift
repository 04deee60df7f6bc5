import Delivery
import FleetModel
import HTTPClient
import Logging
import MetricsWire

/// Brings what waits in a queue to its receiver, in order, each request until the receiver has taken or refused it.
struct ExportSender: Sendable {
    /// What one request takes at most from the queue.
    static let batch = (records: 64, bytes: 1 << 20)

    let receiver: ExportReceiver
    let queue: ExportQueue
    let client: HTTPClient
    let patience: Patience
    let clock: any Clock
    let tally: Locked<ExportTally>
    let logger: Logger

    /// Runs until the task is cancelled.
    func run() async throws {
        var rewriter = RequestRewriter(rules: receiver.rules, externalLabels: receiver.externalLabels)
        // After a refusal, records go one by one until those that were refused together are through.
        var aloneThrough: UInt64 = 0
        for await _ in queue.arrivals {
            while let records = try await next(aloneThrough) {
                let refusal = try await deliver(records, &rewriter)
                if let refusal, records.count > 1, let last = records.last {
                    logger.notice(
                        "a request of \(records.count) batches is sent batch by batch",
                        metadata: ["reason": "\(refusal)"])
                    aloneThrough = last.number + 1
                } else {
                    if let refusal { setAside(records, refusal) }
                    finish(records)
                }
            }
        }
    }

    private func next(_ aloneThrough: UInt64) async throws -> [QueueRecord]? {
        var failures = 0
        while true {
            do throws(ExportError) {
                var records = try queue.next(count: Self.batch.records, bytes: Self.batch.bytes, at: clock.now)
                if let first = records.first, first.number < aloneThrough { records = [first] }
                return records.isEmpty ? nil : records
            } catch {
                if failures == 0 { logger.error("cannot read what waits for the receiver: \(error)") }
                failures += 1
            }
            try await patience.wait(failures: failures)
        }
    }

    /// Returns when the receiver has the records, or why it refuses them for good.
    private func deliver(_ records: [QueueRecord], _ rewriter: inout RequestRewriter) async throws -> String? {
        for record in records {
            do throws(WireError) {
                try rewriter.add(record.body)
            } catch {
                logger.error("batch \(record.number) cannot be read and is left out from where it breaks: \(error)")
            }
        }
        let samples = rewriter.sampleCount
        let body = rewriter.finish()
        guard samples > 0 else { return nil }
        tally.withLock { $0.oldest = records.first?.time }
        var failures = 0
        while true {
            switch try await verdict(body) {
            case .delivered:
                if failures > 0 { logger.notice("the receiver takes samples again") }
                tally.withLock { $0.sent(samples, bytes: body.count) }
                return nil
            case .refused(let reason): return reason
            case .later(let reason, let least):
                if failures == 0 { logger.warning("samples wait for the receiver: \(reason)") }
                failures += 1
                tally.withLock { $0.failed += 1 }
                try await patience.wait(failures: failures, least: least)
            }
        }
    }

    private func verdict(_ body: [UInt8]) async throws -> RequestVerdict {
        let headers = RemoteWriteEncoder.headers.map { (name: $0.0, value: $0.1) }
        var request = HTTPRequest(.post, receiver.url, headers: headers, body: body)
        receiver.access.apply(to: &request)
        request.responseLimit = 1 << 20
        do throws(HTTPClientError) {
            return RequestVerdict(try await client.send(request))
        } catch {
            try Task.checkCancellation()
            return .later("\(error)", after: .zero)
        }
    }

    private func setAside(_ records: [QueueRecord], _ reason: String) {
        for record in records {
            logger.error("the receiver refused batch \(record.number) for good, it is set aside: \(reason)")
            queue.setAside(record)
            tally.withLock { $0.refused += record.samples }
        }
    }

    private func finish(_ records: [QueueRecord]) {
        guard let last = records.last else { return }
        queue.sent(through: last.number, bytes: records.reduce(0) { $0 + $1.body.count + QueueSegment.header })
        tally.withLock { $0.oldest = nil }
    }
}

/// What became of a receiver's samples since the server started.
struct ExportTally: Hashable, Sendable {
    /// Samples that it has.
    private(set) var samples = 0
    /// Bytes of requests that it took.
    private(set) var bytes = 0
    /// Requests that did not reach it, or that it did not take yet.
    var failed = 0
    /// Samples that it refused for good.
    var refused = 0
    /// When the oldest sample came in that is on its way; `nil` while none is.
    var oldest: Timestamp?

    mutating func sent(_ samples: Int, bytes: Int) {
        self.samples += samples
        self.bytes += bytes
    }
}
