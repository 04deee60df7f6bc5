import HTTPTypes
import Hummingbird
import MetricsWire

/// Compresses answers with gzip for whoever accepts it; short ones are not worth it.
public struct Compression<Context: RequestContext>: RouterMiddleware {
    /// Below so many bytes an answer stays as it is.
    static var smallest: Int { 1024 }

    /// For all that is served below it.
    public init() {}

    /// Compresses what `next` answers, where it is wanted and long enough.
    public func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        if let length = response.body.contentLength, length < Self.smallest { return response }
        guard response.headers[.contentEncoding] == nil else { return response }
        response.headers.append(HTTPField(name: .vary, value: "Accept-Encoding"))
        guard Self.isWanted(request.headers[values: .acceptEncoding].joined(separator: ",")) else { return response }
        let plain = response.body
        response.body = ResponseBody { writer in
            try await plain.write(GzipWriter(writer))
        }
        response.headers[.contentLength] = nil
        response.headers[.contentEncoding] = "gzip"
        return response
    }

    /// Whether `Accept-Encoding` names gzip, or everything, with a weight above zero (RFC 9110, 12.5.3).
    static func isWanted(_ accepted: String) -> Bool {
        let weights = WeightedList(accepted).items
        return (weights.first { $0.name == "gzip" } ?? weights.first { $0.name == "*" }).map { $0.weight > 0 } ?? false
    }
}

/// Compresses what is written through it.
private struct GzipWriter: ResponseBodyWriter {
    private var parent: any ResponseBodyWriter
    private let encoder = GzipEncoder()

    init(_ parent: any ResponseBodyWriter) { self.parent = parent }

    mutating func write(_ buffer: ByteBuffer) async throws {
        let bytes = encoder.append(Array(buffer: buffer), isLast: false)
        if !bytes.isEmpty { try await parent.write(ByteBuffer(bytes: bytes)) }
    }

    consuming func finish(_ trailingHeaders: HTTPFields?) async throws {
        var parent = parent
        try await parent.write(ByteBuffer(bytes: encoder.append([], isLast: true)))
        try await parent.finish(trailingHeaders)
    }
}

/// A header field that lists choices with weights: `gzip;q=0.5, text/plain;version=0.0.4` (RFC 9110, 12.4.2).
struct WeightedList {
    struct Item {
        /// In lower case, without parameters.
        var name: String
        /// Parameters by name in lower case, without `q`.
        var parameters: [String: String]
        /// 0 to 1; 1 where nothing is said.
        var weight: Double
    }

    /// In the order of the field.
    var items: [Item]

    init(_ field: String) {
        items = field.split(separator: ",").compactMap { choice in
            let parts = choice.split(separator: ";", omittingEmptySubsequences: false).map { $0.trimmed }
            guard let name = parts.first, !name.isEmpty else { return nil }
            var item = Item(name: name.lowercased(), parameters: [:], weight: 1)
            for part in parts.dropFirst() {
                let sides = part.split(separator: "=", maxSplits: 1).map { String($0.trimmed) }
                guard sides.count == 2 else { continue }
                if sides[0].lowercased() == "q" {
                    item.weight = Double(sides[1]).map { min(1, max(0, $0)) } ?? 0
                } else {
                    item.parameters[sides[0].lowercased()] = sides[1].filter { $0 != "\"" }
                }
            }
            return item
        }
    }
}

extension Substring {
    /// Without spaces and tabs at both ends.
    public var trimmed: Substring {
        let start = drop { $0 == " " || $0 == "\t" }
        return start[
            ..<(start.lastIndex { $0 != " " && $0 != "\t" }.map { start.index(after: $0) } ?? start.startIndex)]
    }
}
