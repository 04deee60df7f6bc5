import FleetModel
import Testing

@testable import TimeSeriesStore

/// A small generator with a seed, so that a failure can be repeated.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}

@Suite struct CodecTests {
    static func coded(_ column: [Int64]) throws -> [Int64] {
        var encoder = IntegerEncoder()
        var bytes: [UInt8] = [0xaa, 0xbb]
        encoder.encode(column, to: &bytes)
        let range = 2..<bytes.count
        bytes.append(contentsOf: [UInt8](repeating: 0xff, count: IntegerDecoder.padding))
        var result: [Int64] = []
        var decoder = IntegerDecoder()
        try decoder.decode(unsafe bytes.span.bytes, range, count: column.count, into: &result)
        return result
    }

    static func coded(_ columns: [[Double]]) throws -> [[Double]] {
        var encoder = ValueEncoder()
        var decoder = ValueDecoder()
        return try columns.map { column in
            var bytes: [UInt8] = []
            encoder.encode(column, to: &bytes)
            let range = 0..<bytes.count
            bytes.append(contentsOf: [UInt8](repeating: 0xff, count: IntegerDecoder.padding))
            var result: [Double] = []
            try decoder.decode(unsafe bytes.span.bytes, range, count: column.count, into: &result)
            return result
        }
    }

    @Test(arguments: 0..<300) func integersComeBackAsTheyWere(seed: Int) throws {
        var generator = SeededGenerator(state: UInt64(seed))
        let count = Int.random(in: 1...300, using: &generator)
        let bits = UInt64.random(in: 0...63, using: &generator)
        let stretch = Int64.random(in: 1...1000, using: &generator)
        let isCounter = Bool.random(using: &generator)
        var sum: Int64 = 0
        let column = (0..<count).map { _ in
            let number = Int64(bitPattern: generator.next() >> bits) &* stretch
            sum &+= number
            return isCounter ? sum : number
        }
        #expect(try Self.coded(column) == column)
    }

    @Test func edgesOfTheIntegersComeBack() throws {
        let edges: [Int64] = [0, 1, -1, .max, .min, .max - 1, .min + 1, 1 << 62, -(1 << 62)]
        for one in edges {
            for other in edges {
                #expect(try Self.coded([one, other]) == [one, other])
                #expect(try Self.coded([one, other, one, one, other]) == [one, other, one, one, other])
            }
        }
        #expect(try Self.coded(edges + edges.reversed()) == edges + edges.reversed())
    }

    @Test func strangeDoublesComeBackBitForBit() throws {
        let strange: [Double] = [
            0, -0.0, .nan, Staleness.marker, Double(bitPattern: 0xfff8_0000_dead_beef), .infinity, -.infinity,
            .leastNonzeroMagnitude, -.leastNormalMagnitude, .greatestFiniteMagnitude, 0.1, 1 / 3, 1e15, 1e16, 1e300,
            9_007_199_254_740_992, 0x1p51, 0x1p52 + 0.5, 0x1p62, -0x1p63, 4.35, 0.07, 123_456.789,
        ]
        var generator = SeededGenerator(state: 7)
        var columns = [strange, [], [-0.0], [-0.0, -0.0], Array(repeating: .nan, count: 20)]
        for _ in 0..<400 {
            let count = Int.random(in: 1...100, using: &generator)
            let share = Int.random(in: 0...10, using: &generator)
            let scale = ValueCodec.powers[Int.random(in: 0..<16, using: &generator)]
            columns.append(
                (0..<count).map { _ in
                    let isStrange = Int.random(in: 0..<10, using: &generator) < share
                    let number = Double(Int64.random(in: -1_000_000...1_000_000_000_000, using: &generator)) / scale
                    return isStrange ? strange.randomElement(using: &generator) ?? 0 : number
                })
        }
        for _ in 0..<100 { columns.append((0..<64).map { _ in Double(bitPattern: generator.next()) }) }
        let result = try Self.coded(columns)
        #expect(result.map { $0.map(\.bitPattern) } == columns.map { $0.map(\.bitPattern) })
    }

    @Test func pagesGiveBackEverySeries() throws {
        var generator = SeededGenerator(state: 3)
        var builder = PageBuilder()
        var pages: [Page] = []
        var written: [UInt32: SampleColumns] = [:]
        var ordinal: UInt32 = 5
        for _ in 0..<3000 {
            ordinal += UInt32.random(in: 1...3, using: &generator)
            let count = Int.random(in: 1...200, using: &generator)
            let start = Int64.random(in: 0...3, using: &generator) * 1000
            let times = (0..<Int64(count)).map { start + $0 * 10 }
            let values = times.map { _ in Double.random(in: 0...1, using: &generator) }
            written[ordinal] = SampleColumns(times: times, values: values)
            let full = builder.append(ordinal, times: times, samples: values)
            if let full { pages.append(try Page(full.bytes)) }
        }
        if let last = builder.finish() { pages.append(try Page(last.bytes)) }
        #expect(pages.count > 10)
        var decoder = ValueDecoder()
        var read: [UInt32: SampleColumns] = [:]
        for page in pages {
            for ordinal in page.entryOrdinals {
                var columns = SampleColumns()
                try page.read(ordinal, touching: .min ... .max, decoder: &decoder, into: &columns)
                read[ordinal] = columns
            }
        }
        #expect(read == written)
    }

    @Test func aPageWithAnyBitFlippedIsRefused() throws {
        var builder = PageBuilder()
        _ = builder.append(1, times: [1, 2, 3], samples: [1, 5, 2])
        let finished = builder.finish()
        let bytes = try #require(finished).bytes
        for place in bytes.indices {
            for bit in 0..<8 {
                var damaged = bytes
                damaged[place] ^= 1 << bit
                #expect(throws: CodecError.self) { try Page(damaged) }
            }
        }
    }

    @Test func decodersRefuseRandomBytesWithoutTrapping() {
        var generator = SeededGenerator(state: 11)
        var decoder = ValueDecoder()
        for _ in 0..<20_000 {
            let count = Int.random(in: 1...80, using: &generator)
            var bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            bytes.append(contentsOf: [UInt8](repeating: 0, count: IntegerDecoder.padding))
            var values: [Double] = []
            try? decoder.decode(
                unsafe bytes.span.bytes, 0..<count, count: Int.random(in: 1...200, using: &generator), into: &values)
        }
    }
}
