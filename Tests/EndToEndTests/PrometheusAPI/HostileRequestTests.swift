import FleetModel
import HTTPClient
import MetricsWire
import Testing

/// Requests that mean harm: each has a clear answer in bounded time, and the server goes on for everybody else.
@Suite(.timeLimit(.minutes(3)))
struct HostileRequestTests {
    private let server: LoopbackServer

    init() async throws {
        server = try await LoopbackServer.evenkeel(settings: [
            "query_max_samples: 5000", "query_max_concurrency: 2",
            "cors_origins: https://grafana.example.org",
        ])
        let fleet = SampleFleet(now: WallClock().now)
        let awkward = SeriesSamples(
            labels: ["__name__": "up", "job": String(repeating: "a", count: 40) + "!"],
            samples: SampleColumns(times: [fleet.start], values: [1]))
        try await server.write(fleet.series + [awkward])
    }

    private func query(
        _ path: String, _ fields: [(name: String, value: String)]
    ) async throws -> (status: Int, kind: String?, reason: String) {
        let response = try await APICase.post(path, fields).ask(server)
        let value = try? JSONValue(response.body)
        return (response.status, value?["errorType"].text, value?["error"].text ?? response.text)
    }

    private func requireAlive() async throws {
        #expect(try await server.data("/api/v1/query?query=1%2B1")["result"][1] == .string("2"))
    }

    @Test func aQueryOfEverythingEndsAtItsBudget() async throws {
        for text in [
            "{__name__=~\".+\"}[1h]", "sum_over_time(vector(1)[1h:10ms])",
            "sum(count_over_time({__name__=~\".+\"}[1h:100ms]))",
        ] {
            let answer = try await query("query", [("query", text)])
            #expect(answer.status == 422 && answer.kind == "execution", "\(text): \(answer)")
            #expect(answer.reason.contains("samples"), "\(text): \(answer)")
        }
        try await requireAlive()
    }

    @Test func aQueryThatTakesTooLongEndsInTimeAndOthersAreAnswered() async throws {
        let server = try await LoopbackServer.evenkeel(settings: ["query_timeout: 300ms", "query_max_concurrency: 2"])
        let fleet = SampleFleet(now: WallClock().now)
        try await server.write(fleet.series)
        let slow = APICase.post(
            "query_range",
            [
                ("query", "sum(quantile_over_time(0.5, {__name__=~\".+\"}[30m]))"),
                ("start", "\(fleet.end / 1000 - 10_000)"), ("end", "\(fleet.end / 1000)"), ("step", "1"),
            ])
        let answers = try await withThrowingTaskGroup(of: HTTPResponse.self) { group in
            for _ in 0..<3 { group.addTask { try await slow.ask(server) } }
            #expect(try await server.send(.get, "/api/v1/labels").status == 200)
            #expect(try await server.send(.get, "/-/ready").status == 200)
            return try await group.reduce(into: []) { $0.append($1) }
        }
        for answer in answers {
            #expect(answer.status == 503)
            #expect(try JSONValue(answer.body)["errorType"] == .string("timeout"))
        }
        #expect(try await server.data("/api/v1/query?query=1%2B1")["result"][1] == .string("2"))
    }

    /// As many endless queries as a pool of threads could have: others, and the rules, have their turn beside them.
    @Test func endlessQueriesLeaveOthersTheirTurn() async throws {
        let rule = "groups: [{name: g, interval: 1s, rules: [{record: turn, expr: time()}]}]"
        let server = try await LoopbackServer.evenkeel(
            settings: ["query_timeout: 10m", "query_max_concurrency: 12"], packs: ["turns": rule])
        let endless = "query=quantile_over_time(0.5%2C%20vector(time())[10d:1s])&start=1&end=10001&step=1"
        let askers = (0..<8).compactMap { _ in RawConnection(port: server.port) }
        for asker in askers {
            asker.send("GET /api/v1/query_range?\(endless) HTTP/1.1\r\nHost: 127.0.0.1:\(server.port)\r\n\r\n")
        }
        let turns = "/api/v1/query?query=turn"
        for _ in 0..<3 {
            let before = try await server.data(turns)["result"][0]["value"][1].text
            try await server.until("the rule has its turn") {
                try await server.data(turns)["result"][0]["value"][1].text != before
            }
            #expect(try await server.send(.get, "/api/v1/label/__name__/values").status == 200)
        }
        withExtendedLifetime(askers) {}
    }

