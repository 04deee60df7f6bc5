import FleetModel

/// A series as scripts and unit tests of Prometheus write it: `metric{a="b"}`, and its points, one after each interval:
/// `1 _ 0+1x3 stale`. `axN` repeats a point N times more, `a+bxN` adds b each time, `_` is no sample, `stale` ends the
/// series.
public struct SeriesNotation: Hashable, Sendable {
    /// A point of a series.
    public enum Point: Hashable, Sendable {
        /// A sample.
        case value(Double)
        /// No sample.
        case gap
        /// A native histogram, which is read over.
        case histogram
    }

    /// Why a text is no series.
    public struct Problem: Error, Hashable, Sendable, CustomStringConvertible {
        /// What is wrong, for a person.
        public let description: String
    }

    /// The most points that one series may have.
    public static let mostPoints = 1_000_000

    /// Its labels, the metric among them.
    public var labels: Labels
    /// Its points.
    public var points: [Point] = []

    /// Reads a line: the series, then its points.
    public init(_ line: String) throws(Problem) {
        let end = Self.endOfLabels(line)
        labels = try Self.labels(String(line[..<end]))
        points = try Self.points(in: line[end...])
    }

    /// Reads the two where they stand apart.
    public init(series: String, values: String) throws(Problem) {
        labels = try Self.labels(series)
        points = try Self.points(in: values[...])
    }

    /// Labels as they are written in front of points: `metric{a="b"}` or `{a="b"}`.
    public static func labels(_ series: String) throws(Problem) -> Labels {
        let text = series.contains("\"") ? series : series.filter { !$0.isWhitespace }
        if text == "{}" { return Labels() }
        let found: Expression
        do throws(PromQLError) {
            found = try parse(text.replacing("{}", with: ""))
        } catch {
            throw Problem(description: "'\(series)' is not a series: \(error.description)")
        }
        guard case .selector(let selector) = found, selector.allMatchers.allSatisfy({ $0.comparison == .equal }) else {
            throw Problem(description: "'\(series)' is not a series")
        }
        return Labels(selector.allMatchers.map { Labels.Pair($0.name, $0.value) })
    }

    private static func points(in text: Substring) throws(Problem) -> [Point] {
        var points: [Point] = []
        for word in words(text) {
            points += try Self.points(word)
            guard points.count <= mostPoints else {
                throw Problem(description: "the series has more than \(mostPoints) points")
            }
        }
        return points
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

    private static func points(_ word: Substring) throws(Problem) -> [Point] {
        if word.hasPrefix("{{") {
            let times =
                word.hasSuffix("}}") ? 0 : try repetitions(word[(word.lastIndex(of: "x") ?? word.startIndex)...])
            return [Point](repeating: .histogram, count: times + 1)
        }
        if word == "_" { return [.gap] }
        if word.hasPrefix("_x") { return [Point](repeating: .gap, count: try repetitions(word.dropFirst())) }
        if word == "stale" { return [.value(Staleness.marker)] }
        var rest = word
        guard let first = number(&rest) else { throw Problem(description: "'\(word)' is not a point") }
        if rest.isEmpty { return [.value(first)] }
        let step = rest.hasPrefix("x") ? 0 : number(&rest) ?? .nan
        if step.isNaN { throw Problem(description: "'\(word)' is not a point") }
        var value = first
        var points: [Point] = []
        for _ in 0...(try repetitions(rest)) {
            points.append(.value(value))
            value += step
        }
        return points
    }

    /// The number after `x`.
    private static func repetitions(_ text: Substring) throws(Problem) -> Int {
        guard text.hasPrefix("x"), let count = Int(text.dropFirst()), (0...mostPoints).contains(count) else {
            throw Problem(description: "'\(text)' does not say how often a point is repeated")
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
