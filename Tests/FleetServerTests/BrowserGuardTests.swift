import HTTPTypes
import Hummingbird
import Testing

@testable import FleetServer

@Suite struct BrowserGuardTests {
    private let own = BrowserGuard<FleetRequestContext>(listen: ListenAddress(host: "127.0.0.2", port: 7411))

    private func objection(
        _ method: HTTPRequest.Method = .get, path: String = "/fleet/v1/tips", host: String? = "127.0.0.1:7411",
        origin: String? = nil, type: String? = nil
    ) -> String? {
        var head = HTTPRequest(method: method, scheme: "http", authority: host, path: path)
        if let origin { head.headerFields[.origin] = origin }
        if let type { head.headerFields[.contentType] = type }
        return own.objection(to: Request(head: head, body: .init(buffer: .init())))
    }

    @Test(arguments: ["127.0.0.1:7411", "localhost:7411", "[::1]:7411", "127.0.0.2:7411", "127.0.0.1"])
    func scriptsOfThisMachineComeIn(host: String) {
        #expect(objection(host: host) == nil)
        #expect(objection(.post, host: host, type: "application/json") == nil)
        #expect(objection(.post, path: "/api/v1/query", host: host, type: "application/x-www-form-urlencoded") == nil)
    }

    @Test(arguments: ["evil.example.org", "evil.example.org:7411", "127.0.0.1.example.org:7411", "[::2]:7411", ""])
    func anotherNameForThisMachineStaysOut(host: String) {
        #expect(objection(host: host) != nil)
    }

    @Test func pagesStayOutWhateverTheySend() {
        #expect(objection(origin: "http://evil.example.org") != nil)
        #expect(objection(origin: "null") != nil)
        #expect(objection(.post, type: "text/plain") != nil)
        #expect(objection(.post, type: "multipart/form-data; boundary=x") != nil)
        #expect(objection(.post, type: "application/x-www-form-urlencoded") != nil)
        #expect(objection(host: nil) != nil)
    }
}
