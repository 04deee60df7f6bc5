import FleetModel
import HTTPTypes
import Hummingbird
import Testing

@testable import FleetServer

@Suite struct RequestParametersTests {
    private func parameters(_ query: String, form: String? = nil) async throws -> RequestParameters {
        let head = HTTPRequest(
            method: form == nil ? .get : .post, scheme: "http", authority: "127.0.0.1:1", path: "/api/v1/query?" + query
        )
        return try await RequestParameters(
            Request(head: head, body: RequestBody(buffer: ByteBuffer(string: form ?? ""))))
    }

    @Test func formsAreDecodedAndWinOverTheURL() async throws {
        let parameters = try await parameters("query=a&x=%2B1", form: "query=sum+by+%28host%29")
        #expect(try parameters.text("query") == "sum by (host)")
        #expect(parameters["x"] == "+1")
    }

    @Test(arguments: [
        ("1767225600", 1_767_225_600_000), ("1767225600.5", 1_767_225_600_500),
        ("2026-01-01T00:00:00Z", 1_767_225_600_000),
        ("2026-01-01T00:00:00.250Z", 1_767_225_600_250), ("2026-01-01T01:00:00%2B01:00", 1_767_225_600_000),
    ])
    func momentsAreRead(text: String, milliseconds: Int64) async throws {
        #expect(try await parameters("time=\(text)").moment("time") == Timestamp(milliseconds: milliseconds))
    }

    @Test(arguments: ["yesterday", "NaN", "inf", "1e300"])
    func whatIsNoMomentIsRefusedByName(text: String) async throws {
        let parameters = try await parameters("time=\(text)")
        let error = #expect(throws: APIError.self) { try parameters.moment("time") }
        #expect(error?.reason.contains("\"time\"") == true)
    }

    @Test(arguments: [("15", 15_000), ("0.5", 500), ("1m30s", 90_000), ("250ms", 250), ("1d", 86_400_000)])
    func spansAreRead(text: String, milliseconds: Int64) async throws {
        #expect(try await parameters("step=\(text)").span("step") == .milliseconds(milliseconds))
    }

    @Test(arguments: ["0", "-1", "m", "5 parsecs", "NaN", "1e300"])
    func whatIsNoSpanIsRefused(text: String) async throws {
        let parameters = try await parameters("step=\(text)")
        #expect(throws: APIError.self) { try parameters.span("step") }
    }
}
