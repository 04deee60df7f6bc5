import FoundationEssentials
import Testing

@testable import HostRuntime

@Suite("JSON as text") struct JSONTextTests {
    private func value(_ text: String) -> JSONValue? { JSONText.value(Array(text.utf8)) }

    @Test func isReadAsWritten() {
        #expect(
            value(#" {"a": [1, -2.5e1, true, null, "x\n\u00e9\ud83d\ude00"], "b": {}} "#)
                == ["a": [1, .number(-25), true, .null, "x\né😀"], "b": [:]])
        #expect(value("9223372036854775807") == .integer(.max))
        // Larger than a whole number of ours, but a number.
        #expect(value("18446744073709551615") == .number(18446744073709551616))
        #expect(value("[]") == [] && value(#""\/\\\"""#) == .string("/\\\""))
    }

    @Test(arguments: [
        "", " ", "{", "[1,]", "{\"a\" 1}", "{\"a\":1,}", "01", "-", "1.", "1e", "tru", "nul", "\"a", "\"\u{1}\"",
        "\"\\x\"",
        #""\ud83d""#, #""\ude00""#, #""\u12g4""#, "1 2", "[1]]", "'a'", "NaN", "1e999", "{1:2}", "\u{feff}1",
        String(repeating: "[", count: 100_000), String(repeating: "[", count: 65) + String(repeating: "]", count: 65),
    ])
    func whatIsNoneIsRefused(_ text: String) {
        #expect(value(text) == nil)
    }

    @Test func bytesThatAreNoTextAreRefused() {
        #expect(JSONText.value([0x22, 0xff, 0x22]) == nil)
        #expect(JSONText.value([0x22, 0x5c, 0x6e, 0xc3, 0x22]) == nil)
    }

    @Test func agreesWithTheGeneralDecoderWhateverHappensToTheText() throws {
        let text = Array(
            #"{"return": {"status": "run\u0041", "x": [1, 2.50, true, null, -0, {"k": ""}]}, "id": 1}"#.utf8)
        var generator = SplitMix(state: 11)
        for _ in 0..<20_000 {
            var bytes = text
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(
                    in: 0x20...0x7e, using: &generator)
            }
            let ours = JSONText.value(bytes)
            let theirs = try? JSONDecoder().decode(Check.self, from: Data(bytes))
            guard (ours != nil) == (theirs != nil) else { throw Unexpected(String(decoding: bytes, as: UTF8.self)) }
            if let ours { #expect(JSONText.value(JSONText.bytes(of: ours)) == ours) }
        }
    }

    @Test func isWrittenWithEverythingEscapedThatMustBe() {
        let value: JSONValue = ["b": "a\"\\\n\u{1f}é", "a": [1, .number(0.5), true, .null, .number(.nan)]]
        #expect(
            String(decoding: JSONText.bytes(of: value), as: UTF8.self)
                == #"{"a":[1,0.5,true,null,null],"b":"a\"\\\u000a\u001fé"}"#)
    }

    /// Any JSON, for the general decoder.
    private struct Check: Decodable {
        init(from decoder: any Decoder) throws {
            if let values = try? decoder.container(keyedBy: Key.self) {
                for key in values.allKeys { _ = try values.decode(Check.self, forKey: key) }
            } else if var values = try? decoder.unkeyedContainer() {
                while !values.isAtEnd {
                    if try !values.decodeNil() { _ = try values.decode(Check.self) }
                }
            } else {
                let value = try decoder.singleValueContainer()
                if value.decodeNil() || (try? value.decode(Bool.self)) != nil { return }
                if (try? value.decode(String.self)) == nil { _ = try value.decode(Double.self) }
            }
        }

        private struct Key: CodingKey {
            var stringValue: String
            var intValue: Int? { nil }
            init?(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }
    }
}
