import FleetModel
import Testing

@testable import MetricsWire

@Suite struct ExpositionTests {
    private func page(_ format: ExpositionFormat) -> String {
        var page = TextExposition(format)
        page.family("run_seconds_total", .counter, help: "Time \"at\nwork\".")
        page.sample(1.5, ["mode": "a\"b\\c\n"])
        page.single("size_bytes", .gauge, help: "Size.", 3)
        page.family("odd", .counter, help: "Calls itself a counter.")
        page.sample(.infinity, labels: [], at: Timestamp(milliseconds: 1_500))
        page.family("my.name", .untyped, help: "")
        page.sample(.nan, labels: [(name: "a b", value: "x")])
        return page.text
    }

    @Test func plainText() {
        #expect(
            page(.text) == #"""
                # HELP run_seconds_total Time "at\nwork".
                # TYPE run_seconds_total counter
                run_seconds_total{mode="a\"b\\c\n"} 1.5
                # HELP size_bytes Size.
                # TYPE size_bytes gauge
                size_bytes 3
                # HELP odd Calls itself a counter.
                # TYPE odd counter
                odd +Inf 1500
                # TYPE my_name untyped
                my_name{a_b="x"} NaN

                """#)
    }

    @Test func openMetrics() {
        #expect(
            page(ExpositionFormat(isOpenMetrics: true, takesAnyName: true)) == #"""
                # TYPE run_seconds counter
                # UNIT run_seconds seconds
                # HELP run_seconds Time \"at\nwork\".
                run_seconds_total{mode="a\"b\\c\n"} 1.5
                # TYPE size_bytes gauge
                # UNIT size_bytes bytes
                # HELP size_bytes Size.
                size_bytes 3
                # TYPE odd unknown
                # HELP odd Calls itself a counter.
                odd +Inf 1.500
                # TYPE "my.name" unknown
                {"my.name","a b"="x"} NaN
                # EOF

                """#)
    }

    @Test func metadataOfRemoteWriteIsRead() throws {
        func field(_ tag: UInt8, _ text: String) -> [UInt8] { [tag, UInt8(text.utf8.count)] + Array(text.utf8) }
        let one = [0x08, 0x01] + field(0x12, "a_total") + field(0x22, "Things.") + field(0x2a, "things")
        let nameless: [UInt8] = [0x08, 0x02]
        let request = [0x1a, UInt8(one.count)] + one + [0x1a, UInt8(nameless.count)] + nameless + [0x0a, 0x00]
        let read = try unsafe RemoteWriteMetadata.read(request.span.bytes)
        #expect(read == [RemoteWriteMetadata(metric: "a_total", kind: .counter, help: "Things.", unit: "things")])
        // Between two whole fields a request may end.
        for length in 1..<2 + one.count {
            #expect(throws: WireError.self) {
                try unsafe RemoteWriteMetadata.read(Array(request[..<length]).span.bytes)
            }
        }
    }
}
