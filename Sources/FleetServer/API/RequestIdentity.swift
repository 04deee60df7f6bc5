import FleetModel
import Foundation
import HTTPTypes
import Hummingbird
import MetricsWire
import NIOCore

/// What is known of a request besides its bytes.
struct FleetRequestContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// Who sent it; `nil` before anybody looked.
    var principal: Principal?

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
    }

    /// The sender, who may read the fleet and decide.
    func requireOperator() throws -> Principal {
        guard let principal, principal.mayOperate else {
            throw APIError(.forbidden, "this needs an operator's token; an agent's token is for its own host's data")
        }
        return principal
    }

    /// The host that the request speaks for: named by `named`, and the sender's own.
    func requireHost(_ named: String?) throws -> HostName {
        guard let host = named.flatMap(HostName.init) else {
            throw APIError(.badRequest, "the parameter 'host' must name the agent's host")
        }
        guard let principal, principal.maySpeak(for: host) else {
            throw APIError(.forbidden, "\(principal?.name ?? "this sender") may not speak for host '\(host)'")
        }
        return host
    }
}

extension Request {
    /// The whole body as JSON of one type; at most `limit` bytes.
    func decoded<Value: Decodable>(as type: Value.Type, upTo limit: Int = 4 << 20) async throws -> Value {
        let buffer = try await collected(upTo: limit)
        do {
            return try FleetJSON.decoder.decode(type, from: Data(buffer.readableBytesView))
        } catch let error as DecodingError {
            throw APIError(.badRequest, "the body is not what this path takes: \(FleetJSON.explain(error))")
        }
    }

    /// How many bytes of bodies are being gathered in the process, and how many may be: many senders who never end theirs
    /// must not fill its memory.
    private static let bodiesUnderWay = Locked(0)
    private static let mostUnderWay = 256 << 20

    /// The whole body, decompressed where it says that it is gzip. One that is larger than `limit`, compressed or not, or
    /// that still comes after `patience`, is refused. Who falls silent is ended by the connection's own limit: a timer for
    /// each request would cost as much as reading one.
    func collected(upTo limit: Int, within patience: Duration = .seconds(60)) async throws -> ByteBuffer {
        let deadline = ContinuousClock.now + patience
        var buffer = ByteBuffer()
        defer { Self.bodiesUnderWay.withLock { $0 -= buffer.readableBytes } }
        for try await var part in body {
            let count = part.readableBytes
            let hasRoom = Self.bodiesUnderWay.withLock { held in
                guard held + count <= Self.mostUnderWay else { return false }
                held += count
                return true
            }
            guard hasRoom else {
                throw APIError(
                    .serviceUnavailable, "requests of too many bytes are under way; try again", retryAfterSeconds: 5)
            }
            buffer.writeBuffer(&part)
            guard buffer.readableBytes <= limit else {
                throw APIError(.contentTooLarge, "a body may have \(limit) bytes at the most")
            }
            if ContinuousClock.now > deadline {
                throw APIError(.requestTimeout, "the body did not come within \(patience)")
            }
        }
        guard headers[.contentEncoding]?.lowercased() == "gzip" else { return buffer }
        do throws(WireError) {
            return ByteBuffer(bytes: try Gzip.inflate(Array(buffer: buffer), limit: limit))
        } catch {
            throw APIError(error == .notGzip ? .badRequest : .contentTooLarge, "\(error)")
        }
    }
}
