import HTTPClient
import Testing

private func ok(_ body: String, _ headers: String = "") -> String {
    "HTTP/1.1 200 OK\r\n\(headers)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
}

@Suite(.timeLimit(.minutes(1))) struct HTTPClientTests {
    @Test func aRequestArrivesAsItWasGivenAndTheAnswerComesBack() async throws {
        let server = try LoopbackServer { _ in ok("hello", "X-Kind: test  \r\n") }
        defer { server.stop() }
        var request = HTTPRequest(
            .post, server.url + "/a?b=c%20d", headers: [("X-Empty", ""), ("A", "b")], body: [0, 1, 255])
        request.authorize(bearer: "secret")
        let response = try await HTTPClient().send(request)
        #expect(response.status == 200)
        #expect(response.text == "hello")
        #expect(response[header: "x-kind"]?.hasPrefix("test") == true)
        let seen = try #require(server.received.first)
        #expect(seen.head.hasPrefix("POST /a?b=c%20d HTTP/1.1\r\n"))
        for line in ["X-Empty:", "A: b", "Authorization: Bearer secret", "User-Agent: evenkeel", "Content-Length: 3"] {
            #expect(seen.head.contains("\r\n" + line))
        }
        #expect(!seen.head.contains("Expect"))
        #expect(seen.body == [0, 1, 255])
    }

    @Test func everyMethodIsSent() async throws {
        let server = try LoopbackServer { _ in ok("") }
        defer { server.stop() }
        let client = HTTPClient()
        for method in [HTTPRequest.Method.get, .post, .put, .delete] {
            _ = try await client.send(HTTPRequest(method, server.url))
        }
        #expect(server.received.map { $0.head.prefix(3) } == ["GET", "POS", "PUT", "DEL"])
        #expect(server.connectionCount == 1)
    }

    @Test func aRedirectIsHandedBackAndNotFollowed() async throws {
        let server = try LoopbackServer { _ in
            "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
        }
        defer { server.stop() }
        let response = try await HTTPClient().send(HTTPRequest(.get, server.url))
        #expect(response.status == 302)
        let error = try #require(throws: HTTPClientError.self) { try response.requireSuccess() }
        #expect(error == .status(url: server.url, status: 302, body: ""))
    }

    @Test func aRefusalKeepsStatusAndBody() async throws {
        let server = try LoopbackServer { _ in "HTTP/1.1 503 Busy\r\nContent-Length: 6\r\n\r\nlater!" }
        defer { server.stop() }
        let response = try await HTTPClient().send(HTTPRequest(.get, server.url))
        let error = try #require(throws: HTTPClientError.self) { try response.requireSuccess() }
        #expect(error.isTemporary)
        #expect(error.description == "\(server.url) answered 503: later!")
    }

    @Test func anAnswerBeyondTheLimitIsRefused() async throws {
        let server = try LoopbackServer { _ in ok(String(repeating: "x", count: 200_000)) }
        defer { server.stop() }
        var request = HTTPRequest(.get, server.url)
        request.responseLimit = 199_999
        await #expect(throws: HTTPClientError.tooLarge(url: server.url, limit: 199_999)) {
            try await HTTPClient().send(request)
        }
        request.responseLimit = 200_000
        #expect(try await HTTPClient().send(request).body.count == 200_000)
    }

    @Test func aServerThatNeverAnswersMeetsTheTimeLimit() async throws {
        let server = try LoopbackServer { _ in nil }
        defer { server.stop() }
        var request = HTTPRequest(.get, server.url)
        request.totalLimit = .milliseconds(100)
        let error = await #expect(throws: HTTPClientError.self) { try await HTTPClient().send(request) }
        guard case .timedOut = error else {
            Issue.record("unexpected \(String(describing: error))")
            return
        }
        #expect(error?.isTemporary == true)
    }

    @Test func nobodyListeningIsATransportError() async throws {
        let server = try LoopbackServer { _ in nil }
        server.stop()
        let error = await #expect(throws: HTTPClientError.self) {
            try await HTTPClient().send(HTTPRequest(.get, server.url))
        }
        guard case .transport(_, 7, _) = error else {
            Issue.record("unexpected \(String(describing: error))")
            return
        }
    }

    @Test func cancellingTheTaskAbortsTheTransfer() async throws {
        let (arrivals, arrived) = AsyncStream.makeStream(of: Void.self)
        let server = try LoopbackServer { _ in
            arrived.yield()
            return nil
        }
        defer { server.stop() }
        let client = HTTPClient()
        let url = server.url
        let task = Task { try await client.send(HTTPRequest(.get, url)) }
        for await _ in arrivals { break }
        task.cancel()
        await #expect(throws: HTTPClientError.cancelled(url: url)) { try await task.value }
        // Cancelled before it began.
        let second = Task {
            unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
            return try await client.send(HTTPRequest(.get, url))
        }
        await #expect(throws: HTTPClientError.cancelled(url: url)) { try await second.value }
    }

    @Test func hundredsOfLongPollsWaitAtOnce() async throws {
        let server = try LoopbackServer { request in request.head.contains("/poll") ? nil : ok("quick") }
        defer { server.stop() }
        let client = HTTPClient()
        let url = server.url
        let polls = (0..<200).map { number in Task { try await client.send(HTTPRequest(.get, url + "/poll\(number)")) }
        }
        #expect(try await client.send(HTTPRequest(.get, url + "/quick")).text == "quick")
        for poll in polls { poll.cancel() }
        for poll in polls { await #expect(throws: HTTPClientError.self) { try await poll.value } }
    }

    @Test func closingEndsWhatIsUnderWay() async throws {
        let (arrivals, arrived) = AsyncStream.makeStream(of: Void.self)
        let server = try LoopbackServer { _ in
            arrived.yield()
            return nil
        }
        defer { server.stop() }
        let client = HTTPClient()
        let url = server.url
        let task = Task { try await client.send(HTTPRequest(.get, url)) }
        for await _ in arrivals { break }
        client.close()
        await #expect(throws: HTTPClientError.closed(url: url)) { try await task.value }
        await #expect(throws: HTTPClientError.closed(url: url)) { try await client.send(HTTPRequest(.get, url)) }
    }

    @Test(arguments: ["file:///etc/passwd", "ftp://a/", "", "http://a b/", "http://a\r\nX: y/"])
    func onlyWellFormedHTTPURLsAreSent(url: String) async {
        let error = await #expect(throws: HTTPClientError.self) { try await HTTPClient().send(HTTPRequest(.get, url)) }
        guard case .invalidRequest = error else {
            Issue.record("unexpected \(String(describing: error))")
            return
        }
    }

    @Test(arguments: [("A\r\nB", "x"), ("A", "x\r\nB: y"), ("", "x"), ("A:", "x")])
    func headersCannotSmuggleOthers(name: String, value: String) async {
        let request = HTTPRequest(.get, "http://127.0.0.1:1/", headers: [(name, value)])
        let error = await #expect(throws: HTTPClientError.self) { try await HTTPClient().send(request) }
        guard case .invalidRequest = error else {
            Issue.record("unexpected \(String(describing: error))")
            return
        }
    }

    @Test func passwordsAreNotShown() {
        #expect(HTTPRequest(.get, "http://u:p@h:1/x?a=@b").shownURL == "http://h:1/x?a=@b")
        #expect(HTTPRequest(.get, "http://h/x@y").shownURL == "http://h/x@y")
    }

    @Test func textIsPercentEncoded() {
        #expect(HTTPRequest.encoded("a b&c=ü~") == "a%20b%26c%3D%C3%BC~")
    }
}
