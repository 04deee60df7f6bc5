import Delivery
import FleetModel
import HTTPClient
import Logging
import MetricsWire

/// Copies of all samples for other receivers: each has a queue on disk and a sender of its own, so that none waits for
/// another, and who writes samples waits for none of them.
public struct SampleExports: Sendable {
    /// From one saving of the queues to the next.
    private static let keepInterval: Duration = .seconds(1)

    private let lanes: [Lane]
    private let clock: any Clock

    private struct Row {
        let name: String
        let queue: ExportQueue.Figures
        let tally: ExportTally
    }

    private struct Lane: Sendable {
        let name: String
        let queue: ExportQueue
        let sender: ExportSender
        let tally: Locked<ExportTally>
        let logger: Logger
    }

    /// Opens a queue for each receiver in a folder of its name below `folder`; throws `ExportError`.
    public init(
        _ receivers: [ExportReceiver], folder: String, client: HTTPClient, clock: any Clock, logger: Logger,
        generator: some RandomNumberGenerator & Sendable = SystemRandomNumberGenerator()
    ) throws {
        self.clock = clock
        let patience = Patience(clock: clock, backoff: Backoff(longest: .seconds(30)), generator: generator)
        lanes = try receivers.map { receiver in
            var logger = logger
            logger[metadataKey: "receiver"] = "\(receiver.name)"
            var limits = ExportQueue.Limits()
            limits.bytes = Int(clamping: receiver.queueBytes.count)
            limits.age = receiver.queueAge
            limits.segmentBytes = max(64 << 10, min(limits.segmentBytes, limits.bytes / 8))
            let queue = try ExportQueue("\(folder)/\(receiver.name)", limits: limits)
            let tally = Locked(ExportTally())
            let sender = ExportSender(
                receiver: receiver, queue: queue, client: client, patience: patience, clock: clock, tally: tally,
                logger: logger)
            return Lane(name: receiver.name, queue: queue, sender: sender, tally: tally, logger: logger)
        }
    }

    /// Whether anybody gets anything.
    public var isEmpty: Bool { lanes.isEmpty }

    /// Puts a remote write request into every queue; takes microseconds.
    public func add(_ request: [UInt8], samples: Int) {
        let now = clock.now
        for lane in lanes { lane.queue.append(request, samples: samples, at: now) }
    }

    /// Sends until the task is cancelled, then leaves the queues as they are on disk.
    public func run() async {
        await withTaskGroup(of: Void.self) { group in
            for lane in lanes {
                group.addTask { try? await lane.sender.run() }
                group.addTask { await keep(lane) }
            }
        }
    }

    private func keep(_ lane: Lane) async {
        var problem: String?
        while true {
            let isLast = (try? await clock.sleep(for: Self.keepInterval)) == nil
            do throws(ExportError) {
                try lane.queue.keep()
            } catch {
                lane.logger.error("the queue cannot be kept: \(error)")
            }
            let found = lane.queue.figures.problem
            if let found, found != problem { lane.logger.error("samples are lost to the receiver: \(found)") }
            problem = found
            if isLast { return }
        }
    }

    /// The figures of every receiver.
    public func writeMetrics(to page: inout TextExposition) {
        if lanes.isEmpty { return }
        let now = clock.now
        let rows = lanes.map { Row(name: $0.name, queue: $0.queue.figures, tally: $0.tally.withLock { $0 }) }
        let families: [(String, TextExposition.Kind, String, (Row) -> Double)] = [
            ("queue_bytes", .gauge, "Bytes on disk that wait for the receiver.", { Double($0.queue.bytes) }),
            ("queue_batches", .gauge, "Batches that wait for the receiver.", { Double($0.queue.records) }),
            (
                "lag_seconds", .gauge, "For how long the oldest waiting batch has been waiting; 0 while none does.",
                { row in row.tally.oldest.map { max(0, (now - $0).inSeconds) } ?? 0 }
            ),
            ("sent_samples_total", .counter, "Samples that the receiver took.", { Double($0.tally.samples) }),
            ("sent_bytes_total", .counter, "Bytes of requests that the receiver took.", { Double($0.tally.bytes) }),
            ("failed_requests_total", .counter, "Requests that will be sent again.", { Double($0.tally.failed) }),
            (
                "refused_samples_total", .counter, "Samples that the receiver refused for good.",
                { Double($0.tally.refused) }
            ),
            (
                "dropped_samples_total", .counter, "Samples that left the queue unsent: no room, or too old.",
                { Double($0.queue.dropped) }
            ),
        ]
        for (name, kind, help, value) in families {
            page.family("evenkeel_export_\(name)", kind, help: help)
            for row in rows { page.sample(value(row), ["receiver": row.name]) }
        }
    }
}
