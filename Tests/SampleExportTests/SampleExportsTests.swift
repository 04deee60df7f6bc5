import FleetModel
import Foundation
import HTTPClient
import Logging
import MetricsWire
import Testing

@testable import SampleExport

@Suite(.timeLimit(.minutes(2))) struct SampleExportsTests {
    private let client = HTTPClient()

    private func folder() -> String {
        FileManager.default.temporaryDirectory.appending(path: "evenkeel-exports-\(UUID().uuidString)").path
    }

    private func exports(_ receivers: [ExportReceiver], _ folder: String) throws -> SampleExports {
        try SampleExports(receivers, folder: folder, client: client, clock: WallClock(), logger: Logger(label: "test"))
    }

    /// Puts `count` requests in: each a sample of `load` and one of `noise` on two hosts.
    private func add(_ exports: SampleExports, _ numbers: Range<Int>) {
        for number in numbers {
            let series = ["a", "b"].flatMap { host in
                ["load", "noise"].map { metric in
                    SeriesSamples(
                        labels: [Labels.metricName: metric, "host": host],
                        samples: SampleColumns(times: [Int64(number) * 1000 + 1], values: [Double(number)]))
                }
            }
            exports.add(RemoteWriteEncoder.encode(series), samples: 4)
        }
    }

    /// Waits until it holds; the suite's time limit is the bound.
    private func wait(_ holds: () -> Bool) async throws {
        while !holds() { try await Task.sleep(for: .milliseconds(10)) }
    }

    private func metric(_ exports: SampleExports, _ name: String) -> Double? {
        var page = TextExposition()
        exports.writeMetrics(to: &page)
        return page.samples.first { $0.name == "evenkeel_export_\(name)" }?.value
    }

    private func running(_ exports: SampleExports, _ body: () async throws -> Void) async throws {
        let task = Task { await exports.run() }
        defer { task.cancel() }
        try await body()
    }

    @Test func everySampleArrivesOnceInOrderRelabelled() async throws {
        let folder = folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let stub = try StubReceiver()
        var receiver = ExportReceiver(name: "stub", url: stub.url)
        receiver.access.credentials = .basic(user: "me", password: "secret")
        receiver.externalLabels = ["site": "b", "host": "never"]
        receiver.rules = [
            try RelabelRule(.drop, sourceLabels: ["__name__"], pattern: "noise"),
            try RelabelRule(sourceLabels: ["host"], targetLabel: "machine"),
        ]
        let exports = try exports([receiver], folder)
        try await running(exports) {
            add(exports, 0..<500)
            try await wait { stub.takenCount >= 1000 }
            try await wait { metric(exports, "queue_batches") == 0 }
        }
        let taken = stub.taken
        #expect(
            Set(taken.keys) == [
                ["__name__": "load", "host": "a", "machine": "a", "site": "b"],
                ["__name__": "load", "host": "b", "machine": "b", "site": "b"],
            ])
        #expect(taken.values.allSatisfy { $0.map(\.value) == (0..<500).map(Double.init) })
        #expect(stub.authorization == "Basic bWU6c2VjcmV0")
        #expect(stub.requests < 500)
        #expect(metric(exports, "sent_samples_total") == 1000)
        #expect(metric(exports, "lag_seconds") == 0)
    }

    @Test func anOutageLosesNothingAndAnotherReceiverNoticesNothing() async throws {
        let folder = folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let (away, well) = (try StubReceiver(), try StubReceiver())
        away.answer(.status(503, "Retry-After: 1\r\n"))
        let receivers = [ExportReceiver(name: "away", url: away.url), ExportReceiver(name: "well", url: well.url)]
        let exports = try exports(receivers, folder)
        try await running(exports) {
            add(exports, 0..<50)
            try await wait { well.takenCount == 200 && away.requests >= 1 }
            #expect(away.takenCount == 0)
            try await wait { (metric(exports, "failed_requests_total") ?? 0) >= 1 }
            away.answer(.status(200, ""))
            add(exports, 50..<60)
            try await wait { away.takenCount == 240 && well.takenCount == 240 }
        }
        #expect(away.taken.values.allSatisfy { $0.map(\.value) == (0..<60).map(Double.init) })
    }

    @Test func aReceiverThatHangsHoldsNobodyUp() async throws {
        let folder = folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let stub = try StubReceiver()
        stub.answer(.nothing)
        var receiver = ExportReceiver(name: "stub", url: stub.url)
        receiver.access.timeLimit = .milliseconds(200)
        let exports = try exports([receiver], folder)
        try await running(exports) {
            add(exports, 0..<300)
            try await wait { (metric(exports, "failed_requests_total") ?? 0) >= 2 }
            #expect(metric(exports, "queue_batches") == 300)
            stub.answer(.status(204, ""))
            try await wait { stub.takenCount == 1200 }
        }
    }

    @Test func aRefusedBatchIsSetAsideAloneAndTheRestGoesOn() async throws {
        let folder = folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let stub = try StubReceiver()
        stub.answer(.byContent { series in series.contains { $0.samples.values.contains(13) } ? 400 : 204 })
        let exports = try exports([ExportReceiver(name: "stub", url: stub.url)], folder)
        add(exports, 0..<30)
        try await running(exports) {
            try await wait { stub.takenCount == 29 * 4 }
            try await wait { metric(exports, "queue_batches") == 0 }
        }
        #expect(stub.taken.values.allSatisfy { $0.map(\.value) == (0..<30).filter { $0 != 13 }.map(Double.init) })
        #expect(metric(exports, "refused_samples_total") == 4)
        let kept = try FileManager.default.contentsOfDirectory(atPath: folder + "/stub")
        #expect(kept.contains("refused-000000000000000d"))
    }

    @Test func whatWaitsGoesOnAfterTheProcessDied() async throws {
        let folder = folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let stub = try StubReceiver()
        stub.answer(.status(500, ""))
        let receiver = ExportReceiver(name: "stub", url: stub.url)
        do {
            let exports = try exports([receiver], folder)
            add(exports, 0..<80)
        }
        stub.answer(.status(204, ""))
        let exports = try exports([receiver], folder)
        add(exports, 80..<90)
        try await running(exports) { try await wait { stub.takenCount >= 360 } }
        #expect(stub.taken.values.allSatisfy { $0.map(\.value) == (0..<90).map(Double.init) })
    }

    @Test func aRequestThatCannotBeReadIsPassedOver() async throws {
        let folder = folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let stub = try StubReceiver()
        let exports = try exports([ExportReceiver(name: "stub", url: stub.url)], folder)
        exports.add([1, 2, 3], samples: 1)
        add(exports, 0..<1)
        try await running(exports) { try await wait { stub.takenCount == 4 } }
    }
}
