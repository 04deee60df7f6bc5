import FleetModel
import Foundation
import Testing

@testable import FleetServer

@Suite struct JSONTextTests {
    /// Whatever the pieces, they are one text: also where a piece ends inside a series.
    @Test func aLargeAnswerIsWrittenInPieces() throws {
        let counts = [0, 1, 20_000, 3, 9000]
        let series = counts.enumerated().map { number, count in
            SeriesSamples(
                labels: ["n": "\(number)"],
                samples: SampleColumns(
                    times: (0..<Int64(count)).map { $0 * 1000 }, values: (0..<count).map { Double($0) / 8 }))
        }
        let pieces = Array(QueryJSON(QueryAnswer(.matrix(series))))
        #expect(pieces.count > 3 && pieces.allSatisfy { $0.count < QueryJSON.pieceSize + 1000 })
        let answer = try JSONDecoder().decode(Answer.self, from: Data(pieces.joined()))
        #expect(answer.data.result.map(\.values.count) == counts)
        #expect(answer.data.result.map { $0.metric["n"] } == ["0", "1", "2", "3", "4"])
    }

    private struct Answer: Decodable {
        struct Series: Decodable {
            struct Sample: Decodable {}
            let metric: [String: String]
            let values: [Sample]
        }
        struct Content: Decodable { let result: [Series] }
        let data: Content
    }

    @Test(arguments: [
        (0.0, "0"), (-0.0, "-0"), (1, "1"), (0.25, "0.25"), (1e15, "1000000000000000"),
        (-1.5e17, "-150000000000000000"),
        (1.2345e20, "123450000000000000000"), (1e21, "1e+21"), (1e-6, "0.000001"), (1.5e-5, "0.000015"),
        (9.5e-7, "9.5e-07"), (.infinity, "+Inf"), (-.infinity, "-Inf"), (.nan, "NaN"),
        (0.1 + 0.2, "0.30000000000000004"),
    ])
    func valuesAreWrittenAsPrometheusDoes(value: Double, text: String) {
        #expect(JSONText.text(of: value) == text)
        var json = JSONText()
        json.sampleValue(value)
        #expect(String(decoding: json.bytes, as: UTF8.self) == "\"\(text)\"")
    }

    @Test func momentsAreSecondsWithThreeDecimalsOrNone() {
        var json = JSONText()
        json.array { json in for time: Int64 in [0, 1500, 1_767_225_600_123, -250] { json.seconds(time) } }
        #expect(String(decoding: json.bytes, as: UTF8.self) == "[0,1.500,1767225600.123,-0.250]")
    }

    @Test func textCannotBreakOutOfItsQuotes() {
        var json = JSONText()
        json.object { $0.member("a\"b", "line\nback\\slash\u{1}") }
        #expect(String(decoding: json.bytes, as: UTF8.self) == #"{"a\"b":"line\nback\\slash\u0001"}"#)
    }

    @Test func aVectorHasTheShapeOfPrometheus() {
        let sample = InstantSample(
            labels: ["__name__": "up", "host": "a"], time: Timestamp(milliseconds: 1000), value: 1)
        let text = String(decoding: QueryJSON.bytes(of: QueryAnswer(.vector([sample]))), as: UTF8.self)
        #expect(
            text == #"{"status":"success","data":{"resultType":"vector","result":"#
                + #"[{"metric":{"__name__":"up","host":"a"},"value":[1,"1"]}]}}"#)
    }
}
