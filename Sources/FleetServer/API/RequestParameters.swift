import FleetModel
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// The parameters of a Prometheus call: from the URL's query and, for a form, from the body as well.
struct RequestParameters {
    /// The largest form that is read.
    static let largestForm = 1 << 20

    private let values: [String: String]

    init(_ request: Request) async throws {
        var values = Self.decode(request.uri.query ?? "")
        if request.method == .post {
            let body: ByteBuffer
            do {
                body = try await request.body.collect(upTo: Self.largestForm)
            } catch is NIOTooManyBytesError {
                throw APIError(.contentTooLarge, "a form may have \(Self.largestForm) bytes at the most")
            }
            values.merge(Self.decode(String(buffer: body))) { _, fromBody in fromBody }
        }
        self.values = values
    }

    subscript(name: String) -> String? { values[name] }

    /// The parameter, which must be there.
    func text(_ name: String) throws -> String {
        guard let value = values[name], !value.isEmpty else {
            throw APIError(.badRequest, "invalid parameter \"\(name)\": it is missing")
        }
        return value
    }

    /// A moment: seconds since the epoch, or RFC 3339.
    func moment(_ name: String) throws -> Timestamp? {
        guard let text = values[name], !text.isEmpty else { return nil }
        if let seconds = Double(text), let moment = Timestamp(seconds: seconds) { return moment }
        if let date = Self.date(text), let moment = Timestamp(seconds: date.timeIntervalSince1970) { return moment }
        throw APIError(
            .badRequest,
            "invalid parameter \"\(name)\": cannot parse \"\(text)\" to a valid timestamp; "
                + "write seconds since 1970 or 2026-01-31T12:00:00Z")
    }

    /// A span: seconds, or Prometheus' notation such as `1m30s`. Positive.
    func span(_ name: String) throws -> Duration? {
        guard let text = values[name], !text.isEmpty else { return nil }
        let seconds = Double(text) ?? PrometheusDuration.seconds(text)
        guard let seconds, seconds.isFinite, let milliseconds = Int64(exactly: (seconds * 1000).rounded()) else {
            throw APIError(
                .badRequest, "invalid parameter \"\(name)\": cannot parse \"\(text)\" to a valid duration")
        }
        guard milliseconds > 0 else {
            throw APIError(
                .badRequest,
                "invalid parameter \"\(name)\": zero or negative durations are not accepted; "
                    + "try a positive one such as 15s")
        }
        return .milliseconds(milliseconds)
    }

    private static func date(_ text: String) -> Date? {
        let whole = Date.ISO8601FormatStyle()
        return (try? Date(text, strategy: whole))
            ?? (try? Date(
                text,
                strategy: whole.year().month().day()
                    .time(includingFractionalSeconds: true).timeZone(separator: .omitted)))
    }

    private static func decode(_ form: String) -> [String: String] {
        var values: [String: String] = [:]
        for pair in form.split(separator: "&") {
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let decoded = sides.map { side in
                side.replacing("+", with: " ").removingPercentEncoding ?? String(side)
            }
            values[decoded[0]] = decoded.count > 1 ? decoded[1] : ""
        }
        return values
    }
}

/// Prometheus' notation for spans.
enum PrometheusDuration {
    private static let units: [(suffix: String, seconds: Double)] = [
        ("ms", 0.001), ("y", 31_536_000), ("w", 604_800), ("d", 86_400), ("h", 3600), ("m", 60), ("s", 1),
    ]

    /// `1h30m` as 5400; `nil` where `text` is not a span.
    static func seconds(_ text: String) -> Double? {
        var rest = Substring(text)
        var total = 0.0
        if rest.isEmpty { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            guard let number = Double(digits) else { return nil }
            rest = rest.dropFirst(digits.count)
            guard let unit = units.first(where: { rest.hasPrefix($0.suffix) }) else { return nil }
            total += number * unit.seconds
            rest = rest.dropFirst(unit.suffix.count)
        }
        return total
    }
}
