import FleetModel
import PromQL

/// A query's tree as JSON, in the shape of Prometheus' `parse_query`: every node an object with its `type`.
enum ExpressionJSON {
    static func write(_ expression: PromQL.Expression, to json: inout JSONText) {
        json.object { json in
            switch expression {
            case .number(let node):
                json.member("type", "numberLiteral")
                json.member("val", JSONText.positionalText(of: node.value))
            case .string(let node):
                json.member("type", "stringLiteral")
                json.member("val", node.text)
            case .selector(let node):
                json.member("type", "vectorSelector")
                members(of: node, &json)
            case .range(let node):
                json.member("type", "matrixSelector")
                json.member("range", milliseconds(node.range))
                members(of: node.selector, &json)
            case .parenthesized(let node):
                json.member("type", "parenExpr")
                child("expr", node.inner, &json)
            case .unary(let node):
                json.member("type", "unaryExpr")
                json.member("op", node.isNegation ? "-" : "+")
                child("expr", node.operand, &json)
            case .call(let node): members(of: node, &json)
            case .aggregation(let node): members(of: node, &json)
            case .binary(let node): members(of: node, &json)
            case .subquery(let node): members(of: node, &json)
            }
        }
    }

    private static func child(_ name: String, _ expression: PromQL.Expression?, _ json: inout JSONText) {
        guard let expression else { return json.null(name) }
        json.key(name)
        write(expression, to: &json)
    }

    private static func milliseconds(_ span: Duration) -> Int { Int(span.milliseconds) }

    private static func members(of selector: VectorSelector, _ json: inout JSONText) {
        json.member("name", selector.metric ?? "")
        json.member("offset", milliseconds(selector.offset))
        json.array("matchers") { json in
            let name = selector.metric.map { [LabelMatcher(Labels.metricName, .equal, $0)] } ?? []
            for matcher in selector.matchers + name {
                json.object { json in
                    json.member("name", matcher.name)
                    json.member("value", matcher.value)
                    json.member("type", matcher.comparison.rawValue)
                }
            }
        }
        anchor(selector.anchor, &json)
        json.member("anchored", selector.boundary == .anchored)
        json.member("smoothed", selector.boundary == .smoothed)
    }

    private static func anchor(_ anchor: TimeAnchor?, _ json: inout JSONText) {
        if case .time(let moment) = anchor {
            json.member("timestamp", Int(moment.milliseconds))
        } else {
            json.null("timestamp")
        }
        switch anchor {
        case .start: json.member("startOrEnd", "start")
        case .end: json.member("startOrEnd", "end")
        case .time, nil: json.null("startOrEnd")
        }
    }

    private static func members(of call: Call, _ json: inout JSONText) {
        json.member("type", "call")
        json.object("func") { json in
            json.member("name", call.function.name)
            json.member("argTypes", call.function.arguments.map(name))
            json.member("variadic", call.function.optional ?? -1)
            json.member("returnType", name(call.function.result))
        }
        json.array("args") { json in for argument in call.arguments { write(argument, to: &json) } }
    }

    private static func name(_ kind: PromQL.Expression.Kind) -> String {
        switch kind {
        case .scalar: "scalar"
        case .instantVector: "vector"
        case .rangeVector: "matrix"
        case .string: "string"
        }
    }

    private static func members(of aggregation: Aggregation, _ json: inout JSONText) {
        json.member("type", "aggregation")
        json.member("op", aggregation.operation.rawValue)
        child("expr", aggregation.operand, &json)
        child("param", aggregation.parameter, &json)
        json.member("grouping", aggregation.labels)
        json.member("without", aggregation.isWithout)
    }

    private static func members(of subquery: Subquery, _ json: inout JSONText) {
        json.member("type", "subquery")
        child("expr", subquery.expression, &json)
        json.member("range", milliseconds(subquery.range))
        json.member("offset", milliseconds(subquery.offset))
        json.member("step", milliseconds(subquery.step ?? .zero))
        anchor(subquery.anchor, &json)
    }

    private static func members(of binary: BinaryOperation, _ json: inout JSONText) {
        json.member("type", "binaryExpr")
        json.member("op", binary.operation.rawValue)
        child("lhs", binary.left, &json)
        child("rhs", binary.right, &json)
        let isOfVectors = binary.left.kind == .instantVector && binary.right.kind == .instantVector
        if isOfVectors {
            json.object("matching") { json in
                json.member("card", name(binary.matching.cardinality))
                json.member("labels", binary.matching.labels)
                json.member("on", binary.matching.isOn)
                json.member("include", binary.matching.included)
                json.object("fillValues") { json in
                    fill("lhs", binary.matching.fillLeft, &json)
                    fill("rhs", binary.matching.fillRight, &json)
                }
            }
        } else {
            json.null("matching")
        }
        json.member("bool", binary.returnsBool)
    }

    private static func fill(_ name: String, _ literal: NumberLiteral?, _ json: inout JSONText) {
        if let literal { json.member(name, literal.value) } else { json.null(name) }
    }

    private static func name(_ cardinality: VectorMatching.Cardinality) -> String {
        switch cardinality {
        case .oneToOne: "one-to-one"
        case .manyToOne: "many-to-one"
        case .oneToMany: "one-to-many"
        case .manyToMany: "many-to-many"
        }
    }
}
