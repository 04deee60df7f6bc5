import FleetModel
import Logging
import Testing

@testable import TimeSeriesStore

/// The benchmarks count what they say they count.
@Suite struct BenchmarkTests {
    private let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    @Test func theLoadIsWrittenWholeAndReadBackWhole() async throws {
        let folder = try TemporaryFolder()
        let report = try await StoreBenchmark(hosts: 2, steps: 20, directory: folder.path).run(logger: quiet)
        #expect(report.series == 2 * FleetLoad.seriesOfHost)
        #expect(report.samples == report.series * 20)
        let sizes = report.metrics.filter { $0.metric != TimeSeriesStore.pageOverhead }
        #expect(sizes.reduce(0) { $0 + $1.samples } == report.samples)
        #expect(report.upkeep.rollupBytesPerSample > 0 && report.upkeep.mergedBytesPerSample > 0)
        #expect(report.metrics.reduce(0) { $0 + $1.bytes } <= Int(report.bytesPerSample * Double(report.samples)))
    }

    @Test func selectionsFindWhatWasAdded() async throws {
        let folder = try TemporaryFolder()
        let report = try await IndexBenchmark(series: 20_000, directory: folder.path).run(logger: quiet)
        let found = Dictionary(uniqueKeysWithValues: report.selections.map { ($0.selector, $0.found) })
        #expect(found["vm_run"] == 4000)
        #expect(found["{vm=\"vm-77\"}"] == 5)
        #expect(found["vm_run{host=\"host-3\"}"] == 100)
        #expect(found["vm_run{host=~\"host-1|host-2|host-9\"}"] == 300)
        #expect(found["vm_run{host=\"host-3\",name!~\"db-1.*\"}"] == 89)
    }
}
