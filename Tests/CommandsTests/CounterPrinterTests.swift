import ArgumentParser
import Counters
import FleetModel
import Foundation
import Testing

@testable import Commands

/// What `counter` prints, from readings as literals.
@Suite struct CounterPrinterTests {
    private let moment = Timestamp(milliseconds: 1_795_647_001_023)

    /// The moment in the time zone of whoever runs the tests.
    private func local(_ format: String) -> String {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.dateFormat = format
        return formatter.string(from: Date(timeIntervalSince1970: moment.seconds))
    }

    /// Two moments of a machine with one logical processor whose split is unknown.
    private func columns() throws -> (columns: [CounterColumn], values: [Double?]) {
        func readings(_ virtual: Double, _ idle: Double) -> HostSample {
            var sample = HostSample()
            for (mode, value) in [(RunTimeMode.virtual, virtual), (.root, 0), (.idle, idle), (.steal, 0)] {
                let key = SeriesKey(.logicalProcessorRun, .runTime(logicalProcessor: 0, mode))
                sample.readings.append(CounterReading(key, value))
            }
            return sample
        }
        let first = CounterMoment(readings(0, 0), at: .zero)
        let second = CounterMoment(readings(2, 1), at: .seconds(3))
        let paths = [
            #"\Hyper-V Hypervisor Logical Processor(*)\% Total Run Time"#,
            #"\Hyper-V Hypervisor Logical Processor(Hv LP 0)\% Guest Run Time"#,
            #"evenkeel_lp_run_seconds_total{mode="idle"}"#,
        ]
        let columns = try paths.flatMap { try CounterRequest(parsing: $0, hostName: "HOST").columns(at: first) }
        var interval = CounterInterval(from: first, to: second)
        return (columns, columns.map { $0.value(in: &interval) })
    }

    @Test func csvHasTheShapeOfTypeperf() throws {
        let (columns, values) = try columns()
        #expect(
            CounterPrinter.heading(columns, host: "HOST") == #""(PDH-CSV 4.0)","#
                + #""\\HOST\Hyper-V Hypervisor Logical Processor(Hv LP 0)\% Total Run Time","#
                + #""\\HOST\Hyper-V Hypervisor Logical Processor(_Total)\% Total Run Time","#
                + #""\\HOST\Hyper-V Hypervisor Logical Processor(Hv LP 0)\% Guest Run Time","#
                + #""evenkeel_lp_run_seconds_total{lp=""0"", mode=""idle""}""#)
        #expect(
            CounterPrinter.line(values, at: moment)
                == "\"\(local("MM/dd/yyyy HH:mm:ss.SSS"))\"," + #""66.666667","66.666667","","0.333333""#)
        #expect(local("yyyy.SSS") == "2026.023")
    }

    @Test func tablesSayThatAValueIsUnknown() throws {
        let (columns, values) = try columns()
        let time = local("HH:mm:ss")
        #expect(
            CounterPrinter.table(Array(columns[1...2]), Array(values[1...2]), at: moment) == """
                TIME      COUNTER                                                            VALUE  UNIT
                \(time)  \\Hyper-V Hypervisor Logical Processor(_Total)\\% Total Run Time    66.667  %
                \(time)  \\Hyper-V Hypervisor Logical Processor(Hv LP 0)\\% Guest Run Time  unknown  %

                """)
    }

    @Test func jsonHasNullForWhatIsUnknown() throws {
        let (columns, values) = try columns()
        let text = CounterPrinter.object([columns[2]], [values[2]], at: moment)
        #expect(
            text == #"{"time":1795647001023,"values":[{"counter":"\\Hyper-V Hypervisor Logical Processor(Hv LP 0)"#
                + #"\\% Guest Run Time","unit":"%","value":null}]}"#)
    }

    @Test func aListingHasBothNames() throws {
        let listing = CounterListing(matching: "SYSTEM*switches/sec")
        #expect(listing.counters.map(\.name) == ["evenkeel_host_context_switches_total"])
        #expect(listing.hyperV.map(\.path) == [#"\System\Context Switches/sec"#])
        #expect(CounterListing(matching: "vp_wait*total").hyperV.count == 1)
        #expect(CounterListing(matching: nil).counters.count == Counter.allCases.count)
        #expect(CounterListing(matching: "nothing like that").isEmpty)
        #expect(listing.text.contains("evenkeel_host_context_switches_total  counter  switches"))
    }

    @Test(arguments: [["--interval", "0"], ["--count", "0"], ["--interval", "nan"], ["--format", "xml"], []])
    func wrongUseIsRefused(_ arguments: [String]) {
        #expect(throws: (any Error).self) {
            try CounterGetCommand.parse(arguments + (arguments.isEmpty ? [] : [#"\Memory\Pages/sec"#]))
        }
    }
}