    @Test func anEndlessExpressionIsGivenUp() async throws {
        for pattern in ["(a|a)*[bc]", "(a+)+[bc]", "(.*)*[bc]"] {
            let answer = try await query("query", [("query", "count(up{job=~\"\(pattern)\"})")])
            #expect(answer.status == 422 && answer.kind == "execution", "\(answer)")
            #expect(answer.reason.contains("regular expression") && answer.reason.contains(pattern), "\(answer)")
        }
        try await requireAlive()
    }

    /// Nobody reads the answer any more: the query ends and makes room, though it could go on for minutes.
    @Test func aQueryWhoseAskerHasGoneEnds() async throws {
        let server = try await LoopbackServer.evenkeel(settings: ["query_timeout: 10m", "query_max_concurrency: 1"])
        let endless = "query=quantile_over_time(0.5%2C%20vector(time())[10d:1s])&start=1&end=10001&step=1"
        do {
            let asker = try #require(RawConnection(port: server.port))
            asker.send("GET /api/v1/query_range?\(endless) HTTP/1.1\r\nHost: 127.0.0.1:\(server.port)\r\n\r\n")
            try await server.until("the endless query holds the only place") {
                try await server.send(.get, "/api/v1/query?query=1&timeout=200ms").status == 503
            }
            withExtendedLifetime(asker) {}
        }
        #expect(try await server.data("/api/v1/query?query=1%2B1")["result"][1] == .string("2"))
    }

    /// Prometheus took the parameter up after the version that the other tests ask.
    @Test func aQueryMayLookBackAsFarAsItLikes() async throws {
        let now = WallClock().now
        try await server.write([
            SeriesSamples(
                labels: ["__name__": "old", "job": "a"],
                samples: SampleColumns(times: [now.milliseconds - 600_000], values: [7]))
        ])
        func count(_ parameters: String) async throws -> Int {
            try await server.data("/api/v1/query?query=old&time=\(now.seconds)\(parameters)")["result"].elements.count
        }
        for (parameters, expected) in [
            ("", 0), ("&lookback_delta=0", 0), ("&lookback_delta=11m", 1), ("&lookback_delta=9m", 0),
        ] {
            #expect(try await count(parameters) == expected, "\(parameters)")
        }
        let soon = try await query("query", [("query", "up"), ("lookback_delta", "soon")])
        #expect(soon.status == 400 && soon.reason.contains("lookback_delta"))
        let never = try await query("query", [("query", "up"), ("timeout", "0")])
        #expect(never.status == 503 && never.kind == "timeout")
    }

    @Test func longTextsAreRefused() async throws {
        let long = try await query("query", [("query", String(repeating: "1+", count: 600_000) + "1")])
        #expect(long.status == 400)
        #expect(long.reason.contains("bytes"))
        let endless = try await query("query", [("query", String(repeating: "x", count: 10 << 20))])
        #expect(endless.status == 413)
        let deep = try await query("query", [("query", String(repeating: "(", count: 100_000))])
        #expect(deep.status == 400)
        try await requireAlive()
    }

