import FleetModel
import MetricsWire

/// The bytes that a series is known by: its labels as a remote write request has them.
enum SeriesIdentity {
    /// The labels that the bytes of the catalogue stand for. Throws `StoreError.damaged` where they are none.
    static func labels(_ identity: [UInt8]) throws(StoreError) -> Labels {
        let span = unsafe identity.span.bytes
        var pairs: [Labels.Pair] = []
        var offset = 0
        do throws(WireError) {
            while let field = try RemoteWriteDecoder.nextField(span, at: &offset, before: identity.count) {
                guard case .label(let name, let value) = field else { continue }
                pairs.append(
                    Labels.Pair(
                        String(decoding: identity[name], as: UTF8.self),
                        String(decoding: identity[value], as: UTF8.self)))
            }
        } catch {
            throw .damaged(path: Catalogue.fileName, reason: error.description)
        }
        return Labels(sortedUnchecked: pairs)
    }
}
