import FleetModel
import HTTPTypes
import Hummingbird
import PromQL
import TimeSeriesStore

/// The paths of Prometheus' HTTP API, in its shapes.
struct PrometheusRoutes {
    /// The most steps of a range query, as in Prometheus.
    static let mostSteps: Int64 = 11_000
    /// The largest compressed remote-write request.
    static let largestWrite = 32 << 20

    let controller: FleetController
    let store: TimeSeriesStore
    let engine: any QueryEngine
    let clock: any Clock

    func add(to router: Router<FleetRequestContext>) {
        let group = router.group("/api/v1")
        group.post("write") { try await write($0, $1) }
        group.get("query") { try await instant($0, $1) }
        group.post("query") { try await instant($0, $1) }
        group.get("query_range") { try await range($0, $1) }
        group.post("query_range") { try await range($0, $1) }
    }

    private func instant(_ request: Request, _ context: FleetRequestContext) async throws -> Response {
        _ = try context.requireOperator()
        let parameters = try await RequestParameters(request)
        let expression = try parameters.text("query")
        let moment = try parameters.moment("time") ?? clock.now
        return try await answer { try await engine.instant(expression, at: moment) }
    }

    private func range(_ request: Request, _ context: FleetRequestContext) async throws -> Response {
        _ = try context.requireOperator()
        let parameters = try await RequestParameters(request)
        let expression = try parameters.text("query")
        guard let first = try parameters.moment("start"), let last = try parameters.moment("end"),
            let step = try parameters.span("step")
        else { throw APIError(.badRequest, "query_range needs the parameters start, end and step") }
        if last < first {
            throw APIError(.badRequest, "invalid parameter \"end\": end timestamp must not be before start time")
        }
        let (span, overflow) = last.milliseconds.subtractingReportingOverflow(first.milliseconds)
        guard !overflow, span / step.milliseconds <= Self.mostSteps else {
            throw APIError(
                .badRequest,
                "exceeded maximum resolution of \(Self.mostSteps) points per timeseries. "
                    + "Try decreasing the query resolution (?step=XX)")
        }
        return try await answer { try await engine.range(expression, from: first, through: last, step: step) }
    }

    private func answer(_ ask: () async throws -> QueryAnswer) async throws -> Response {
        do {
            let bytes = QueryJSON.bytes(of: try await ask())
            return Response(
                status: .ok, headers: [.contentType: "application/json"],
                body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
        } catch let error as PromQLError {
            throw APIError(error)
        }
    }

    private func write(_ request: Request, _ context: FleetRequestContext) async throws -> Response {
        let scope: WriteScope?
        switch context.principal {
        case .agent(let host): scope = WriteScope(host: host, cluster: controller.cluster(of: host))
        case .local, .operator: scope = nil
        case nil: throw APIError(.forbidden, "nobody may write without being known")
        }
        try Self.requireRemoteWrite1(request)
        let body = try await request.collected(upTo: Self.largestWrite)
        do {
            try await store.write(remoteWrite: Array(buffer: body), allowing: scope)
            controller.note(seriesProblem: nil)
            return Response(status: .noContent)
        } catch {
            if error.isOfTheDisk { controller.note(seriesProblem: "\(error)") }
            throw APIError(error)
        }
    }

    /// A sender of another protocol must hear so: what it sends would be read as an empty request and be lost.
    private static func requireRemoteWrite1(_ request: Request) throws {
        let type = (request.headers[.contentType] ?? "").lowercased()
        let encoding = (request.headers[.contentEncoding] ?? "snappy").lowercased()
        let isKnown = type.isEmpty || type.hasPrefix("application/x-protobuf") || type == "application/octet-stream"
        guard isKnown, !type.contains("write.v2"), encoding == "snappy" else {
            throw APIError(
                .unsupportedMediaType,
                "this is remote write 1.0: Content-Type application/x-protobuf, "
                    + "Content-Encoding snappy; not '\(type)' and '\(encoding)'")
        }
    }
}

extension StoreError {
    /// Whether nobody can write until an operator helps.
    fileprivate var isOfTheDisk: Bool {
        switch self {
        case .noSpace, .fileFailed, .databaseFailed: true
        default: false
        }
    }
}

extension APIError {
    /// The status that Prometheus answers an error of its query engine with.
    init(_ error: PromQLError) {
        switch error {
        case .syntax: self.init(.badRequest, "invalid parameter \"query\": \(error)")
        case .evaluation, .tooManySamples:
            self.init(.unprocessableContent, "\(error)", prometheusType: "execution")
        case .tooManySteps: self.init(.badRequest, "\(error)")
        case .timedOut: self.init(.serviceUnavailable, "\(error)", prometheusType: "timeout")
        case .cancelled: self.init(.serviceUnavailable, "\(error)", prometheusType: "canceled")
        case .busy: self.init(.serviceUnavailable, "\(error)", prometheusType: "timeout", retryAfterSeconds: 5)
        case .storage: self.init(.internalServerError, "\(error)", prometheusType: "internal")
        }
    }

    /// The status that makes a sender of remote write do the right thing: 4xx drops the batch, 429 and 5xx repeat it.
    init(_ error: StoreError) {
        let status: HTTPResponse.Status =
            switch error {
            case .invalid, .refused, .badMatcher: .badRequest
            case .forbidden: .forbidden
            case .overLimit: .tooManyRequests
            case .shuttingDown, .noSpace: .serviceUnavailable
            case .inUse, .fileFailed, .databaseFailed, .damaged: .internalServerError
            }
        let type = status.code < 500 ? "bad_data" : "unavailable"
        self.init(status, "\(error)", prometheusType: type, retryAfterSeconds: error.retryAfterSeconds)
    }
}
