import FleetModel
import PromQL

/// A promqltest script, read into commands. The format is Prometheus' own (promql/promqltest/README.md).
struct Script {
    enum Command {
        case clear
        case load(interval: Int64, series: [LoadedSeries], makesHistograms: Bool)
        case evaluate(EvaluationCase)
    }

    struct Failure: Error, CustomStringConvertible {
        var line: Int
        var reason: String
        var description: String { "line \(line): \(reason)" }
    }

    var commands: [Command] = []
    private let lines: [String]

    init(_ text: String) throws {
        lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            let trimmed = line.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed()
            return trimmed.first == "#" ? "" : String(trimmed)
        }
        var place = 0
        while place < lines.count {
            let start = place
            place += 1
            if lines[start].isEmpty { continue }
            while place < lines.count, !lines[place].isEmpty, !isCommand(lines[place]) { place += 1 }
            commands.append(try command(start, lines[start + 1..<place]))
        }
    }

    private func isCommand(_ line: String) -> Bool {
        let word = line.prefix { !$0.isWhitespace }.lowercased()
        return word == "clear" || word.hasPrefix("load") || word == "eval" || word.hasPrefix("eval_")
    }

    private func command(_ start: Int, _ block: ArraySlice<String>) throws -> Command {
        let words = lines[start].split(whereSeparator: \.isWhitespace)
        switch words[0].lowercased() {
        case "clear": return .clear
        case "load", "load_with_nhcb":
            let series = try block.map { try SeriesLine($0) }
            return .load(
                interval: try Self.milliseconds(words[1]), series: series.map(\.loaded),
                makesHistograms: words[0].lowercased() != "load")
        case let word where word == "eval" || word.hasPrefix("eval_"):
            return .evaluate(try EvaluationCase(line: start + 1, words, lines[start], Array(block)))
        default: throw Failure(line: start + 1, reason: "unknown command \(words[0])")
        }
    }

    /// `5m`, `10s53ms`, or a number of seconds.
    static func milliseconds(_ text: some StringProtocol) throws -> Int64 {
        guard case .scalar(_, let seconds) = try constant(String(text)) else {
            throw Failure(line: 0, reason: "\(text) is not a duration")
        }
        return Int64((seconds * 1000).rounded())
    }

    private static func constant(_ text: String) throws -> QueryValue {
        try Evaluator(source: MemorySource()).instant(
            PromQL.parse(text), at: Timestamp(milliseconds: 0)
        ).value
    }
}

/// A series to load.
struct LoadedSeries {
    var labels: Labels
    var points: [SeriesLine.Point]
}

/// A line such as `metric{a="b"} 0+1x3 _ stale`.
struct SeriesLine {
    enum Point: Hashable {
        case value(Double)
        case gap
        case histogram
    }

    var labels: Labels
    var points: [Point] = []

    var loaded: LoadedSeries { LoadedSeries(labels: labels, points: points) }

    init(_ line: String) throws {
        let end = Self.endOfLabels(line)
        let text = line[..<end].filter { !$0.isWhitespace || line.contains("\"") }
        labels = try Self.labels(String(text))
        for word in Self.words(line[end...]) { points += try Self.points(word) }
    }

    /// Where the series' identity ends: at the first space outside braces, or right after them.
    private static func endOfLabels(_ line: String) -> String.Index {
        var depth = 0
        var quote: Character?
        for place in line.indices {
            let character = line[place]
            if let open = quote {
                if character == open { quote = nil }
            } else if character == "\"" || character == "'" {
                quote = character
            } else if character == "{" {
                depth += 1
            } else if character == "}" {
                depth -= 1
                if depth == 0 { return line.index(after: place) }
            } else if depth == 0, character.isWhitespace {
                let rest = line[place...].drop(while: \.isWhitespace)
                // `metric {a="b"}` is one identity; `metric {{...}}` is followed by a histogram.
                if !rest.hasPrefix("{") || rest.hasPrefix("{{") { return place }
            }
        }
        return line.endIndex
    }

    private static func labels(_ text: String) throws -> Labels {
        if text == "{}" { return Labels() }
        guard case .selector(let selector) = try PromQL.parse(text.replacing("{}", with: "")) else {
            throw Script.Failure(line: 0, reason: "\(text) is not a series")
        }
        return Labels(selector.allMatchers.map { Labels.Pair($0.name, $0.value) })
    }

    /// Words, histograms in double braces kept whole.
    private static func words(_ text: Substring) -> [Substring] {
        var words: [Substring] = []
        var start: String.Index?
        var depth = 0
        for place in text.indices {
            if text[place] == "{" { depth += 1 }
            if text[place] == "}" { depth -= 1 }
            if depth == 0, text[place].isWhitespace {
                if let first = start { words.append(text[first..<place]) }
                start = nil
            } else if start == nil {
                start = place
            }
        }
        if let first = start { words.append(text[first...]) }
        return words
    }

    private static func points(_ word: Substring) throws -> [Point] {
        if word.hasPrefix("{{") {
            let count =
                word.hasSuffix("}}")
                ? 1 : (Int(word[(word.lastIndex(of: "x") ?? word.startIndex)...].dropFirst()) ?? 0) + 1
            return [Point](repeating: .histogram, count: count)
        }
        if word == "_" { return [.gap] }
        if word.hasPrefix("_x") { return [Point](repeating: .gap, count: Int(word.dropFirst(2)) ?? 0) }
        if word == "stale" { return [.value(Staleness.marker)] }
        var rest = word
        guard let first = number(&rest) else { throw Script.Failure(line: 0, reason: "\(word) is not a point") }
        if rest.isEmpty { return [.value(first)] }
        let step = rest.hasPrefix("x") ? 0 : number(&rest) ?? .nan
        guard rest.hasPrefix("x"), let count = Int(rest.dropFirst()), !step.isNaN else {
            throw Script.Failure(line: 0, reason: "\(word) is not a point")
        }
        var value = first
        return (0...count).map { _ in
            defer { value += step }
            return .value(value)
        }
    }

    /// A number at the start of `text`, which is shortened by it.
    private static func number(_ text: inout Substring) -> Double? {
        let sign: Double = text.hasPrefix("-") ? -1 : 1
        var rest = text.hasPrefix("-") || text.hasPrefix("+") ? text.dropFirst() : text
        for (name, value) in [("inf", Double.infinity), ("nan", Double.nan)] where rest.lowercased().hasPrefix(name) {
            text = rest.dropFirst(3)
            return sign * value
        }
        let start = rest.startIndex
        var previous: Character = " "
        while let next = rest.first,
            next.isNumber || next == "." || "eE".contains(next) || "+-".contains(next) && "eE".contains(previous)
        {
            previous = next
            rest = rest.dropFirst()
        }
        let digits = text.base[start..<rest.startIndex]
        text = rest
        return Double(digits).map { $0 * sign }
    }
}
