import FleetModel
import PromQL

/// A promqltest script, read into commands. The format is Prometheus' own (promql/promqltest/README.md).
struct Script {
    enum Command {
        case clear
        case load(Load)
        case evaluate(EvaluationCase)
    }

    /// Series to add.
    struct Load {
        var interval: Int64
        var series: [SeriesNotation] = []
        /// `load_with_nhcb`: classic histograms become native ones too.
        var makesHistograms: Bool
        /// Series whose samples say when their counting began (`@st` lines).
        var withStartTimes: [Labels] = []
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
            let isEvaluation = lines[start].lowercased().hasPrefix("eval")
            while lines[start].lowercased() != "clear", place < lines.count, !lines[place].isEmpty,
                !(isEvaluation && Self.isCommand(lines[place]))
            {
                place += 1
            }
            do {
                commands.append(try command(start, lines[start + 1..<place]))
            } catch {
                throw Failure(line: start + 1, reason: (error as? Failure)?.reason ?? "\(error)")
            }
        }
    }

    /// Whether a line after an evaluation begins a command rather than being a series of its result.
    private static func isCommand(_ line: String) -> Bool {
        let words = line.lowercased().split(whereSeparator: \.isWhitespace)
        return switch words[0] {
        case "clear": words.count == 1
        case "load", "load_with_nhcb": words.count == 2 && (try? milliseconds(words[1])) != nil
        case let word where word == "eval" || word.hasPrefix("eval_"):
            words.count > 3 && (words[1] == "instant" && words[2] == "at" || words[1] == "range" && words[2] == "from")
        default: false
        }
    }

    private func command(_ start: Int, _ block: ArraySlice<String>) throws -> Command {
        let words = lines[start].split(whereSeparator: \.isWhitespace)
        switch words[0].lowercased() {
        case "clear" where words.count == 1: return .clear
        case "load" where words.count == 2, "load_with_nhcb" where words.count == 2:
            return .load(try Self.load(words, block))
        case let word where word == "eval" || word.hasPrefix("eval_"):
            return .evaluate(try EvaluationCase(line: start + 1, words, lines[start], Array(block)))
        default: throw Failure(line: start + 1, reason: "unknown command \(lines[start])")
        }
    }

    private static func load(_ words: [Substring], _ block: ArraySlice<String>) throws -> Load {
        var load = Load(
            interval: try milliseconds(words[1]), makesHistograms: words[0].lowercased() == "load_with_nhcb")
        for line in block {
            let name = line.prefix { !$0.isWhitespace }
            if name.hasSuffix("@st") {
                load.withStartTimes.append(try SeriesNotation(String(name.dropLast(3))).labels)
            } else {
                load.series.append(try SeriesNotation(line))
            }
        }
        return load
    }

    /// `5m`, `10s53ms`, or a number of seconds.
    static func milliseconds(_ text: some StringProtocol) throws -> Int64 {
        guard case .scalar(_, let seconds) = try constant(String(text)), abs(seconds) < 1e15 else {
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
