import FleetModel

extension QueryAnswerText {
    /// The answer as comma-separated values (RFC 4180): a heading, then a line a sample with its time in seconds since
    /// 1970, its value as Prometheus writes it, and a column for each label that any series has.
    var csv: String {
        let names = Set(rows.flatMap { $0.labels.pairs.map(\.name) }).sorted()
        var lines = [["time", "value"] + names]
        lines += rows.map { row in [Self.number(row.seconds), row.value] + names.map { row.labels[$0] ?? "" } }
        return lines.map { $0.map(Self.field).joined(separator: ",") + "\r\n" }.joined()
    }

    /// Seconds to the millisecond, without an exponent.
    private static func number(_ seconds: Double) -> String {
        guard let moment = Timestamp(seconds: seconds) else { return "\(seconds)" }
        let (whole, rest) = moment.milliseconds.quotientAndRemainder(dividingBy: 1000)
        return rest == 0 ? "\(whole)" : "\(seconds)"
    }

    /// A field, in quotes where it could be taken for something else.
    private static func field(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { byte in
            byte != UInt8(ascii: "\"") && byte != UInt8(ascii: ",") && byte != UInt8(ascii: "\n")
                && byte != UInt8(ascii: "\r")
        }
        return isPlain ? text : "\"\(text.replacing("\"", with: "\"\""))\""
    }
}
