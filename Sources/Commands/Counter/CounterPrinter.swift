import Counters
import FleetModel
import Foundation

/// Prints counters' values interval after interval, each line at once, until nobody reads any more.
struct CounterPrinter: Sendable {
    let format: CounterGetCommand.Format
    /// What this machine is called.
    let host: String

    /// Prints what stands above all values; `false` when nobody reads any more.
    func begin(_ columns: [CounterColumn]) throws -> Bool {
        format == .csv ? try CounterOutput.write(Self.heading(columns, host: host)) : true
    }

    /// Prints the values of one interval, `nil` for unknown ones; `false` when nobody reads any more.
    func show(_ columns: [CounterColumn], _ values: [Double?], at moment: Timestamp) throws -> Bool {
        switch format {
        case .csv: try CounterOutput.write(Self.line(values, at: moment))
        case .table: try CounterOutput.write(Self.table(columns, values, at: moment))
        case .json: try CounterOutput.write(Self.object(columns, values, at: moment))
        }
    }

    // MARK: - typeperf's shape

    /// `"(PDH-CSV 4.0)","\\HOST\Object(instance)\Counter",...`
    static func heading(_ columns: [CounterColumn], host: String) -> String {
        let titles = columns.map { $0.title.hasPrefix(#"\"#) ? #"\\"# + host + $0.title : $0.title }
        return (["(PDH-CSV 4.0)"] + titles).map(field).joined(separator: ",")
    }

    /// `"11/25/2026 22:50:01.123","12.345678",...`, local time; an unknown value is an empty field.
    static func line(_ values: [Double?], at moment: Timestamp) -> String {
        ([windowsTime(moment)] + values.map { $0.map { String(format: "%f", $0) } ?? "" }).map(field)
            .joined(separator: ",")
    }

    private static func field(_ text: String) -> String {
        "\"\(PlainText.oneLine(text).replacing("\"", with: "\"\""))\""
    }

    private static func windowsTime(_ moment: Timestamp) -> String {
        var seconds = time_t(moment.milliseconds / 1000)
        var parts = unsafe tm()
        guard unsafe localtime_r(&seconds, &parts) != nil else { return "" }
        return unsafe String(
            format: "%02d/%02d/%04d %02d:%02d:%02d.%03d", parts.tm_mon + 1, parts.tm_mday, parts.tm_year + 1900,
            parts.tm_hour, parts.tm_min, parts.tm_sec, Int32(moment.milliseconds % 1000))
    }

    // MARK: - Others

    /// A table of one interval, with a line between it and the next.
    static func table(_ columns: [CounterColumn], _ values: [Double?], at moment: Timestamp) -> String {
        var table = TextTable("TIME", "COUNTER", ">VALUE", "UNIT")
        for (column, value) in zip(columns, values) {
            let text = value.map { String(format: "%.3f", $0) } ?? "unknown"
            table.add(Phrases.timeOfDay(moment), column.title, text, column.unit)
        }
        return table.text + "\n"
    }

    /// An object on one line; times are milliseconds since 1970, unknown values null.
    static func object(_ columns: [CounterColumn], _ values: [Double?], at moment: Timestamp) -> String {
        let readings = zip(columns, values).map { Reading(counter: $0.title, value: $1, unit: $0.unit) }
        return (try? JSONOutput.text(Moment(time: moment, values: readings), pretty: false)) ?? ""
    }

    private struct Moment: Encodable {
        let time: Timestamp
        let values: [Reading]
    }

    private struct Reading: Encodable {
        let counter: String
        let value: Double?
        let unit: String

        /// With null for unknown, which would be left out by itself.
        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Keys.self)
            try container.encode(counter, forKey: .counter)
            try container.encode(value, forKey: .value)
            try container.encode(unit, forKey: .unit)
        }

        private enum Keys: CodingKey { case counter, value, unit }
    }
}

/// Standard output for a command that goes on until nobody reads it.
enum CounterOutput {
    /// Writes a line; `false` when its reader has gone. Throws a failure where it cannot be written for another reason.
    static func write(_ line: String) throws -> Bool {
        var rest = Array((line + "\n").utf8)[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe Foundation.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            switch (count, errno) {
            case (0..., _): rest = rest.dropFirst(count)
            case (_, EINTR): continue
            case (_, EPIPE): return false
            case (_, let number):
                throw CommandFailure(.environment, "cannot write: \(unsafe String(cString: strerror(number)))")
            }
        }
        return true
    }
}
