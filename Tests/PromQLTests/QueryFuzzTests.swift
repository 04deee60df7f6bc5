import FleetModel
import Foundation
import PromQL
import Testing

/// Random texts and random trees: nothing crashes, what is printed reads back.
@Suite struct QueryFuzzTests {
    private static let words = [
        "sum", "by", "without", "(", ")", "{", "}", "[", "]", "up", "rate", "5m", "1", "-", "+", "*", "/", "^", "%",
        "=", "==",
        "!=", "=~", "\"a\"", "'b'", "`c`", ",", ":", "@", "offset", "on", "ignoring", "group_left", "bool", "and", "or",
        "unless",
        "<", ">=", "time", "topk", "quantile_over_time", "label_replace", "start", "end", "inf", "nan", "0x1f", "1e5",
        "#x\n",
        "\\", "\"", "\n", "ä", "atan2", "1_0", ".5", "vector", "scalar", "absent", "clamp", "\u{0}",
        "anchored", "smoothed", "fill(0)", "fill_left", "step()", "range()", "min_of(", "info", "{a=~\".*\"}",
        "increase",
        "changes", "histogram_quantile", "label_join", "count_values", "limitk", "[1m:]", "[30s]", "0755", "-Inf",
    ]

    @Test func randomWordsNeverCrashTheParserOrTheEvaluator() {
        var random = SplitMix(state: 1)
        var source = MemorySource()
        for second in 0..<60 {
            source.append(
                ["__name__": "up", "a": "b"], at: Timestamp(milliseconds: Int64(second) * 1000), Double(second))
        }
        var understood = 0
        for _ in 0..<20_000 {
            let count = Int.random(in: 1...12, using: &random)
            let text = (0..<count).map { _ in Self.words.randomElement(using: &random) ?? "" }
                .joined(separator: Bool.random(using: &random) ? " " : "")
            guard let expression = try? PromQL.parse(text) else { continue }
            understood += 1
            #expect((try? PromQL.parse("\(expression)")) == expression, "\(text)")
            var options = QueryOptions()
            options.sampleLimit = 100_000
            let evaluator = Evaluator(source: source, options: options)
            _ = try? evaluator.instant(expression, at: Timestamp(milliseconds: 30_000))
            _ = try? evaluator.range(
                expression, from: Timestamp(milliseconds: 0), through: Timestamp(milliseconds: 50_000),
                step: .seconds(7))
        }
        #expect(understood > 200)
    }

    @Test func randomBytesNeverCrashTheParser() {
        var random = SplitMix(state: 2)
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            _ = try? PromQL.parse(String(decoding: bytes, as: UTF8.self))
        }
    }

    @Test func everyQueryOfTheScriptsReadsBackAsItIsPrinted() throws {
        var count = 0
        for file in ConformanceTests.scripts {
            for case .evaluate(let evaluation) in try Script(String(contentsOf: file, encoding: .utf8)).commands {
                guard let expression = try? PromQL.parse(evaluation.expression) else { continue }
                #expect(try PromQL.parse("\(expression)") == expression)
                count += 1
            }
        }
        print("\(count) queries of scripts read back as they are printed")
    }
}

/// A small seeded generator (splitmix64).
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
