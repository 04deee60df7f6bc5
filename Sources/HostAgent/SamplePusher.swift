import Delivery
import FleetModel
import FoundationEssentials
import HTTPClient
import Logging

/// What the server's answer to a batch means for the batch.
enum PushVerdict: Hashable, Sendable {
    /// The server has it.
    case delivered
    /// The server will never take it.
    case refused(String)
    /// Try again, not before the span has passed.
    case later(String, after: Duration)

    /// By status (remote write 1.0, "Retries & Backoff"): 5xx and 429 are tried again, other 4xx are not. Tried again
    /// as well: 401, since a token can be renewed; 404 and 405, since a wrong address says nothing of the batch; 408; and
    /// 403, since a token or host name that does not fit says nothing of the batch either, unless the server's store
    /// says that a series of it is not this sender's.
    init(_ response: HTTPResponse) {
        let text = String(decoding: response.body.prefix(500), as: UTF8.self)
        let reason = "status \(response.status)" + (text.isEmpty ? "" : ": \(text)")
        switch response.status {
        case 200...299: self = .delivered
        case 401, 404, 405, 408, 425, 429: self = .later(reason, after: Self.retryAfter(response))
        case 403 where !Self.isOfSeries(response): self = .later(reason, after: Self.retryAfter(response))
        case 400...499: self = .refused(reason)
        default: self = .later(reason, after: Self.retryAfter(response))
        }
    }

    /// Whether a refusal names a series: the store's reasons begin so.
    private static func isOfSeries(_ response: HTTPResponse) -> Bool {
        struct Refusal: Decodable { let error: String }
        let refusal = try? JSONDecoder().decode(Refusal.self, from: Data(response.body))
        return refusal?.error.hasPrefix("the series ") ?? false
    }

    /// `Retry-After` in seconds, at most five minutes; a date is not worth reading since the back-off comes first.
    private static func retryAfter(_ response: HTTPResponse) -> Duration {
        guard let text = response[header: "retry-after"], let seconds = Int64(text), seconds > 0 else { return .zero }
        return .seconds(min(seconds, 300))
    }
}

/// Sends batches in order, each until the server has taken or refused it.
struct SamplePusher: Sendable {
    let queue: SpoolQueue
    let link: ServerLink
    let patience: Patience
    let logger: Logger

    /// Runs until the task is cancelled.
    func run() async throws {
        for await _ in queue.arrivals {
            while let record = try await oldest() { try await deliver(record) }
        }
    }

    private func oldest() async throws -> SpoolRecord? {
        var failures = 0
        while true {
            do throws(AgentError) {
                return try await queue.next()
            } catch {
                if failures == 0 { logger.error("cannot read the spool: \(error)") }
                failures += 1
            }
            try await patience.wait(failures: failures)
        }
    }

    private func deliver(_ record: SpoolRecord) async throws {
        var failures = 0
        var lastReason: String?
        while true {
            switch try await verdict(record) {
            case .delivered:
                if failures > 0 { logger.info("the server takes samples again") }
                await queue.delivered(record.sequence)
                return
            case .refused(let reason):
                logger.error("the server refused batch \(record.sequence) for good, it is set aside: \(reason)")
                await queue.setAside(record)
                return
            case .later(let reason, let least):
                // Another reason than the last is news: a token may be revoked while the server is away.
                if reason != lastReason {
                    logger.warning("samples wait on disk until the server takes them: \(reason)")
                }
                lastReason = reason
                failures += 1
                try await patience.wait(failures: failures, least: least)
            }
        }
    }

    private func verdict(_ record: SpoolRecord) async throws -> PushVerdict {
        do throws(HTTPClientError) {
            let verdict = PushVerdict(try await link.write(record.payload))
            if case .refused(let reason) = verdict, link.isForbidden { return .later(reason, after: .zero) }
            return verdict
        } catch {
            try Task.checkCancellation()
            return .later("\(error)", after: .zero)
        }
    }
}
