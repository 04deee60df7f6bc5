import ArgumentParser
import Counters
import FleetModel
import Foundation

/// `evenkeel counter get`: samples this machine and prints counters, as typeperf does.
struct CounterGetCommand: AsyncParsableCommand {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case table, csv, json
    }

    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Prints counters of this machine, one interval after the other.",
        discussion: """
            A PATH is a Hyper-V counter path or a native counter's name; names of both are listed by evenkeel counter \
            ls. * stands for any characters of an instance or a counter; _Total is all instances together. What is \
            printed is fixed at the start, as it is with typeperf; what cannot be known is blank, or null in JSON. Ends \
            with --count, when interrupted, or when nobody reads any more.
            Examples:
              evenkeel counter get '\\Hyper-V Hypervisor Logical Processor(*)\\% Guest Run Time' --interval 1 --count 10
              evenkeel counter get '\\Memory\\Available MBytes' '\\PhysicalDisk(_Total)\\*' --format csv
              evenkeel counter get 'evenkeel_lp_run_seconds_total{lp="0"}'
            """)

    @Argument(help: "Counter paths or native names.")
    var paths: [String]

    @Option(help: "Seconds from one sample to the next, from 0.1 to 86400.")
    var interval = 1.0

    @Option(help: "How many times to print. Default: until interrupted.")
    var count: Int?

    @Option(
        help: """
            How to print: \(Format.allCases.map(\.rawValue).joined(separator: ", ")). csv has typeperf's shape, json an \
            object a line.
            """)
    var format: Format = .table

    @Flag(help: "The same as --format json.")
    var json = false

    func validate() throws {
        if !(0.1...86_400).contains(interval) { throw ValidationError("--interval is from 0.1 to 86400 seconds") }
        if let count, count < 1 { throw ValidationError("--count is at least 1") }
    }

    func run() async throws {
        let host = MachineName.text
        let requests = try paths.map { try Self.request($0, host) }
        let printer = CounterPrinter(format: json ? .json : format, host: host)
        let (interval, count) = (interval, count)
        try await CounterSignals.untilInterrupted {
            try await Self.watch(requests, printer, every: .seconds(interval), count: count)
        }
    }

    /// A wrong path is wrong use, and known before anything is sampled.
    private static func request(_ text: String, _ host: String) throws -> CounterRequest {
        do throws(CounterError) {
            let request = try CounterRequest(parsing: text, hostName: host)
            if case .path(let path) = request { _ = try HyperVCatalogue.counters(for: path) }
            return request
        } catch {
            throw CommandFailure(.wrongUse, "\(error)")
        }
    }

    /// Samples at moments that are fixed at the start, so that no delay adds up; those that were missed are left out.
    private static func watch(
        _ requests: [CounterRequest], _ printer: CounterPrinter, every interval: Duration, count: Int?
    ) async throws {
        var source = CounterSource()
        var deadline = ContinuousClock.now
        var last = source.moment()
        let columns = try columns(requests, at: last)
        guard try printer.begin(columns) else { return }
        var printed = 0
        while count.map({ printed < $0 }) ?? true {
            repeat { deadline += interval } while deadline <= .now
            try await Task.sleep(until: deadline, clock: .continuous)
            let now = source.moment()
            var span = CounterInterval(from: last, to: now)
            guard try printer.show(columns, columns.map { $0.value(in: &span) }, at: WallClock().now) else { return }
            last = now
            printed += 1
        }
    }

    private static func columns(_ requests: [CounterRequest], at moment: CounterMoment) throws -> [CounterColumn] {
        do throws(CounterError) {
            var columns: [CounterColumn] = []
            for request in requests { columns += try request.columns(at: moment) }
            return columns
        } catch {
            throw CommandFailure(.no, "\(error)")
        }
    }
}
