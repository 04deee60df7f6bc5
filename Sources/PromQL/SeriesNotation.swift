import FleetModel
import PromQL

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
        var isEscaped = false
        for place in line.indices {
            let character = line[place]
            if isEscaped {
                isEscaped = false
            } else if let open = quote {
                if character == open { quote = nil }
                isEscaped = character == "\\" && open != "`"
            } else if "\"'`".contains(character) {
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
            let times =
                word.hasSuffix("}}") ? 0 : try repetitions(word[(word.lastIndex(of: "x") ?? word.startIndex)...])
            return [Point](repeating: .histogram, count: times + 1)
        }
        if word == "_" { return [.gap] }
        if word.hasPrefix("_x") { return [Point](repeating: .gap, count: try repetitions(word.dropFirst())) }
        if word == "stale" { return [.value(Staleness.marker)] }
        var rest = word
        guard let first = number(&rest) else { throw Script.Failure(line: 0, reason: "\(word) is not a point") }
        if rest.isEmpty { return [.value(first)] }
        let step = rest.hasPrefix("x") ? 0 : number(&rest) ?? .nan
        if step.isNaN { throw Script.Failure(line: 0, reason: "\(word) is not a point") }
        var value = first
        return (0...(try repetitions(rest))).map { _ in
            defer { value += step }
            return .value(value)
        }
    }

    /// The number after `x`.
    private static func repetitions(_ text: Substring) throws -> Int {
        guard text.hasPrefix("x"), let count = Int(text.dropFirst()), (0...10_000_000).contains(count) else {
            throw Script.Failure(line: 0, reason: "\(text) does not say how often a point is repeated")
        }
        return count
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
