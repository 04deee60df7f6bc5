import FleetModel
import Testing

@testable import FleetServer

@Suite struct JSONTextTests {
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
