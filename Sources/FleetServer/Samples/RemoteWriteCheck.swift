import FleetModel
import MetricsWire
import TimeSeriesStore

/// Looks through a remote write request before another server gets it.
enum RemoteWriteCheck {
    /// The most bytes that a request may hold unpacked, as for the store.
    private static let longest = StoreOptions().maximumRequestBytes

    /// How many samples it holds. Throws `StoreError.invalid` where it cannot be read and `StoreError.forbidden` where a
    /// series is not one that the sender may write.
    static func samples(of body: [UInt8], allowing scope: WriteScope?) throws(StoreError) -> Int {
        let result: Result<Int, StoreError>
        do throws(WireError) {
            let bytes = try Snappy.decompress(body, limit: longest)
            result = unsafe try samples(bytes.span.bytes, scope)
        } catch {
            throw .invalid(reason: error.description)
        }
        return try result.get()
    }

    private static func samples(
        _ bytes: RawSpan, _ scope: WriteScope?
    ) throws(WireError) -> Result<Int, StoreError> {
        var offset = 0
        var samples = 0
        while let body = try RemoteWriteDecoder.nextSeries(bytes, at: &offset) {
            var pairs: [Labels.Pair] = []
            var place = body.lowerBound
            while let field = try RemoteWriteDecoder.nextField(bytes, at: &place, before: body.upperBound) {
                switch field {
                case .sample: samples += 1
                case .label(let name, let value):
                    if scope != nil { pairs.append(Labels.Pair(text(bytes, name), text(bytes, value))) }
                }
            }
            if let objection = scope?.objection(to: Labels(pairs)) { return .failure(.forbidden(reason: objection)) }
        }
        return .success(samples)
    }

    private static func text(_ bytes: RawSpan, _ range: Range<Int>) -> String {
        unsafe bytes.extracting(range).withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
    }
}
