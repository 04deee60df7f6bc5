import HTTPTypes
import Hummingbird
import Testing

@testable import HTTPDoor

@Suite struct BrowserGuardTests {
    private static let listen = ListenAddress(host: "127.0.0.2", port: 7411)
    private let own = BrowserGuard<BasicRequestContext>(listen: listen)
    private let admitting = BrowserGuard<BasicRequestContext>(
        listen: listen, origins: AllowedOrigins(origins: ["https://grafana.example.org"]))
    private let withTokens = BrowserGuard<BasicRequestContext>(listen: listen, isOpen: false)

    private func objection(
        _ method: HTTPRequest.Method = .get, path: String = "/fleet/v1/tips", host: String? = "127.0.0.1:7411",
        origin: String? = nil, type: String? = nil, site: String? = nil,
        by guardian: BrowserGuard<BasicRequestContext>? = nil
    ) -> String? {
        var head = HTTPRequest(method: method, scheme: "http", authority: host, path: path)
        if let origin { head.headerFields[.origin] = origin }
        if let type { head.headerFields[.contentType] = type }
        if let site { head.headerFields[.secFetchSite] = site }
        return (guardian ?? own).objection(to: Request(head: head, body: .init(buffer: .init())))
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

    @Test(arguments: ["/api/v1/query?query=up", "/federate?match[]=up", "/metrics", "/-/ready", "/api/v1/write"])
    func aPageCannotEvenAsk(path: String) {
        #expect(objection(path: path, site: "cross-site") != nil)
        #expect(objection(path: path, site: "same-site") != nil)
        #expect(objection(path: path, host: "rebound.example.org") != nil)
        #expect(objection(path: path, site: "none") == nil)
        #expect(objection(path: path, site: "same-origin") == nil)
    }

    @Test func anAdmittedPageReadsAndDoesNothingElse() {
        let page = "https://grafana.example.org"
        let form = "application/x-www-form-urlencoded"
        for path in ["/api/v1/query", "/api/v1/label/job/values?start=1"] {
            #expect(objection(path: path, origin: page, site: "cross-site", by: admitting) == nil)
            #expect(objection(.post, path: path, origin: page, type: form, site: "cross-site", by: admitting) == nil)
            #expect(objection(path: path, origin: page + ".evil", site: "cross-site", by: admitting) != nil)
        }
        for path in ["/fleet/v1/tips", "/api/v1/write", "/api/v1/admin/tsdb/delete_series", "/agent/v1/commands"] {
            #expect(objection(.post, path: path, origin: page, type: "application/json", by: admitting) != nil)
        }
    }

    @Test func tokensMakeAnyHostNameGoodAndNoPage() {
        #expect(objection(host: "evenkeel.example.org", by: withTokens) == nil)
        #expect(objection(host: "evenkeel.example.org", site: "cross-site", by: withTokens) != nil)
        #expect(objection(host: "evenkeel.example.org", origin: "https://evil.example.org", by: withTokens) != nil)
    }
}
