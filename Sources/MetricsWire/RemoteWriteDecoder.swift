/// Reads remote write 1.0 requests straight from the decompressed bytes: it hands out places, never objects.
///
/// Every place that it hands out lies inside the bytes. Exemplars, histograms and metadata are passed over, as the
/// protocol allows a receiver to do.
public enum RemoteWriteDecoder {
    /// The body of the next `TimeSeries` of a request at `offset`, which moves behind it; `nil` at the end.
    @inlinable
    public static func nextSeries(_ request: RawSpan, at offset: inout Int) throws(WireError) -> Range<Int>? {
        let end = request.byteCount
        while offset < end {
            let tag = try Protobuf.varint(request, at: &offset, before: end)
            if tag == UInt64(Protobuf.timeSeriesTag) {
                let length = try Protobuf.length(request, at: &offset, before: end)
                defer { offset += length }
                return offset..<offset + length
            }
            try Protobuf.skip(tag: tag, request, at: &offset, before: end)
        }
        return nil
    }

    /// What stands at a place inside a `TimeSeries`.
    public enum Field: Sendable, Hashable {
        /// A label: where its name and its value stand.
        case label(name: Range<Int>, value: Range<Int>)
        /// A sample: milliseconds since the epoch, and the value bit for bit.
        case sample(time: Int64, value: Double)
    }

    /// The next label or sample inside a `TimeSeries` whose body ends at `end`; `nil` at its end.
    @inlinable
    public static func nextField(
        _ request: RawSpan, at offset: inout Int, before end: Int
    ) throws(WireError) -> Field? {
        while offset < end {
            let tag = try Protobuf.varint(request, at: &offset, before: end)
            if tag == UInt64(Protobuf.sampleTag) { return try sample(request, at: &offset, before: end) }
            if tag == UInt64(Protobuf.labelTag) { return try label(request, at: &offset, before: end) }
            try Protobuf.skip(tag: tag, request, at: &offset, before: end)
        }
        return nil
    }

    @inlinable
    static func sample(_ bytes: RawSpan, at offset: inout Int, before end: Int) throws(WireError) -> Field {
        let length = try Protobuf.length(bytes, at: &offset, before: end)
        let stop = offset + length
        var time: Int64 = 0
        var value = 0.0
        while offset < stop {
            let tag = try Protobuf.varint(bytes, at: &offset, before: stop)
            if tag == UInt64(Protobuf.sampleValueTag), stop - offset >= 8 {
                let bits = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
                value = Double(bitPattern: UInt64(littleEndian: bits))
                offset += 8
            } else if tag == UInt64(Protobuf.sampleTimeTag) {
                time = Int64(bitPattern: try Protobuf.varint(bytes, at: &offset, before: stop))
            } else {
                try Protobuf.skip(tag: tag, bytes, at: &offset, before: stop)
            }
        }
        return .sample(time: time, value: value)
    }

    @inlinable
    static func label(_ bytes: RawSpan, at offset: inout Int, before end: Int) throws(WireError) -> Field {
        let length = try Protobuf.length(bytes, at: &offset, before: end)
        let stop = offset + length
        var name = offset..<offset
        var value = offset..<offset
        while offset < stop {
            let tag = try Protobuf.varint(bytes, at: &offset, before: stop)
            let isName = tag == UInt64(Protobuf.labelNameTag)
            guard isName || tag == UInt64(Protobuf.labelValueTag) else {
                try Protobuf.skip(tag: tag, bytes, at: &offset, before: stop)
                continue
            }
            let size = try Protobuf.length(bytes, at: &offset, before: stop)
            if isName { name = offset..<offset + size } else { value = offset..<offset + size }
            offset += size
        }
        return .label(name: name, value: value)
    }
}

extension RemoteWriteDecoder {
    /// Where the labels that begin a `TimeSeries` end.
    @inlinable
    public static func endOfLabels(_ request: RawSpan, _ body: Range<Int>) throws(WireError) -> Int {
        var offset = body.lowerBound
        while offset < body.upperBound {
            guard unsafe request.unsafeLoad(fromByteOffset: offset, as: UInt8.self) == Protobuf.labelTag else { break }
            offset += 1
            offset += try Protobuf.length(request, at: &offset, before: body.upperBound)
        }
        return offset
    }

    /// A sample as nearly every sender writes it: value, then a time of six bytes, which is every time from 2004 to 2109.
    @inlinable @inline(__always)
    static func plainSample(
        _ bytes: RawSpan, at offset: inout Int, before end: Int
    ) -> (time: Int64, value: Double)? {
        // 12 10 09 vvvvvvvvvvvvvvvv 10 tttttttttttt
        guard end &- offset >= 18 else { return nil }
        let head = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self).littleEndian
        guard head & 0xff_ffff == 0x09_1012 else { return nil }
        let last = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset &+ 10, as: UInt64.self).littleEndian
        guard last & 0xff80_8080_8080_ff00 == last & 0x7f00_0000_0000_0000 | 0x0080_8080_8080_1000 else { return nil }
        let bits = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset &+ 3, as: UInt64.self)
        var time = last >> 16 & 0x7f
        time |= last >> 17 & 0x7f << 7
        time |= last >> 18 & 0x7f << 14
        time |= last >> 19 & 0x7f << 21
        time |= last >> 20 & 0x7f << 28
        time |= last >> 21 & 0x7f << 35
        offset &+= 18
        return (Int64(time), Double(bitPattern: UInt64(littleEndian: bits)))
    }

    /// The next sample of a `TimeSeries` whose body ends at `end`; `nil`, with `offset` left there, at a label or at the
    /// end. Whatever else stands between samples is passed over.
    @inlinable
    public static func nextSample(
        _ request: RawSpan, at offset: inout Int, before end: Int
    ) throws(WireError) -> (time: Int64, value: Double)? {
        if let plain = plainSample(request, at: &offset, before: end) { return plain }
        while offset < end {
            var place = offset
            let tag = try Protobuf.varint(request, at: &place, before: end)
            if tag == UInt64(Protobuf.labelTag) { return nil }
            if tag == UInt64(Protobuf.sampleTag) {
                offset = place
                guard case .sample(let time, let value) = try sample(request, at: &offset, before: end) else {
                    return nil
                }
                return (time, value)
            }
            try Protobuf.skip(tag: tag, request, at: &place, before: end)
            offset = place
        }
        return nil
    }
}
