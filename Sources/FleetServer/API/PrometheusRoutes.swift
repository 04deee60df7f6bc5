import FleetModel
import HTTPTypes
import Hummingbird
import PromQL
import RemoteEngine
import TimeSeriesStore

/// The paths of Prometheus' HTTP API, in its shapes.
struct PrometheusRoutes {
    /// The largest compressed remote-write request.
    static let largestWrite = 32 << 20

    let controller: FleetController
    let intake: SampleIntake
    let engine: any QueryEngine
    let queries: QueryOptions
    let answers: AnswerBudget
    let status: StatusRoutes
    let metadata: MetricMetadata
    let clock: any Clock

    func add(to router: Router<FleetRequestContext>) {
        router.group("/api/v1").serve("write", [.post]) { try await write($0, $1) }
        let group = router.group("/api/v1").add(middleware: OperatorsOnly())
        group.serve("query", [.get, .post]) { request, _ in try await instant(request) }
        group.serve("query_range", [.get, .post]) { request, _ in try await range(request) }
        group.serve("query_exemplars", [.get, .post]) { request, _ in try await exemplars(request) }
        switch intake.keeper {
        case .store(let store):
            let lister = SeriesLister(source: store, options: queries)
            FederationRoute(lister: lister, lookBack: queries.lookBack, clock: clock).add(to: router)
            SeriesRoutes(lister: lister).add(to: group)
        case .remote(let engine):
            RemoteRoutes(engine: engine).addFederation(to: router)
            RemoteRoutes(engine: engine).add(to: group)
        }
        LanguageRoutes().add(to: group)
        RuleRoutes(groups: { controller.view.withLock { $0.ruleGroups } }).add(to: group)
        MetadataRoutes(metadata: metadata, controller: controller).add(to: group)
        TargetRoutes(controller: controller, reportAgeLimit: status.reportAgeLimit, clock: clock).add(to: group)
        status.add(to: group)
    }

    // MARK: Queries

    private func instant(_ request: Request) async throws -> Response {
        let parameters = try await RequestParameters(request)
        let limit = try parameters.limit()
        let moment = try parameters.moment("time") ?? clock.now
        let expression = parameters["query"] ?? ""
        return try await answer(parameters, limit: limit) { engine in
            try await engine.instant(expression, at: moment)
        }
    }

    private func range(_ request: Request) async throws -> Response {
        let parameters = try await RequestParameters(request)
        let limit = try parameters.limit()
        let first = try parameters.requiredMoment("start")
        let last = try parameters.requiredMoment("end")
        if last < first { throw APIError.invalid("end", "end timestamp must not be before start time") }
        let step = try parameters.requiredStep("step")
        let (span, overflow) = last.milliseconds.subtractingReportingOverflow(first.milliseconds)
        guard step.milliseconds > 0, !overflow, span / step.milliseconds <= Int64(queries.stepLimit) else {
            throw APIError(
                .badRequest,
                "exceeded maximum resolution of \(Self.grouped(queries.stepLimit)) points per timeseries. "
                    + "Try decreasing the query resolution (?step=XX)")
        }
        let expression = parameters["query"] ?? ""
        let resolution = try parameters.sourceResolution()
        return try await answer(parameters, limit: limit) { engine in
            try await engine.range(expression, from: first, through: last, step: step, resolution: resolution)
        }
    }

    /// Asks within the caller's and the server's own time limit.
    private func answer(
        _ parameters: RequestParameters, limit: Int?,
        _ ask: @escaping @Sendable (any QueryEngine) async throws -> QueryAnswer
    ) async throws -> Response {
        // As with Prometheus, nothing and less stand for the server's own.
        let lookBack = try parameters.span("lookback_delta") ?? .zero
        let engine = lookBack > .zero ? engine.lookingBack(lookBack) : engine
        let patience = min(try parameters.span("timeout") ?? queries.timeLimit, queries.timeLimit)
        let began = ContinuousClock.now
        let answer = try await APIError.translating {
            let answer = try await ConnectionWatch.whilePresent {
                patience > .zero ? try await TimeLimit.race(patience) { try await ask(engine) } : nil
            }
            guard let answer else { throw PromQLError.timedOut }
            return answer
        }
        let timings = QueryJSON.Timings(total: (ContinuousClock.now - began).inSeconds)
        let wantsStatistics = !(parameters["stats"] ?? "").isEmpty
        let shown = QueryLimit.cut(answer, to: limit)
        let json = QueryJSON(
            shown, timings: wantsStatistics ? timings : nil, share: try answers.share(for: shown))
        return Response(status: .ok, headers: [.contentType: "application/json"], body: json.body)
    }

