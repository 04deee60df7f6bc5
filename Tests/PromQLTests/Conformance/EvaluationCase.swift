import FleetModel
import PromQL

/// One `eval` of a script: the query and what is expected of it.
struct EvaluationCase {
    enum Time {
        case instant(Int64)
        case range(first: Int64, last: Int64, step: Int64)
    }

    /// An expected message: any, one text, or one pattern.
    enum Message {
        case any
        case text(String)
        case pattern(String)
    }

    enum Result {
        case series([SeriesNotation])
        case scalar(Double)
        case string(String)
    }

    var line: Int
    var expression: String
    var time: Time
    var fails: Message?
    var warnings: [Message] = []
    var infos: [Message] = []
    var hasNoWarning = false
    var hasNoInfo = false
    var isOrdered = false
    /// The moments of the expected samples of a range vector.
    var rangeVector: (first: Int64, last: Int64, step: Int64)?
    var result = Result.series([])
    /// Whether the expected result has native histograms.
    var expectsHistograms = false

    init(line: Int, _ words: [Substring], _ text: String, _ block: [String]) throws {
        self.line = line
        let used: Int
        switch words.prefix(3).dropFirst() {
        case ["instant", "at"] where words.count > 4:
            time = .instant(try Script.milliseconds(words[3]))
            used = 4
        case ["range", "from"] where words.count > 8 && words[4] == "to" && words[6] == "step":
            time = .range(
                first: try Script.milliseconds(words[3]), last: try Script.milliseconds(words[5]),
                step: try Script.milliseconds(words[7]))
            used = 8
        default: throw Script.Failure(line: line, reason: "not an evaluation: \(text)")
        }
        expression = String(text[words[used].startIndex...])
        switch words[0].lowercased() {
        case "eval_fail": fails = .any
        case "eval_warn": warnings = [.any]
        case "eval_info": infos = [.any]
        case "eval_ordered": isOrdered = true
        default: break
        }
        var lines: [String] = []
        for entry in block where try !takeExpectation(entry) { lines.append(entry) }
        try takeResult(lines)
    }

    private mutating func takeExpectation(_ entry: String) throws -> Bool {
        let words = entry.split(maxSplits: 1, whereSeparator: \.isWhitespace)
        let rest = words.count > 1 ? String(words[1]) : ""
        switch words[0] {
        case "expected_fail_message": fails = .text(rest)
        case "expected_fail_regexp": fails = .pattern(rest)
        case "expect": try takeExpect(rest)
        default: return false
        }
        return true
    }

    private mutating func takeExpect(_ text: String) throws {
        let words = text.split(maxSplits: 1, whereSeparator: \.isWhitespace)
        let rest = words.count > 1 ? String(words[1]) : ""
        switch words.first ?? "" {
        case "fail": fails = Self.message(rest)
        case "warn": warnings.append(Self.message(rest))
        case "info": infos.append(Self.message(rest))
        case "no_warn": hasNoWarning = true
        case "no_info": hasNoInfo = true
        case "ordered": isOrdered = true
        case "string": result = .string(rest.trimmingQuotes)
        case "range":
            let parts = rest.split(whereSeparator: \.isWhitespace)
            guard parts.count == 7 else { throw Script.Failure(line: line, reason: "not an expectation: \(text)") }
            rangeVector = (
                try Script.milliseconds(parts[2]), try Script.milliseconds(parts[4]), try Script.milliseconds(parts[6])
            )
        default: throw Script.Failure(line: line, reason: "unknown expectation \(text)")
        }
    }

    private static func message(_ text: String) -> Message {
        func after(_ prefix: String) -> String { String(text.dropFirst(prefix.count).drop(while: \.isWhitespace)) }
        if text.hasPrefix("msg:") { return .text(after("msg:")) }
        if text.hasPrefix("regex:") { return .pattern(after("regex:")) }
        return .any
    }

    private mutating func takeResult(_ lines: [String]) throws {
        if case .string = result { return }
        if lines.count == 1, let number = Self.number(lines[0]) {
            result = .scalar(number)
            return
        }
        let series = try lines.map { try SeriesNotation($0) }
        expectsHistograms = series.contains { $0.points.contains(.histogram) }
        result = .series(series)
    }

    private static func number(_ text: String) -> Double? {
        switch text.lowercased() {
        case "nan": .nan
        case "+inf", "inf": .infinity
        case "-inf": -.infinity
        default: Double(text.hasPrefix(".") ? "0" + text : text)
        }
    }
}

extension String {
    fileprivate var trimmingQuotes: String {
        count > 1 && first == last ? String(dropFirst().dropLast()) : self
    }
}