    /// A client that sends all it has before it reads, as many do, and wants the connection closed: the answer arrives.
    @Test(arguments: ["close", "keep-alive"], ["/api/v1/query", "/api/v1/nothing", "/-/ready"])
    func anAnswerArrivesThoughTheRequestWasNotRead(connection: String, path: String) async throws {
        let size = 40 << 20
        let client = try #require(RawConnection(port: server.port))
        let head = [
            "POST \(path) HTTP/1.1", "Host: 127.0.0.1:\(server.port)", "Connection: \(connection)",
            "Content-Type: application/x-www-form-urlencoded", "Content-Length: \(size)",
        ]
        client.send(head.joined(separator: "\r\n") + "\r\n\r\n")
        let part = String(repeating: "x", count: 1 << 20)
        for _ in 0..<size >> 20 { #expect(client.send(part) == part.utf8.count) }
        if connection != "close" {
            client.send("GET /-/healthy HTTP/1.1\r\nHost: 127.0.0.1:\(server.port)\r\nConnection: close\r\n\r\n")
        }
        let answer = client.readAll()
        #expect(answer.hasPrefix("HTTP/1.1 4"), "\(answer)")
        #expect(answer.split(separator: "HTTP/1.1 ").count + 1 == (connection == "close" ? 2 : 3), "\(answer)")
    }

    @Test func compressedBodiesAreReadAndBombsAreNot() async throws {
        func ask(_ form: [UInt8]) async throws -> HTTPResponse {
            try await server.send(
                .post, "/api/v1/query",
                headers: [
                    (name: "Content-Type", value: "application/x-www-form-urlencoded"),
                    (name: "Content-Encoding", value: "gzip"),
                ], body: GzipEncoder().append(form, isLast: true))
        }
        #expect(try JSONValue(try await ask(Array("query=1%2B1".utf8)).body)["data"]["result"][1] == .string("2"))
        #expect(try await ask([UInt8](repeating: UInt8(ascii: "a"), count: 64 << 20)).status == 413)
        try await requireAlive()
    }

    /// Requests that are none, by name: some are too long to be shown.
    private static let noRequests: [String: String] = [
        "a long path": "GET /api/v1/query?query=" + String(repeating: "x", count: 200_000)
            + " HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "a long header": "GET / HTTP/1.1\r\nHost: localhost\r\nX: " + String(repeating: "x", count: 1 << 20)
            + "\r\n\r\n",
        "many headers": "GET / HTTP/1.1\r\nHost: localhost\r\n" + (0..<20_000).map { "X\($0): x\r\n" }.joined()
            + "\r\n",
        "a negative length": "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n",
        "TLS": "\u{16}\u{3}\u{1}\u{0}\r\n\r\n",
        "two lengths": "POST /api/v1/query HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
            + "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        "a lone percent sign": "GET /api/v1/label/%/values HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        "no UTF-8": "GET /api/v1/query?query=%ff%fe HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    ]

    @Test(arguments: noRequests.keys.sorted())
    func whatIsNoRequestIsRefusedAndClosed(name: String) async throws {
        let text = try #require(Self.noRequests[name])
        let connection = try #require(RawConnection(port: server.port))
        connection.send(text)
        let answer = connection.readAll()
        #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 4"), "\(answer.prefix(200))")
        try await requireAlive()
    }

    @Test func aPageMayAskOnlyWhereItsOriginIsNamed() throws {
        func ask(_ method: String, _ path: String, _ headers: String) throws -> String {
            let connection = try #require(RawConnection(port: server.port))
            connection.send("\(method) \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\(headers)\r\n")
            return connection.readAll()
        }
        let named = "Origin: https://grafana.example.org\r\nSec-Fetch-Site: cross-site\r\n"
        let foreign = "Origin: https://evil.example.org\r\nSec-Fetch-Site: cross-site\r\n"
        let answer = try ask("GET", "/api/v1/query?query=1", named)
        #expect(answer.hasPrefix("HTTP/1.1 200"))
        #expect(answer.contains("Access-Control-Allow-Origin: https://grafana.example.org\r\n"))
        let preflight = try ask("OPTIONS", "/api/v1/query", named + "Access-Control-Request-Method: POST\r\n")
        #expect(preflight.hasPrefix("HTTP/1.1 204"))
        #expect(preflight.contains("Access-Control-Allow-Methods: GET, POST, OPTIONS\r\n"))
        let mistaken = try ask("GET", "/api/v1/query?query=(", named)
        #expect(mistaken.hasPrefix("HTTP/1.1 400"))
        #expect(mistaken.contains("Access-Control-Allow-Origin"))
        for path in ["/api/v1/query?query=1", "/federate?match[]=up", "/metrics", "/-/ready", "/fleet/v1/status"] {
            for method in ["GET", "POST", "OPTIONS"] {
                let refused = try ask(method, path, foreign)
                #expect(refused.hasPrefix("HTTP/1.1 403"), "\(method) \(path): \(refused)")
                #expect(!refused.contains("Access-Control-Allow-Origin"))
            }
        }
        #expect(try ask("GET", "/fleet/v1/status", named).hasPrefix("HTTP/1.1 403"))
    }
}
