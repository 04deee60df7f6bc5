import Foundation
import Testing

@testable import Commands

@Suite struct QueryPlotTests {
    private static func ramp(_ name: String, _ values: [Double], step: Double = 60) -> QueryPlot.Series {
        QueryPlot.Series(name: name, points: values.enumerated().map { (Double($0) * step, $1) })
    }

    private static func style(_ width: Int, _ height: Int, colours: Bool = false) -> QueryPlot.Style {
        QueryPlot.Style(width: width, height: height, colours: colours)
    }

    @Test func aRampRisesFromTheLowerLeftToTheUpperRight() throws {
        let plot = try #require(QueryPlot([Self.ramp("up", [0, 1, 2, 3, 4])], style: Self.style(30, 5)))
        let lines = plot.text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines[0].hasPrefix("4 ┤"))
        #expect(lines[4].hasPrefix("0 ┤⣀"))
        #expect(lines[0].last != "┤" && lines[0].count == 30)
        #expect(lines[4].count < lines[0].count)
        #expect(lines.last == "  up  last 4")
    }

    @Test func withoutColoursSeriesAreToldApartByLetters() throws {
        let both = [Self.ramp("low", [1, 1]), Self.ramp("high", [9, 9])]
        let text = try #require(QueryPlot(both, style: Self.style(40, 8))).text
        let lines = text.split(separator: "\n")
        #expect(lines.contains { $0.contains("aaaa") } && lines.contains { $0.contains("bbbb") })
        #expect(lines.contains("  a low  last 1") && lines.contains("  b high  last 9"))
        #expect(!text.contains("\u{1b}"))
    }

    @Test func coloursAreClosedAgain() throws {
        let text = try #require(QueryPlot([Self.ramp("a", [1, 2])], style: Self.style(40, 4, colours: true))).text
        #expect(text.split(separator: "\u{1b}[36m").count == text.split(separator: "\u{1b}[0m").count)
    }

    @Test func missingSamplesLeaveAGap() throws {
        var points = (0..<5).map { (seconds: Double($0) * 60, value: 1.0) }
        points += (15..<20).map { (seconds: Double($0) * 60, value: 1.0) }
        let series = QueryPlot.Series(name: "gap", points: points)
        let whole = try #require(QueryPlot([series], style: Self.style(60, 4))).text
        let broken = try #require(QueryPlot([series], step: 60, style: Self.style(60, 4))).text
        func drawn(_ text: String) -> Int { text.unicodeScalars.count { (0x2801...0x28ff).contains($0.value) } }
        #expect(drawn(broken) * 3 < drawn(whole) * 2)
    }

    @Test func whatIsNotFiniteIsSaidAndNotDrawn() throws {
        let text = try #require(QueryPlot([Self.ramp("odd", [1, .nan, .infinity, 2])], style: Self.style(40, 4))).text
        #expect(text.contains("2 values are not finite"))
        #expect(QueryPlot([Self.ramp("none", [.nan])], style: Self.style(40, 4)) == nil)
        #expect(QueryPlot([], style: Self.style(40, 4)) == nil)
    }

    @Test func moreSeriesThanCanBeToldApartAreCounted() throws {
        let many = (0..<20).map { Self.ramp("s\($0)", [Double($0), 1]) }
        #expect(try #require(QueryPlot(many, style: Self.style(60, 8))).text.contains("8 series more are not drawn"))
    }

    @Test(arguments: [
        [0.0, 0], [1e308, -1e308], [.leastNonzeroMagnitude, 0], [1e15, 1e15 + 1], [-3, -3], [2.5e9, 4e9],
        [.greatestFiniteMagnitude],
    ])
    func anyFiniteValuesCanBeDrawn(values: [Double]) throws {
        let text = try #require(QueryPlot([Self.ramp("x", values)], style: Self.style(50, 6))).text
        #expect(text.split(separator: "\n").count >= 8)
        #expect(!text.contains("nan") && !text.contains("inf"))
    }

    @Test func ticksAreRoundAndShort() {
        let axis = ValueAxis(low: 0.13e9, high: 1.9e9, most: 4)
        #expect(axis.ticks.map { axis.text(of: $0) } == ["0", "0.5G", "1G", "1.5G", "2G"])
        let small = ValueAxis(low: 0.012, high: 0.031, most: 4)
        #expect(small.ticks.map { small.text(of: $0) } == ["10m", "15m", "20m", "25m", "30m", "35m"])
    }

    @Test func aUnitThatAllNamesEndInStandsAboveTheAxis() throws {
        func answer(_ second: String) throws -> QueryAnswerText {
            let series = ["memory_bytes", second].map {
                "{\"metric\":{\"__name__\":\"\($0)\"},\"values\":[[0,\"1\"],[60,\"2\"]]}"
            }
            let text = "{\"data\":{\"resultType\":\"matrix\",\"result\":[\(series.joined(separator: ","))]}}"
            return try JSONDecoder().decode(QueryAnswerText.self, from: Data(text.utf8))
        }
        let alike = try answer("read_bytes_total").plot(columns: 40, colours: false)
        #expect(alike.split(separator: "\n").first?.drop { $0 == " " } == "bytes")
        #expect(try !answer("wait_seconds").plot(columns: 40, colours: false).contains("bytes\n"))
    }

    @Test func csvHasAColumnForEachLabel() throws {
        let text = """
            {"data":{"resultType":"vector","result":[{"metric":{"host":"a,b"},"value":[1,"2"]},\
            {"metric":{"vm":"x\\ny"},"value":[1.5,"+Inf"]}]}}
            """
        let answer = try JSONDecoder().decode(QueryAnswerText.self, from: Data(text.utf8))
        #expect(answer.csv == "time,value,host,vm\r\n1,2,\"a,b\",\r\n1.5,+Inf,,\"x\ny\"\r\n")
    }
}
