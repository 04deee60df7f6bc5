import FleetModel
import Testing

@testable import PromQL

/// What the scripts do not reach.
@Suite struct EvaluationDetailTests {
    @Test(
        arguments: [
            ("", 0xef46_db37_51d8_e999), ("abc", 0x44bc_2cf5_ad77_0999),
            ("Nobody inspects the spammish repetition", 0xfbce_a83c_8a37_8bf1),
        ] as [(String, UInt64)])
    func theHashIsXXH64(text: String, hash: UInt64) {
        #expect(XXHash64.hash(Array(text.utf8)) == hash)
    }

    @Test(
        arguments: [
            (0, "0"), (1.5, "1.5"), (-2, "-2"), (1e21, "1000000000000000000000"), (1.25e-7, "0.000000125"),
            (-1e16, "-10000000000000000"),

            (.leastNonzeroMagnitude, "0." + String(repeating: "0", count: 323) + "5"),
            (.infinity, "+Inf"), (.nan, "NaN"),
        ] as [(Double, String)])
    func aValueBecomesALabelWithoutExponent(value: Double, text: String) {
        #expect(DecimalText.text(value) == text)
    }

    @Test func aShareAndItsRestAreEverything() throws {
        var source = MemorySource()
        for number in 0..<1000 {
            source.append(["__name__": "m", "n": "\(number)"], at: Timestamp(milliseconds: 0), 1)
        }
        func count(_ text: String) throws -> Double {
            let answer = try Evaluator(source: source).instant(PromQL.parse(text), at: Timestamp(milliseconds: 0))
            guard case .vector(let elements) = answer.value else { return .nan }
            return elements.first?.value ?? 0
        }
        let part = try count("count(limit_ratio(0.3, m))")
        #expect((250...350).contains(part))
        #expect(try count("count(limit_ratio(-0.7, m))") == 1000 - part)
        #expect(try count("count(limit_ratio(0.3, m) and limit_ratio(-0.7, m))") == 0)
    }

