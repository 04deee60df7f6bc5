import FleetModel
import Foundation
import HTTPClient
import MetricsWire
import Testing

@testable import Commands

/// A remote write request.
enum RemoteWriteBody {
    static func of(_ series: [SeriesSamples]) -> [UInt8] { RemoteWriteEncoder.encode(series) }
}

/// Whatever dies, what the server acknowledged reaches who gets a copy.
struct ExportCrashTests {
    /// Sample `number` of every one of ten series.
    private static func samples(_ number: Int, from start: Timestamp) -> [SeriesSamples] {
        (0..<10).map { series in
            SeriesSamples(
                labels: [Labels.metricName: "exported", "series": "\(series)"],
                samples: SampleColumns(times: [start.milliseconds + Int64(number) * 100], values: [Double(number)]))
        }
    }

    @Test func aServerThatIsKilledWhileItSendsLosesNothing() async throws {
        let receiver = try await LoopbackServer.evenkeel()
        let settings = [
            "export:", "  - url: \(receiver.url)/api/v1/write", "    name: copy", "    relabel:",
            "      - {source_labels: [__name__], regex: exported, action: keep}",
        ]
        let server = try await LoopbackServer.evenkeel(settings: settings)
        let start = WallClock().now - .seconds(60)
        for round in 0..<4 {
            for number in round * 60..<(round + 1) * 60 { try await server.write(Self.samples(number, from: start)) }
            server.kill()
            if round == 1 { receiver.kill() }
            try await server.restart()
            if round == 1 { try await receiver.restart() }
        }
        let count = "/api/v1/query?query=sum(count_over_time(exported[10m]))"
        try await receiver.until("every sample is there") {
            try await receiver.data(count)["result"][0]["value"][1].text == "2400"
        }
        let metrics = try await server.send(.get, "/metrics").text
        #expect(metrics.contains("evenkeel_export_dropped_samples_total{receiver=\"copy\"} 0"))
    }
}
