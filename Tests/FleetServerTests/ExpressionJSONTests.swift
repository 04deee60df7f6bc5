import PromQL
import Testing

@testable import FleetServer

/// The tree of a query in the shape of Prometheus' `parse_query` (`web/api/v1/translate_ast.go`).
@Suite struct ExpressionJSONTests {
    private func json(_ query: String) throws -> String {
        var json = JSONText()
        ExpressionJSON.write(try parse(query), to: &json)
        return String(decoding: json.bytes, as: UTF8.self)
    }

    @Test func aSelectorSaysWhatItPicksAndWhen() throws {
        #expect(
            try json("up{job=~\"a.*\"}[5m] @ 3 offset 1m") == #"{"type":"matrixSelector","range":300000,"name":"up","#
                + #""offset":60000,"matchers":[{"name":"job","value":"a.*","type":"=~"},"#
                + #"{"name":"__name__","value":"up","type":"="}],"timestamp":3000,"startOrEnd":null,"#
                + #""anchored":false,"smoothed":false}"#)
        #expect(try json("up @ end()").contains(#""timestamp":null,"startOrEnd":"end""#))
    }

    @Test func everyKindOfNodeHasItsType() throws {
        let cases = [
            ("1e3", #"{"type":"numberLiteral","val":"1000"}"#), ("\"a\"", #"{"type":"stringLiteral","val":"a"}"#),
            ("(1)", #"{"type":"parenExpr","expr":{"type":"numberLiteral","val":"1"}}"#),
            (
                "1 + 2",
                #"{"type":"binaryExpr","op":"+","lhs":{"type":"numberLiteral","val":"1"},"#
                    + #""rhs":{"type":"numberLiteral","val":"2"},"matching":null,"bool":false}"#
            ),
            (
                "time()",
                #"{"type":"call","func":{"name":"time","argTypes":[],"variadic":0,"returnType":"scalar"},"args":[]}"#
            ),
        ]
        for (query, expected) in cases { #expect(try json(query) == expected) }
        let joined = try json("a * on(x) group_left(y) b")
        #expect(joined.contains(#""card":"many-to-one","labels":["x"],"on":true,"include":["y"]"#))
        let topk = try json("topk without(x) (3, a)")
        #expect(topk.contains(#""param":{"type":"numberLiteral","val":"3"},"grouping":["x"],"without":true"#))
        #expect(try json("-a").hasPrefix(#"{"type":"unaryExpr","op":"-","expr":{"type":"vectorSelector""#))
        #expect(try json("a[1h:5m]").contains(#""range":3600000,"offset":0,"step":300000"#))
    }
}