    /// There are no exemplars: remote write's are passed over.
    private func exemplars(_ request: Request) async throws -> Response {
        let parameters = try await RequestParameters(request)
        let (first, last) = try parameters.bounds()
        if last < first { throw APIError(.badRequest, "end timestamp must not be before start timestamp") }
        _ = try LanguageRoutes.expression(parameters)
        return .success { $0.array { _ in } }
    }

    /// `11,000`.
    private static func grouped(_ number: Int) -> String {
        number < 1000 ? "\(number)" : grouped(number / 1000) + "," + String(number % 1000 + 1000).dropFirst()
    }

    // MARK: Writing

    private func write(_ request: Request, _ context: FleetRequestContext) async throws -> Response {
        let scope: WriteScope?
        switch context.principal {
        case .agent(let host): scope = WriteScope(host: host, cluster: controller.cluster(of: host))
        case .local, .operator: scope = nil
        case nil: throw APIError(.forbidden, "nobody may write without being known")
        }
        try Self.requireRemoteWrite1(request)
        let body = Array(buffer: try await request.collected(upTo: Self.largestWrite))
        do {
            let summary = try await intake.write(remoteWrite: body, allowing: scope)
            controller.note(seriesProblem: nil)
            if scope == nil, summary == WriteSummary() { metadata.learn(fromRemoteWrite: body) }
            return Response(status: .noContent)
        } catch let error as StoreError {
            if error.isOfTheDisk { controller.note(seriesProblem: "\(error)") }
            throw APIError(error)
        } catch let error as RemoteEngineError {
            let answer = APIError(error)
            if answer.status.code >= 500 { controller.note(seriesProblem: "\(error)") }
            throw answer
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

/// Lets in only who may read everything: an agent's token does not read others' series.
struct OperatorsOnly: RouterMiddleware {
    func handle(
        _ request: Request, context: FleetRequestContext,
        next: (Request, FleetRequestContext) async throws -> Response
    ) async throws -> Response {
        _ = try context.requireOperator()
        return try await next(request, context)
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
    /// Errors of the engine and the store as Prometheus would answer them; others as they are.
    static func translating<Value>(_ work: () async throws -> Value) async throws -> Value {
        do {
            return try await work()
        } catch let error as PromQLError {
            throw APIError(error)
        } catch let error as StoreError {
            throw APIError(error)
        } catch let error as RemoteEngineError {
            throw APIError(error)
        }
    }

    /// The status that Prometheus answers an error of its query engine with.
    init(_ error: PromQLError) {
        switch error {
        case .syntax: self.init(.badRequest, "invalid parameter \"query\": \(error)")
        case .evaluation, .tooManySamples:
            self.init(.unprocessableContent, "\(error)", prometheusType: "execution")
        case .tooManySteps, .wrongType: self.init(.badRequest, "\(error)")
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
            case .invalid, .partlyInvalid, .refused, .badMatcher, .unsuitable: .badRequest
            case .underWay: .conflict
            case .selectionTooLarge: .unprocessableContent
            case .forbidden: .forbidden
            case .overLimit: .tooManyRequests
            case .shuttingDown, .noSpace: .serviceUnavailable
            case .inUse, .fileFailed, .databaseFailed, .damaged: .internalServerError
            }
        let type = status.code < 500 ? "bad_data" : "unavailable"
        self.init(status, "\(error)", prometheusType: type, retryAfterSeconds: error.retryAfterSeconds)
    }
}
