import FleetModel
import Testing

@testable import MetricsWire

@Suite struct WireTests {
    @Test func snappyGivesBackWhatItTook() throws {
        for size in [0, 1, 5, 1000, 100_000] {
            let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 / 7) }
            #expect(try Snappy.decompress(Snappy.compress(bytes), limit: 100_000) == bytes)
        }
    }

    @Test func aBlockThatClaimsTooMuchIsRefusedBeforeMemoryIsTaken() {
        let bomb: [UInt8] = [0xff, 0xff, 0xff, 0xff, 0x0f, 0x00]
        #expect(throws: WireError.tooLarge(bytes: 0xffff_ffff, limit: 1000)) {
            try Snappy.decompress(bomb, limit: 1000)
        }
        #expect(throws: WireError.notSnappy) { try Snappy.decompress([], limit: 1000) }
        #expect(throws: WireError.notSnappy) { try Snappy.decompress([10, 0, 1], limit: 1000) }
    }

    @Test func aRequestIsReadAsItWasWritten() throws {
        let labels: Labels = ["__name__": "m", "host": "a"]
        var encoder = RemoteWriteEncoder()
        let known = encoder.register(labels)
        encoder.append(known, time: -1, value: -0.0)
        encoder.append(SeriesSamples(labels: labels, samples: SampleColumns(times: [1, 1 << 41], values: [.nan, 2])))
        #expect(encoder.sampleCount == 3)
        let fields = try Self.fields(try Snappy.decompress(encoder.finish(), limit: 1000))
        #expect(
            fields == [
                "__name__=m", "host=a", "-1 \((-0.0).bitPattern)",
                "__name__=m", "host=a", "1 \(Double.nan.bitPattern)", "\(1 << 41) \(2.0.bitPattern)",
            ])
        #expect(encoder.sampleCount == 0)
    }

    @Test func everyTruncationOfARequestIsAnErrorOrAShorterRequest() throws {
        let request = RemoteWriteEncoder.encode([
            SeriesSamples(labels: ["__name__": "m"], samples: SampleColumns(times: [5], values: [1]))
        ])
        let bytes = try Snappy.decompress(request, limit: 1000)
        for length in 1..<bytes.count {
            #expect(throws: WireError.self) { try Self.fields(Array(bytes[..<length])) }
        }
    }

    @Test func randomBytesNeverTrap() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            let bytes = (0..<Int.random(in: 0..<60, using: &generator)).map { _ in
                UInt8.random(in: 0...(Bool.random() ? 255 : 20), using: &generator)
            }
            _ = try? Self.fields(bytes)
        }
    }

    @Test func thePageIsPrometheusText() {
        var page = TextExposition()
        page.family("a_total", .counter, help: "Things\nand \\ more.")
        page.sample(1, ["x": "a\"b"])
        page.single("b", .gauge, help: "B.", -.infinity)
        #expect(
            page.text == """
                # HELP a_total Things\\nand \\\\ more.
                # TYPE a_total counter
                a_total{x="a\\"b"} 1
                # HELP b B.
                # TYPE b gauge
                b -Inf

                """)
    }

    /// All labels and samples of a request, as text.
    static func fields(_ bytes: [UInt8]) throws(WireError) -> [String] {
        let request = unsafe bytes.span.bytes
        var result: [String] = []
        var offset = 0
        while let body = try RemoteWriteDecoder.nextSeries(request, at: &offset) {
            var place = body.lowerBound
            while let field = try RemoteWriteDecoder.nextField(request, at: &place, before: body.upperBound) {
                switch field {
                case .sample(let time, let value): result.append("\(time) \(value.bitPattern)")
                case .label(let name, let value):
                    result.append(
                        String(decoding: bytes[name], as: UTF8.self) + "="
                            + String(decoding: bytes[value], as: UTF8.self))
                }
            }
        }
        return result
    }
}
