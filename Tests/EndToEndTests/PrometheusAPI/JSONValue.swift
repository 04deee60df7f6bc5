import Foundation

/// Any JSON, for comparing answers field by field.
enum JSONValue: Hashable, Decodable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    init(_ bytes: [UInt8]) throws { self = try JSONDecoder().decode(JSONValue.self, from: Data(bytes)) }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode([String: JSONValue].self) {
            self = .object(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .array(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else {
            self = .number(try container.decode(Double.self))
        }
    }

    subscript(name: String) -> JSONValue {
        if case .object(let members) = self { return members[name] ?? .null }
        return .null
    }

    subscript(place: Int) -> JSONValue {
        if case .array(let elements) = self, elements.indices.contains(place) { return elements[place] }
        return .null
    }

    var text: String? {
        if case .string(let text) = self { return text }
        return nil
    }

    var elements: [JSONValue] {
        if case .array(let elements) = self { return elements }
        return []
    }

    var members: [String: JSONValue] {
        if case .object(let members) = self { return members }
        return [:]
    }

    /// Without some members of an object.
    func dropping(_ names: String...) -> JSONValue {
        guard case .object(let members) = self else { return self }
        return .object(members.filter { !names.contains($0.key) })
    }

    /// The elements of a query's result in the order of their labels, for PromQL leaves it open.
    var sortedByMetric: JSONValue {
        guard case .array(let elements) = self, elements.allSatisfy({ $0["metric"] != .null }) else { return self }
        return .array(elements.sorted { $0["metric"].description < $1["metric"].description })
    }

    /// The first place where the two differ; `nil` where they are alike. Numbers in strings may differ in the last
    /// digits, for sums are made in another order.
    func difference(from other: JSONValue, at place: String = "") -> String? {
        switch (self, other) {
        case (.object(let mine), .object(let theirs)):
            for name in Set(mine.keys).union(theirs.keys).sorted() {
                guard let one = mine[name], let two = theirs[name] else {
                    return "\(place).\(name): \(mine[name] == nil ? "missing" : "not expected")"
                }
                if let found = one.difference(from: two, at: "\(place).\(name)") { return found }
            }
            return nil
        case (.array(let mine), .array(let theirs)):
            if mine.count != theirs.count { return "\(place): \(mine.count) elements, expected \(theirs.count)" }
            for (index, pair) in zip(mine, theirs).enumerated() {
                if let found = pair.0.difference(from: pair.1, at: "\(place)[\(index)]") { return found }
            }
            return nil
        case (.string(let mine), .string(let theirs)) where Self.isAlmost(mine, theirs): return nil
        default: return self == other ? nil : "\(place): \(self), expected \(other)"
        }
    }

    private static func isAlmost(_ one: String, _ two: String) -> Bool {
        if one == two { return true }
        guard let left = Double(one), let right = Double(two), left.isFinite, right.isFinite else { return false }
        return abs(left - right) <= 1e-9 * max(abs(left), abs(right))
    }
}

extension JSONValue: CustomStringConvertible {
    var description: String {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .number(let value): "\(value)"
        case .string(let text): "\"\(text)\""
        case .array(let elements): "[\(elements.map(\.description).joined(separator: ","))]"
        case .object(let members):
            "{\(members.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ","))}"
        }
    }
}
