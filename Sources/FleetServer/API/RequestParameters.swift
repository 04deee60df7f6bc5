import FleetModel
import HTTPDoor
import HTTPTypes
import Hummingbird
import NIOCore

/// The parameters of a Prometheus call: from the URL's query and, for a form, from the body as well. Of a name given
/// several times the body's values come first, as in Go's `Request.Form`.
struct RequestParameters {
    /// The largest form that is read: a query of the most bytes that the parser takes, each of them percent-encoded.
    static let largestForm = 4 << 20

    private let values: [String: [String]]

    init(_ request: Request) async throws {
        var values: [String: [String]] = [:]
        if request.method == .post {
            let body = try await request.collected(upTo: Self.largestForm)
            if body.readableBytes > 0 {
                try Self.requireForm(request.headers[.contentType])
                try Self.decode(String(buffer: body), into: &values)
            }
        }
        try Self.decode(request.uri.query ?? "", into: &values)
        self.values = values
    }

    /// The first value.
    subscript(name: String) -> String? { values[name]?.first }

    /// All values, in order.
    func all(_ name: String) -> [String] { values[name] ?? [] }

    /// Every parameter that is there.
    var names: [String] { values.keys.sorted() }

    // MARK: Kinds of values

    /// A moment: seconds since 1970, or RFC 3339; `nil` where the parameter is absent or empty.
    func moment(_ name: String) throws -> Timestamp? {
        guard let text = self[name], !text.isEmpty else { return nil }
        guard let moment = RequestTime.moment(text) else {
            throw APIError.invalid(name, "cannot parse \"\(text)\" to a valid timestamp")
        }
        return moment
    }

    /// A moment that must be there.
    func requiredMoment(_ name: String) throws -> Timestamp {
        guard let moment = try moment(name) else {
            throw APIError.invalid(name, "cannot parse \"\" to a valid timestamp")
        }
        return moment
    }

    /// The span of `start` and `end`, in milliseconds; what is absent is without bound.
    func bounds() throws -> (first: Int64, last: Int64) {
        (try moment("start")?.milliseconds ?? .min, try moment("end")?.milliseconds ?? .max)
    }

    /// A span: seconds, or Prometheus' notation such as `1m30s`; `nil` where the parameter is absent or empty.
    func span(_ name: String) throws -> Duration? {
        guard let text = self[name], !text.isEmpty else { return nil }
        let seconds = Double(text) ?? PrometheusDuration.seconds(text)
        guard let seconds, seconds.isFinite else {
            throw APIError.invalid(name, "cannot parse \"\(text)\" to a valid duration")
        }
        // 292 years: what a duration of Prometheus holds.
        guard seconds.magnitude < 9.2e9 else {
            throw APIError.invalid(name, "cannot parse \"\(text)\" to a valid duration. It overflows int64")
        }
        return .milliseconds(Int64((seconds * 1000).rounded()))
    }

    /// A span that must be there and be positive.
    func requiredStep(_ name: String) throws -> Duration {
        guard let span = try span(name) else {
            throw APIError.invalid(name, "cannot parse \"\" to a valid duration")
        }
        guard span > .zero else {
            throw APIError.invalid(
                name, "zero or negative query resolution step widths are not accepted. Try a positive integer")
        }
        return span
    }

    /// How many at the most; `nil` for no limit, which is what 0 says.
    func limit(_ name: String = "limit") throws -> Int? {
        guard let text = self[name], !text.isEmpty else { return nil }
        guard let number = Int(text) else { throw APIError(.badRequest, "\(name) must be a number") }
        guard number >= 0 else { throw APIError.invalid(name, "\(name) must be non-negative") }
        return number == 0 ? nil : number
    }

    /// `true`, `false` and what Go takes for them; absent is false.
    func flag(_ name: String) throws -> Bool {
        switch self[name] ?? "" {
        case "", "0", "f", "F", "false", "FALSE", "False": return false
        case "1", "t", "T", "true", "TRUE", "True": return true
        default: throw APIError.invalid(name, "it must be true or false")
        }
    }

    // MARK: Forms

    private static func requireForm(_ type: String?) throws {
        let media = (type ?? "").prefix { $0 != ";" }.trimmed.lowercased()
        guard media == "application/x-www-form-urlencoded" else {
            throw APIError(
                .unsupportedMediaType,
                "parameters in a body must be a form: Content-Type application/x-www-form-urlencoded, not '\(media)'")
        }
    }

    private static func decode(_ form: String, into values: inout [String: [String]]) throws {
        for pair in form.utf8.split(separator: UInt8(ascii: "&")) {
            if pair.contains(UInt8(ascii: ";")) {
                throw APIError(.badRequest, "error parsing form values: invalid semicolon separator in query")
            }
            let sides = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            let name = try decoded(sides[0])
            values[name, default: []].append(sides.count > 1 ? try decoded(sides[1]) : "")
        }
    }

    /// A part of a URL without its percent encoding; in forms a plus stands for a space.
    static func decoded(_ text: Substring.UTF8View, isForm: Bool = true) throws -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var rest = text[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+") where isForm: bytes.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                let code = rest.prefix(2)
                guard code.count == 2, let high = code.first?.hexadecimal, let low = code.last?.hexadecimal else {
                    let shown = "%" + (String(code) ?? "")
                    throw APIError(.badRequest, "error parsing form values: invalid URL escape \"\(shown)\"")
                }
                bytes.append(high << 4 | low)
                rest = rest.dropFirst(2)
            default: bytes.append(byte)
            }
        }
        guard let result = String(validating: bytes, as: UTF8.self) else {
            throw APIError(.badRequest, "error parsing form values: a parameter is not UTF-8")
        }
        return result
    }
}

extension UInt8 {
    /// The value of a hexadecimal digit.
    fileprivate var hexadecimal: UInt8? {
        switch self {
        case 0x30...0x39: self - 0x30
        case 0x41...0x46: self - 0x41 + 10
        case 0x61...0x66: self - 0x61 + 10
        default: nil
        }
    }
}

extension APIError {
    /// A parameter that cannot be used, in Prometheus' words.
    static func invalid(_ parameter: String, _ reason: String) -> APIError {
        APIError(.badRequest, "invalid parameter \"\(parameter)\": \(reason)")
    }
}
