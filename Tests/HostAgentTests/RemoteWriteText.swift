import FleetModel
import MetricsWire
import Testing

/// What a remote write request says, for tests: the value of each series by its text.
enum RemoteWriteText {
    /// The series of a decompressed request; every sample must be of `time` where one is given.
    static func decode(_ bytes: [UInt8], time: Int64? = nil) throws -> [String: Double] {
        var found: [String: Double] = [:]
        var offset = 0
        let request = unsafe bytes.span.bytes
        while let body = try RemoteWriteDecoder.nextSeries(request, at: &offset) {
            var labels = Labels()
            var place = body.lowerBound
            while let field = try RemoteWriteDecoder.nextField(request, at: &place, before: body.upperBound) {
                switch field {
                case .label(let name, let value):
                    labels[String(decoding: bytes[name], as: UTF8.self)] = String(decoding: bytes[value], as: UTF8.self)
                case .sample(let moment, let value):
                    if let time { #expect(moment == time) }
                    found["\(labels)"] = value
                }
            }
        }
        return found
    }
}
