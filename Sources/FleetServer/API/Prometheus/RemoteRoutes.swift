import FleetModel
import HTTPClient
import HTTPTypes
import Hummingbird
import RemoteEngine

/// What there is, asked of the server that keeps the series, where that is another one.
struct RemoteRoutes {
    let engine: RemoteEngine

    func add(to group: RouterGroup<FleetRequestContext>) {
        group.serve("series", [.get, .post]) { request, _ in try await pass(request, to: "/api/v1/series") }
        group.serve("labels", [.get, .post]) { request, _ in try await pass(request, to: "/api/v1/labels") }
        group.serve("label/:name/values", [.get]) { request, context in
            let name = try LabelNameEscape.decoded(context.parameters.get("name") ?? "")
            return try await pass(request, to: RemoteEngine.path(ofValuesOf: name))
        }
    }

    func addFederation(to router: Router<FleetRequestContext>) {
        router.serve("/federate", [.get]) { request, context in
            _ = try context.requireOperator()
            let form = try await form(of: request)
            let answer = try await APIError.translating { try await engine.get("/federate", form) }
            let type = answer[header: "content-type"] ?? "text/plain; version=0.0.4; charset=utf-8"
            return Response(
                status: .init(code: answer.status), headers: [.contentType: type],
                body: .init(byteBuffer: ByteBuffer(bytes: answer.body)))
        }
    }

    /// Asks the other server the same and answers as it does.
    private func pass(_ request: Request, to path: String) async throws -> Response {
        let form = try await form(of: request)
        let answer = try await APIError.translating { try await engine.get(path, form) }
        guard answer.body.first == UInt8(ascii: "{") else {
            throw APIError(
                .badGateway, "\(answer.url) answered \(answer.status): \(answer.text.prefix(200))",
                prometheusType: "internal")
        }
        return Response(
            status: .init(code: answer.status), headers: [.contentType: "application/json"],
            body: .init(byteBuffer: ByteBuffer(bytes: answer.body)))
    }

    private func form(of request: Request) async throws -> [(String, String)] {
        let parameters = try await RequestParameters(request)
        return parameters.names.flatMap { name in parameters.all(name).map { (name, $0) } }
    }
}

extension APIError {
    /// What another server's failure means for who asked this one.
    init(_ error: RemoteEngineError) {
        switch error {
        case .refused(_, let type, let reason):
            let (status, name) = Self.refusal(type)
            self.init(status, reason, prometheusType: name)
        case .http(.status(_, let status, _)) where Self.isOfTheRequest(status):
            self.init(.badRequest, "\(error)")
        case .http(.status(_, 429, _)):
            self.init(.tooManyRequests, "\(error)", prometheusType: "unavailable", retryAfterSeconds: 10)
        case .http(.timedOut):
            self.init(.serviceUnavailable, "\(error)", prometheusType: "timeout", retryAfterSeconds: 5)
        case .http, .noWriteURL:
            self.init(.serviceUnavailable, "\(error)", prometheusType: "unavailable", retryAfterSeconds: 5)
        case .undecodable: self.init(.badGateway, "\(error)", prometheusType: "internal")
        }
    }

    /// Whether a status says that the same request will never be taken; others speak of the address, of credentials or
    /// of the moment.
    private static func isOfTheRequest(_ status: Int) -> Bool {
        (400...499).contains(status) && ![401, 403, 404, 405, 407, 408, 425, 429].contains(status)
    }

    /// By Prometheus' type of error; VictoriaMetrics puts the status there.
    private static func refusal(_ type: String) -> (HTTPResponse.Status, String) {
        switch type {
        case "bad_data", "400": (.badRequest, "bad_data")
        case "execution", "422": (.unprocessableContent, "execution")
        case "timeout", "canceled": (.serviceUnavailable, type)
        case "not_found", "404": (.notFound, "not_found")
        case "503", "unavailable": (.serviceUnavailable, "unavailable")
        default: (.badGateway, "internal")
        }
    }
}
