import FleetModel
import Foundation

/// How values become the text of a `document` column and come back.
enum Document {
    /// The value as JSON with sorted keys, so that equal values are equal texts.
    static func text(of value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "+Inf", negativeInfinity: "-Inf", nan: "NaN")
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    /// The value that `text` stands for; the error names the row and the field.
    static func value<Value: Decodable>(
        _ type: Value.Type, from text: String, at place: DocumentPlace
    ) throws(FleetStateError) -> Value {
        do {
            let decoder = JSONDecoder()
            decoder.nonConformingFloatDecodingStrategy = .convertFromString(
                positiveInfinity: "+Inf", negativeInfinity: "-Inf", nan: "NaN")
            return try decoder.decode(type, from: Data(text.utf8))
        } catch {
            throw .unreadableDocument(path: place.path, table: place.table, key: place.key, reason: reason(of: error))
        }
    }

    private static func reason(of error: any Error) -> String {
        guard let decoding = error as? DecodingError else { return "\(error)" }
        switch decoding {
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            return "\(field(context.codingPath)): \(context.debugDescription)"
        case .keyNotFound(let key, let context):
            return "\(field(context.codingPath + [key])) is missing"
        @unknown default:
            return "\(decoding)"
        }
    }

    private static func field(_ path: [any CodingKey]) -> String {
        path.isEmpty ? "the document" : "field " + path.map(\.stringValue).joined(separator: ".")
    }
}

/// Where a document lies, for the error that names it.
struct DocumentPlace {
    var path: String
    var table: String
    var key: String
}
