import FleetModel
import Testing

@testable import PromQL

/// Reading ahead on several processors gives what reading one by one gives.
@Suite struct SeriesScanTests {
    private struct Broken: Error {}

    /// Series `n` has `length(n)` samples of its own.
    private struct Numbers: SeriesSet {
        let count: Int
        let length: @Sendable (Int) -> Int
        var broken: Int?

        func labels(at index: Int) -> Labels { ["n": "\(index)"] }

        func read(_ index: Int, into columns: inout SampleColumns) throws {
            columns.removeAll()
            if index == broken { throw Broken() }
            for place in 0..<length(index) { columns.append(Int64(place), Double(index)) }
        }
    }

    /// The indices whose samples were right, until the end or an error.
    private func read(_ set: Numbers, processors: Int) -> (right: [Int], isWhole: Bool) {
        let scan = SeriesScan(set, processors: processors)
        var columns = SampleColumns()
        var right: [Int] = []
        for index in 0..<scan.count {
            do {
                try scan.read(index, into: &columns)
            } catch {
                return (right, false)
            }
            let isRight = columns.count == set.length(index) && columns.values.allSatisfy { $0 == Double(index) }
            if isRight, scan.labels(at: index) == ["n": "\(index)"] { right.append(index) }
        }
        return (right, true)
    }

    @Test(arguments: [1, 2, 3, 8], [0, 1, 16, 17, 18, 100, 1000])
    func everySeriesComesInItsPlace(processors: Int, count: Int) {
        let lengths: [@Sendable (Int) -> Int] = [
            { _ in 1 }, { _ in 200 }, { $0 < 20 ? 500 : 0 }, { $0 % 50 == 49 ? 20_000 : 70 },
        ]
        for length in lengths {
            let (right, isWhole) = read(Numbers(count: count, length: length), processors: processors)
            #expect(right == Array(0..<count) && isWhole)
        }
    }

    @Test(arguments: [1, 2, 5])
    func anErrorComesInItsPlace(processors: Int) {
        for broken in [0, 15, 16, 17, 40, 99] {
            let set = Numbers(count: 100, length: { _ in 100 }, broken: broken)
            let (right, isWhole) = read(set, processors: processors)
            #expect(right == Array(0..<broken) && !isWhole)
        }
    }
}
