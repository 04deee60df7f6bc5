import HTTPClient
import Testing

@testable import Commands

@Suite("What an answer that is no success means for the exit code")
struct ExitCodeTests {
    @Test(
        "Whoever answered with a reason was reached; only what stands before a server, or one that starts, was not",
        arguments: [
            (400, CommandFailure.Code.wrongUse), (401, .no), (403, .no), (404, .no), (409, .no), (500, .no),
            (502, .unreachable),
            (503, .unreachable), (504, .unreachable), (507, .environment),
        ])
    func codes(status: Int, code: CommandFailure.Code) {
        let body = Array(#"{"error": "/srv/fleet.db: no room left on the disk"}"#.utf8)
        let answer = HTTPResponse(url: "http://127.0.0.1:1", status: status, body: body)
        let failure = ServerClient(base: "http://127.0.0.1:1").refusal(answer)
        #expect(failure.code == code)
        #expect(failure.message.contains("/srv/fleet.db: no room left on the disk"))
    }
}
