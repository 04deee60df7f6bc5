import FleetModel
import Foundation
import HTTPClient
import Logging
import MetricsWire
import RemoteEngine
import SampleExport
import Testing

/// A real VictoriaMetrics that is away for a while has every sample once it is back.
@Suite(
    .enabled(if: VictoriaProcess.isInstalled, "Debian's package victoria-metrics is not installed"),
    .timeLimit(.minutes(3)))
struct ExportToVictoriaTests {
    private func metric(_ exports: SampleExports, _ name: String) -> Double {
        var page = TextExposition()
        exports.writeMetrics(to: &page)
        return page.samples.first { $0.name == "evenkeel_export_\(name)" }?.value ?? -1
    }

    @Test func anOutageLosesNothing() async throws {
        let client = HTTPClient()
        let victoria = try await VictoriaProcess(client: client)
        let folder = FileManager.default.temporaryDirectory.appending(path: "exports-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let receiver = ExportReceiver(name: "victoria", url: victoria.url + "/api/v1/write")
        let exports = try SampleExports(
            [receiver], folder: folder, client: client, clock: WallClock(), logger: Logger(label: "test"))
        let task = Task { await exports.run() }
        defer { task.cancel() }
        let start = WallClock().now - .seconds(600)
        func add(_ numbers: Range<Int>) {
            for number in numbers {
                let series = (0..<20).map { place in
                    SeriesSamples(
                        labels: [Labels.metricName: "exported", "place": "\(place)"],
                        samples: SampleColumns(
                            times: [start.milliseconds + Int64(number) * 1000], values: [Double(number)]))
                }
                exports.add(RemoteWriteEncoder.encode(series), samples: 20)
            }
        }
        add(0..<100)
        while metric(exports, "sent_samples_total") < 2000 { try await Task.sleep(for: .milliseconds(20)) }
        victoria.stop()
        add(100..<300)
        while metric(exports, "failed_requests_total") < 2 { try await Task.sleep(for: .milliseconds(20)) }
        #expect(metric(exports, "queue_batches") == 200)
        #expect(metric(exports, "lag_seconds") > 0)
        try await victoria.start()
        add(300..<400)
        while metric(exports, "queue_batches") > 0 { try await Task.sleep(for: .milliseconds(20)) }
        try await victoria.flush()
        let answer = try await victoria.engine().instant(
            "count_over_time(exported[20m])", at: start + .seconds(601))
        guard case .vector(let elements) = answer.value else {
            Issue.record("\(answer.value)")
            return
        }
        #expect(elements.count == 20 && elements.allSatisfy { $0.value == 400 }, "\(elements)")
        #expect(metric(exports, "dropped_samples_total") == 0 && metric(exports, "refused_samples_total") == 0)
    }
}