    /// Each call makes the label two or three times as long.
    @Test(arguments: [
        "label_replace(X, \"a\", \"$1$1$1\", \"a\", \"(.*)\")", "label_join(X, \"a\", \"-\", \"a\", \"a\")",
        "label_replace(X, \"a\", \"\(String(repeating: "$1", count: 300_000))\", \"a\", \"(.*)\")",
    ])
    func labelsDoNotGrowWithoutEnd(call: String) throws {
        var source = MemorySource()
        source.append(["__name__": "m", "a": "0123456789"], at: Timestamp(milliseconds: 0), 1)
        var text = "m"
        for _ in 0..<(call.count > 100 ? 1 : 40) { text = call.replacing("X", with: text) }
        #expect {
            try Evaluator(source: source).instant(PromQL.parse(text), at: Timestamp(milliseconds: 0))
        } throws: {
            "\($0)".contains("the label \"a\" would have more than 65536 bytes")
        }
    }

    /// What a query holds counts as soon as it holds it: here are few series, and a value a sample.
    @Test(arguments: [
        "count_values(\"v\", m)", "sum by (n) (label_replace(m, \"n\", \"$1\", \"n\", \"(.*)\"))",
        "label_join(m, \"a\", \"\", \"n\")",
        "count by (n) (m)", "sort(m)", "m and m",
    ])
    func whatAQueryHoldsIsBounded(text: String) throws {
        var source = MemorySource()
        for number in 0..<50 {
            for second in 0..<100 {
                source.append(
                    ["__name__": "m", "n": "\(number)"], at: Timestamp(milliseconds: Int64(second) * 1000),
                    Double(number * 1000 + second))
            }
        }
        var options = QueryOptions()
        options.sampleLimit = 4000
        #expect(throws: PromQLError.tooManySamples(limit: 4000)) {
            try Evaluator(source: source, options: options).range(
                PromQL.parse(text), from: Timestamp(milliseconds: 0), through: Timestamp(milliseconds: 99_000),
                step: .seconds(1))
        }
    }

    @Test func theEndIsWhatWasAskedFor() throws {
        var source = MemorySource()
        for second in 0...20 {
            source.append(["__name__": "m"], at: Timestamp(milliseconds: Int64(second) * 1000), Double(second))
        }
        func last(_ text: String) throws -> Double? {
            let answer = try Evaluator(source: source).range(
                PromQL.parse(text), from: Timestamp(milliseconds: 0), through: Timestamp(milliseconds: 19_000),
                step: .seconds(10))
            guard case .matrix(let series) = answer.value else { return nil }
            #expect(series.allSatisfy { $0.samples.times == [0, 10_000] })
            return series.first?.samples.values.last
        }
        #expect(try last("m @ end()") == 19)
        #expect(try last("vector(end())") == 19)
        #expect(try last("vector(range())") == 19)
        #expect(try last("m @ start()") == 0)
    }

    @Test func thereAreElevenThousandStepsAtTheMost() throws {
        func count(_ end: Int64) throws -> Int {
            let answer = try Evaluator(source: MemorySource()).range(
                PromQL.parse("vector(1)"), from: Timestamp(milliseconds: 0), through: Timestamp(milliseconds: end),
                step: .seconds(1))
            guard case .matrix(let series) = answer.value else { return 0 }
            return series.first?.samples.count ?? 0
        }
        #expect(try count(11_000_000) == 11_001)
        #expect(throws: PromQLError.self) { try count(11_001_000) }
    }

    @Test(arguments: [0, 0.1, 0.25, 0.5, 0.9, 0.99, 1])
    func aQuantileIsWhatSortingGives(quantile: Double) {
        var random = SplitMix(state: 5)
        for count in [1, 2, 3, 10, 101, 1000] {
            let values = (0..<count).map { _ in Double(Int.random(in: 0...50, using: &random)) }
            let sorted = values.sorted()
            let rank = quantile * Double(count - 1)
            let lower = Int(rank)
            let weight = rank - Double(lower)
            let expected = sorted[lower] * (1 - weight) + sorted[min(lower + 1, count - 1)] * weight
            var scratch = values
            #expect(Quantiles.quantile(quantile, of: &scratch) == expected)
            #expect(scratch.sorted() == sorted)
        }
    }

    @Test func namesWithNumbersAreOrderedAsPeopleExpect() {
        #expect(
            ["cpu10", "cpu2", "cpu", "b1c2", "b1c10", ""].sorted { NaturalOrder.compare($0, $1) < 0 }
                == ["", "b1c2", "b1c10", "cpu", "cpu2", "cpu10"])
    }

    @Test(
        arguments: [
            (0, 1970, 1, 1, 4), (951_782_400, 2000, 2, 29, 2), (-1, 1969, 12, 31, 3), (4_107_542_400, 2100, 3, 1, 1),
            (-62_135_596_800, 1, 1, 1, 1),
        ] as [(Double, Double, Double, Double, Double)])
    func datesAreThoseOfTheCalendar(seconds: Double, year: Double, month: Double, day: Double, weekday: Double) {
        #expect(CalendarPart.year.value(seconds: seconds) == year)
        #expect(CalendarPart.month.value(seconds: seconds) == month)
        #expect(CalendarPart.dayOfMonth.value(seconds: seconds) == day)
        #expect(CalendarPart.dayOfWeek.value(seconds: seconds) == weekday)
    }

    @Test func aHistogramIsReadFromItsBuckets() {
        let counts = [(0.1, 10.0), (0.5, 30), (1, 40), (Double.infinity, 40)]
        var buckets = Buckets(counts.map { (bound: $0.0, count: $0.1) }.reversed())
        #expect(abs(buckets.quantile(0.5) - 0.3) < 1e-12)
        #expect(buckets.quantile(1) == 1)
        #expect(buckets.fraction(from: 0.1, to: 0.5) == 0.5)
        #expect(buckets.correction == nil)
        var falling = Buckets([(0.1, 10), (0.5, 5), (.infinity, 20)])
        #expect(falling.quantile(0.25) == 0.05)
        #expect(falling.correction?.lowest == 0.5)
        #expect(falling.correction?.difference == 5)
        var open = Buckets([(0.1, 10), (0.5, 15)])
        #expect(open.quantile(0.5).isNaN)
    }

    @Test(
        arguments: [
            (0, "0", "0.0"), (1, "1", "1.0"), (0.25, "0.25", "0.25"), (-2.5, "-2.5", "-2.5"),
            (0.00001, "1e-05", "1e-05"),
            (123_456, "123456", "123456.0"), (1_234_567, "1.234567e+06", "1.234567e+06"), (1e100, "1e+100", "1e+100"),
            (.infinity, "+Inf", "+Inf"), (.nan, "NaN", "NaN"), (0.0001, "0.0001", "0.0001"),
        ] as [(Double, String, String)])
    func numbersAreWrittenAsGoWritesThem(value: Double, general: String, openMetrics: String) {
        #expect(DecimalText.general(value) == general)
        #expect(DecimalText.openMetrics(value) == openMetrics)
    }

    @Test(
        arguments: [(5, "5"), (12.4, "12"), (123, "1.2e+02"), (0.0456, "0.046"), (99.7, "1e+02")] as [(Double, String)])
    func numbersAreRoundedToDigits(value: Double, text: String) {
        #expect(DecimalText.general(value, digits: 2) == text)
    }

    @Test func momentsAreWrittenInUTC() {
        #expect(CalendarPart.text(milliseconds: 0) == "1970-01-01T00:00:00Z")
        #expect(CalendarPart.text(milliseconds: 1_764_093_609_999) == "2025-11-25T18:00:09Z")
        #expect(CalendarPart.text(milliseconds: -1) == "1969-12-31T23:59:59Z")
    }

    @Test func manyAnnotationsAreCountedAndNotListed() {
        var annotations = Annotations(source: SourceText("x"))
        for number in 0..<13 { annotations.warn("\(number)", at: SourceSpan(0, 1)) }
        annotations.inform("one", at: SourceSpan(0, 1))
        #expect(annotations.warnings.count == 11)
        #expect(annotations.warnings.last == "3 more warning annotations omitted")
        #expect(annotations.infos == ["PromQL info: one (1:1)"])
    }
}
