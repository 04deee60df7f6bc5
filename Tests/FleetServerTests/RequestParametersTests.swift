import FleetModel
import HTTPTypes
import Hummingbird
import Testing

@testable import FleetServer

@Suite struct RequestParametersTests {
    private func parameters(
        _ query: String, form: String? = nil, type: String = "application/x-www-form-urlencoded"
    ) async throws -> RequestParameters {
        var head = HTTPRequest(
            method: form == nil ? .get : .post, scheme: "http", authority: "127.0.0.1:1", path: "/api/v1/query?" + query
        )
        if form != nil { head.headerFields[.contentType] = type }
        return try await RequestParameters(
            Request(head: head, body: RequestBody(buffer: ByteBuffer(string: form ?? ""))))
    }

    @Test func formsAreDecodedAndWinOverTheURL() async throws {
        let parameters = try await parameters("query=a&x=%2B1", form: "query=sum+by+%28host%29")
        #expect(parameters["query"] == "sum by (host)")
        #expect(parameters.all("query") == ["sum by (host)", "a"])
        #expect(parameters["x"] == "+1")
    }

    @Test func aNameMayComeSeveralTimes() async throws {
        let parameters = try await parameters("match[]=a&match%5B%5D=b%7Bx%3D%22%26%22%7D&limit=")
        #expect(parameters.all("match[]") == ["a", "b{x=\"&\"}"])
        #expect(try parameters.limit() == nil)
    }

    @Test(arguments: ["query=%zz", "query=a%2", "query=%", "a;b=c", "query=%ff"])
    func aBrokenFormIsRefused(form: String) async {
        await #expect(throws: APIError.self) { try await parameters(form) }
        await #expect(throws: APIError.self) { try await parameters("", form: form) }
    }

    @Test func onlyAFormIsAForm() async throws {
        await #expect(throws: APIError.self) { try await parameters("", form: "{}", type: "application/json") }
        #expect(try await parameters("query=1", form: "", type: "")["query"] == "1")
    }

    @Test(arguments: [("0", nil), ("3", 3), ("", nil)])
    func limitsAreRead(text: String, limit: Int?) async throws {
        #expect(try await parameters("limit=\(text)").limit() == limit)
    }

    @Test(arguments: ["x", "-1", "1.5"])
    func whatIsNoLimitIsRefused(text: String) async throws {
        let parameters = try await parameters("limit=\(text)")
        #expect(throws: APIError.self) { try parameters.limit() }
    }

    @Test(arguments: [
        ("1767225600", 1_767_225_600_000), ("1767225600.5", 1_767_225_600_500),
        ("2026-01-01T00:00:00Z", 1_767_225_600_000),
        ("2026-01-01T00:00:00.250Z", 1_767_225_600_250), ("2026-01-01T01:00:00%2B01:00", 1_767_225_600_000),
        ("2025-12-31T22:30:00.123456789-01:30", 1_767_225_600_123), ("2024-02-29T00:00:00Z", 1_709_164_800_000),
        ("1969-12-31T23:59:59.5Z", -500), ("2000-03-01T00:00:00Z", 951_868_800_000),
    ])
    func momentsAreRead(text: String, milliseconds: Int64) async throws {
        #expect(try await parameters("time=\(text)").moment("time") == Timestamp(milliseconds: milliseconds))
    }

    @Test(arguments: [
        "yesterday", "NaN", "inf", "1e300", "2025-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-01T24:00:00Z",
        "2026-01-01T00:00:00", "2026-01-01 00:00:00Z", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00Zx",
    ])
    func whatIsNoMomentIsRefusedByName(text: String) async throws {
        let parameters = try await parameters("time=\(text)")
        let error = #expect(throws: APIError.self) { try parameters.moment("time") }
        #expect(error?.reason.contains("\"time\"") == true)
    }

    @Test(arguments: [("15", 15_000), ("0.5", 500), ("1m30s", 90_000), ("250ms", 250), ("1d", 86_400_000)])
    func spansAreRead(text: String, milliseconds: Int64) async throws {
        #expect(try await parameters("step=\(text)").span("step") == .milliseconds(milliseconds))
    }

    @Test(arguments: ["0", "-1", "m", "5 parsecs", "NaN", "1e300", ""])
    func whatIsNoStepIsRefused(text: String) async throws {
        let parameters = try await parameters("step=\(text)")
        #expect(throws: APIError.self) { try parameters.requiredStep("step") }
    }

    @Test(arguments: [0, 1, -1, 1_767_225_600_123, -500, 951_868_799_000, 4_107_542_400_000])
    func momentsAreWrittenAsTheyAreRead(milliseconds: Int64) {
        let moment = Timestamp(milliseconds: milliseconds)
        #expect(RequestTime.moment(RequestTime.text(moment)) == moment)
    }
}
