import FleetModel
import HTTPClient
import Testing

@testable import RemoteEngine

/// Whatever the other server answers, or does not, there is a clear error in bounded time.
@Suite(.timeLimit(.minutes(1))) struct HostileServerTests {
    private let client = HTTPClient()

    private func engine(_ stub: StubServer) -> RemoteEngine {
        var endpoint = RemoteEngine.Endpoint(queryURL: stub.url, writeURL: stub.url + "/api/v1/write")
        endpoint.access.timeLimit = .milliseconds(500)
        endpoint.answerLimit = 64 << 10
        return RemoteEngine(client: client, endpoint: endpoint)
    }

    private func failure(_ stub: StubServer) async -> RemoteEngineError? {
        await #expect(throws: RemoteEngineError.self) {
            try await engine(stub).instant("up", at: Timestamp(milliseconds: 0))
        }
    }

    private static let open = "{\"status\":\"success\",\"data\":"

    @Test func aServerThatHangsIsGivenUp() async throws {
        let stub = try StubServer(answer: nil)
        guard case .http(.timedOut(let url, _)) = await failure(stub) else {
            Issue.record("not a time limit")
            return
        }
        #expect(url == stub.url + "/api/v1/query")
        let refused = await #expect(throws: RemoteEngineError.self) { try await engine(stub).append([]) }
        guard case .http(.timedOut) = refused else {
            Issue.record("not a time limit")
            return
        }
    }

    @Test(arguments: [
        "{\"status\":\"success\"}", "{\"status\":\"success\",\"data\":null}", "not JSON", "", "[]", "{\"status\":3}",
        open + "{\"resultType\":\"map\",\"result\":[]}}", open + "{\"resultType\":\"vector\",\"result\":{}}}",
        open + "{\"resultType\":\"vector\",\"result\":[{\"metric\":{},\"value\":[1,\"abc\"]}]}}",
        open + "{\"resultType\":\"vector\",\"result\":[{\"metric\":{},\"value\":[1e300,\"1\"]}]}}",
        open + "{\"resultType\":\"vector\",\"result\":[{\"metric\":{\"a\":1},\"value\":[1,\"1\"]}]}}",
        open + "{\"resultType\":\"scalar\",\"result\":[1]}}", open + String(repeating: "[", count: 5000),
        open + String(repeating: "{\"a\":", count: 5000),
    ])
    func whatIsNoAnswerIsRefusedWithItsBeginning(body: String) async throws {
        guard case .undecodable(let url, let reason, let shown) = await failure(try StubServer(200, body)) else {
            Issue.record("it was read")
            return
        }
        #expect(url.hasSuffix("/api/v1/query") && !reason.isEmpty && body.hasPrefix(shown) && shown.count <= 200)
    }

    @Test func anAnswerThatIsTooLongIsCutOff() async throws {
        let stub = try StubServer(200, Self.open + String(repeating: " ", count: 100_000) + "{}}")
        guard case .http(.tooLarge(_, 65536)) = await failure(stub) else {
            Issue.record("it was read")
            return
        }
    }

    @Test(arguments: [400, 404, 500, 503])
    func aStatusThatSaysNoIsTheEvidence(status: Int) async throws {
        let stub = try StubServer(status, "sorry")
        guard case .http(.status(_, status, "sorry")) = await failure(stub) else {
            Issue.record("not the status")
            return
        }
        let refused = await #expect(throws: RemoteEngineError.self) { try await engine(stub).append([]) }
        guard case .http(.status(_, status, "sorry")) = refused else {
            Issue.record("not the status")
            return
        }
    }

    @Test func aRefusalInPrometheusWayKeepsItsWords() async throws {
        let stub = try StubServer(422, "{\"status\":\"error\",\"errorType\":\"execution\",\"error\":\"too much\"}")
        #expect(
            await failure(stub) == .refused(url: stub.url + "/api/v1/query", type: "execution", reason: "too much"))
    }
}
