import FleetModel
import MetricsWire
import Testing

@testable import TimeSeriesStore

/// What others send, and what a disk gives back, with bytes changed at random: an error or an answer, never a trap.
@Suite struct MutationTests {
    static func mutated(_ bytes: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
        var result = bytes
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            guard !result.isEmpty else { break }
            let place = Int.random(in: 0..<result.count, using: &generator)
            switch Int.random(in: 0..<4, using: &generator) {
            case 0: result[place] ^= 1 << Int.random(in: 0..<8, using: &generator)
            case 1: result[place] = [0, 0xff, 0x80, 0x7f].randomElement(using: &generator) ?? 0
            case 2: result.removeSubrange(place..<min(result.count, place + 3))
            default: result.insert(UInt8.random(in: 0...255, using: &generator), at: place)
            }
        }
        return result
    }

    @Test(arguments: 0..<20) func pagesWithRightChecksumsAndWrongContent(seed: Int) throws {
        var generator = SeededGenerator(state: UInt64(seed))
        var builder = PageBuilder()
        for ordinal in 0..<UInt32(8) {
            let count = Int.random(in: 1...40, using: &generator)
            let times = (0..<Int64(count)).map { $0 * 10 + Int64.random(in: 0...1, using: &generator) }
            let kind = Int.random(in: 0...3, using: &generator)
            let values = times.map { time -> Double in
                switch kind {
                case 0: Double(time)
                case 1: Double(bitPattern: generator.next())
                case 2: time % 50 == 0 ? .nan : Double(Int.random(in: 0...9, using: &generator)) / 10
                default: 5
                }
            }
            _ = builder.append(ordinal, times: times, samples: values)
        }
        let finished = builder.finish()
        let whole = try #require(finished).bytes
        var decoder = ValueDecoder()
        for _ in 0..<300 {
            let content = Self.mutated(Array(whole[8...]), &generator)
            var checksum = unsafe Checksum.of(content.span.bytes)
            let sealed = (0..<8).map { _ in
                defer { checksum >>= 8 }
                return UInt8(truncatingIfNeeded: checksum)
            }
            guard let page = try? Page(sealed + content) else { continue }
            for ordinal in page.entryOrdinals {
                var columns = SampleColumns()
                try? page.read(ordinal, touching: .min ... .max, decoder: &decoder, into: &columns)
            }
        }
    }

    @Test(arguments: 0..<10) func requestsWithAnythingInThem(seed: Int) async throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        var generator = SeededGenerator(state: UInt64(seed))
        let store = try openStore(folder)
        let good = DiskTests.load(3, days: 1, step: 21_600_000)
        let plain = try Snappy.decompress(RemoteWriteEncoder.encode(good), limit: 1 << 20)
        for _ in 0..<150 {
            let request = Self.mutated(plain, &generator)
            _ = try? await store.write(remoteWrite: Snappy.compress(request))
            _ = try? await store.write(remoteWrite: Self.mutated(Snappy.compress(plain), &generator))
        }
        for series in try store.all() {
            #expect(zip(series.samples.times, series.samples.times.dropFirst()).allSatisfy(<))
        }
        try await store.append([series(["__name__": "fresh"], [(testTime, 1)])])
        try await store.close()
        _ = try openStore(folder).all()
    }

    @Test func timesAtTheEdgesAreRefused() async throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try openStore(folder)
        for time in [Int64.min, .min + 1, -1, 0, .max - 1, .max] {
            for metric in ["known", "new\(time)"] {
                let one = [series(["__name__": metric], [(time, 1)])]
                await #expect(throws: StoreError.self) { try await store.append(one) }
            }
            try? await store.append([series(["__name__": "known"], [(testTime, 1)])])
        }
        #expect(try store.all(from: .min, through: .max).count == 1)
    }

    @Test func invalidSeriesAreNamedAndTheOthersStored() async throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        var options = StoreOptions()
        options.maximumLabels = 3
        options.maximumSeries = 2
        let store = try openStore(folder, options)
        let good = series(["__name__": "good"], [(testTime, 1)])
        let bad: [Labels] = [
            ["host": "no-name"], ["__name__": "m", "a": "1", "b": "2", "c": "3"],
            Labels(sortedUnchecked: [Labels.Pair("__name__", "m"), Labels.Pair("", "x")]),
            Labels(sortedUnchecked: [Labels.Pair("__name__", "m"), Labels.Pair("a", "x"), Labels.Pair("a", "y")]),
            ["__name__": "m", "long": String(repeating: "x", count: 5000)],
        ]
        for labels in bad {
            await #expect {
                try await store.append([series(labels, [(testTime, 1)]), good])
            } throws: { error in
                guard let error = error as? StoreError else { return false }
                return "\(error)".contains("other samples of the request are stored")
            }
            #expect(try store.all().map(\.labels) == [good.labels])
        }
        let many = (0..<4).map { series(["__name__": "m\($0)"], [(testTime, 1)]) }
        await #expect {
            try await store.append(many)
        } throws: {
            // Not "later": a sender would repeat the batch for ever, and everything behind it would wait.
            guard case .partlyInvalid(let reason, 1, _) = $0 as? StoreError else { return false }
            return reason.contains("and 2 series more are left out; 1 other samples of the request are stored")
        }
        #expect(try store.all().count == 2)
    }

    @Test func unsortedAndEmptyLabelsAreTheSameSeries() async throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try openStore(folder)
        let ways: [[Labels.Pair]] = [
            [Labels.Pair("__name__", "m"), Labels.Pair("a", "1"), Labels.Pair("b", "2")],
            [Labels.Pair("b", "2"), Labels.Pair("__name__", "m"), Labels.Pair("a", "1")],
            [Labels.Pair("__name__", "m"), Labels.Pair("a", "1"), Labels.Pair("b", "2"), Labels.Pair("c", "")],
        ]
        for (step, pairs) in ways.enumerated() {
            try await store.append([series(Labels(sortedUnchecked: pairs), [(testTime + Int64(step), Double(step))])])
        }
        let all = try store.all()
        #expect(all.map(\.labels) == [["__name__": "m", "a": "1", "b": "2"]])
        #expect(all.first?.samples.values == [0, 1, 2])
    }
}
