import FleetModel
import HTTPClient
import Testing

/// The same data in Debian's Prometheus 2.42 and in Evenkeel, the same requests, the answers field by field. What must
/// differ says why, by name (`APICase.Difference`).
@Suite(
    .enabled(if: LoopbackServer.hasPrometheus, "Debian's package prometheus is not installed"),
    .timeLimit(.minutes(5)))
struct APIDifferentialTests {
    @Test func everyRequestIsAnsweredAsPrometheusDoes() async throws {
        let (ours, theirs) = try await (LoopbackServer.evenkeel(), LoopbackServer.prometheus())
        let fleet = SampleFleet(now: WallClock().now)
        for server in [ours, theirs] { try await server.write(fleet.series) }
        let cases = APICases(fleet: fleet).all
        for one in cases { try await compare(one, try await one.ask(ours), try await one.ask(theirs)) }
        #expect(cases.count > 150)
        try await compareFederation(fleet, ours, theirs)
        try await compareStatus(ours, theirs)
    }

    private func compare(_ one: APICase, _ mine: HTTPResponse, _ theirs: HTTPResponse) async throws {
        switch one.expectation {
        case .other(_, let status):
            #expect(mine.status == status, "\(one): \(mine.text)")
        case .sameError:
            #expect(mine.status == theirs.status, "\(one): \(mine.text) instead of \(theirs.text)")
            guard mine[header: "content-type"] == "application/json" else { return }
            let (found, wanted) = (try JSONValue(mine.body), try JSONValue(theirs.body))
            #expect(found["errorType"] == wanted["errorType"], "\(one): \(mine.text) instead of \(theirs.text)")
            #expect(found["error"].text?.isEmpty == false)
        case .same:
            #expect(mine.status == theirs.status, "\(one): \(mine.text) instead of \(theirs.text)")
            #expect(mine[header: "content-type"] == theirs[header: "content-type"], "\(one)")
            #expect(mine[header: "allow"] == theirs[header: "allow"], "\(one)")
            guard theirs[header: "content-type"] == "application/json" else {
                #expect(mine.text == theirs.text, "\(one)")
                return
            }
            let difference = try Self.comparable(mine).difference(from: Self.comparable(theirs))
            #expect(difference == nil, "\(one)\n\(mine.text.prefix(600))\ninstead of\n\(theirs.text.prefix(600))")
        }
    }

    private static func comparable(_ response: HTTPResponse) throws -> JSONValue {
        let value = try JSONValue(response.body).dropping("warnings", "infos")
        guard case .object(var members) = value, case .object(var data) = members["data"] else { return value }
        data["result"] = data["result"]?.sortedByMetric
        members["data"] = .object(data)
        return .object(members)
    }

    // MARK: Pages of metrics

    private func compareFederation(
        _ fleet: SampleFleet, _ ours: LoopbackServer, _ theirs: LoopbackServer
    ) async throws {
        let now = WallClock().now.milliseconds
        let fresh = fleet.series.filter { $0.labels.metric != "ended" }.map { series in
            SeriesSamples(
                labels: series.labels,
                samples: SampleColumns(times: [now], values: [series.samples.values.last ?? 0]))
        }
        for server in [ours, theirs] { try await server.write(fresh) }
        for query in ["match[]=up", "match[]={job=\"api\"}&match[]=odd", "match[]=nothing", "match[]=odd_labels", ""] {
            let path =
                "/federate?"
                + query.replacing("{", with: "%7B").replacing("}", with: "%7D")
                .replacing("\"", with: "%22")
            let (mine, wanted) = (try await ours.send(.get, path), try await theirs.send(.get, path))
            #expect(mine.status == 200)
            #expect(mine[header: "content-type"] == wanted[header: "content-type"])
            #expect(Self.lines(mine) == Self.lines(wanted), "\(path)\n\(mine.text)\ninstead of\n\(wanted.text)")
        }
    }

    /// The lines with numbers in one way of writing them.
    private static func lines(_ response: HTTPResponse) -> [String] {
        response.text.split(separator: "\n").map { line in
            let parts = line.split(separator: " ")
            guard !line.hasPrefix("#"), parts.count > 2, let value = Double(parts[parts.count - 2]) else {
                return String(line)
            }
            // Prometheus' writer of pages knows no negative zero.
            return parts.dropLast(2).joined(separator: " ") + " \(value + 0) \(parts[parts.count - 1])"
        }.sorted()
    }

    // MARK: Shapes

    /// What cannot be equal has at least the same fields.
    private func compareStatus(_ ours: LoopbackServer, _ theirs: LoopbackServer) async throws {
        for name in ["buildinfo", "runtimeinfo", "config", "tsdb", "walreplay"] {
            let mine = try await ours.data("/api/v1/status/\(name)").members
            let wanted = try await theirs.data("/api/v1/status/\(name)").members
            #expect(Set(wanted.keys).subtracting(mine.keys).isEmpty, "\(name): \(mine.keys.sorted())")
            for (key, value) in wanted {
                #expect(Self.kind(mine[key]) == Self.kind(value), "\(name).\(key)")
            }
        }
        let counts = try await ours.data("/api/v1/status/tsdb?limit=3")
        #expect(counts["seriesCountByMetricName"].elements.count == 3)
        #expect(counts["headStats"].members.keys.count == 5)
    }

    private static func kind(_ value: JSONValue?) -> String {
        switch value {
        case .null, nil: "null"
        case .bool: "bool"
        case .number: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }
}
