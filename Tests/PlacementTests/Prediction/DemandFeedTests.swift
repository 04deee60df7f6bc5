import Placement
import Testing

@Suite("The feed of demands")
struct DemandFeedTests {
    private typealias Feed = DemandFeed<String>

    /// Readings of one VM, each five minutes, beside a fleet of VMs of two virtual processors that want 1.
    private func feed(_ count: Int, size: Int?, window: Int = 43_200, _ demand: (Int) -> Double) -> Feed {
        var feed = Feed(window: window)
        for reading in 0..<count {
            var readings = (0..<20).map { Feed.Reading(of: "other-\($0)", demand: 1, virtualProcessors: 2) }
            readings.append(Feed.Reading(of: "vm", demand: demand(reading), virtualProcessors: size))
            feed.add(readings, at: reading * 300)
        }
        return feed
    }

    @Test("nothing is expected of a VM before three readings, before twelve where its size is unknown")
    func tooLittle() {
        #expect(feed(2, size: 4) { _ in 1 }.forecast(of: "vm", at: 600) == nil)
        #expect(feed(3, size: 4) { _ in 1 }.forecast(of: "vm", at: 900) != nil)
        #expect(feed(11, size: nil) { _ in 1 }.forecast(of: "vm", at: 3300) == nil)
        #expect(feed(12, size: nil) { _ in 1 }.forecast(of: "vm", at: 3600) != nil)
        #expect(feed(50, size: 4) { _ in 1 }.forecast(of: "somebody else", at: 15_000) == nil)
    }

    @Test("at first a VM leans on what others of its size want, later on what it was seen to want")
    func prior() throws {
        let early = try #require(feed(3, size: 8) { _ in 0 }.forecast(of: "vm", at: 900))
        let late = try #require(feed(90, size: 8) { _ in 0 }.forecast(of: "vm", at: 27_000))
        #expect(early.mean > 0.5 && early.mean < 3)
        #expect(late.mean < 0.1)
        #expect(late.deviation < early.deviation)
    }

    @Test("the time of day is expected where days of history show it, over the window that a plan holds")
    func season() throws {
        let feed = feed(5 * 288, size: 4) { (108..<216).contains($0 % 288) ? 3 : 0.5 }
        let day = 5 * 86_400
        let morning = try #require(feed.forecast(of: "vm", at: day + 9 * 3600))
        let evening = try #require(feed.forecast(of: "vm", at: day + 20 * 3600))
        #expect(morning.mean > 1.8)
        #expect(evening.mean < 0.8)
        #expect(try #require(feed.usualPeak(of: "vm")) > 2.5)
    }

    @Test("a plain rise is expected to go on for a while")
    func trend() throws {
        let rising = feed(120, size: 4) { $0 < 80 ? 1 : 1 + Double($0 - 80) / 20 }
        let level = feed(120, size: 4) { $0 < 80 ? 1.01 : 0.99 }
        #expect(try #require(rising.forecast(of: "vm", at: 36_000)).mean > 1.5)
        #expect(try #require(level.forecast(of: "vm", at: 36_000)).mean < 1.1)
    }

    @Test("readings that come too soon are not taken, a VM that is long gone is forgotten")
    func spacing() {
        var feed = Feed(window: 3600)
        let reading = [Feed.Reading(of: "vm", demand: 1, virtualProcessors: 1)]
        for second in 0..<10 { feed.add(reading, at: second) }
        #expect(!feed.isDue(at: 24))
        #expect(feed.isDue(at: 25))
        #expect(feed.isDue(at: -1))
        for second in 1...3 { feed.add(reading, at: second * 100) }
        #expect(feed.forecast(of: "vm", at: 400) != nil)
        feed.add([], at: 300 + 7201)
        #expect(feed.forecast(of: "vm", at: 8000) == nil)
    }

    @Test("what cannot be is not taken in")
    func hostile() throws {
        let feed = feed(20, size: .max) { [.nan, .infinity, -1, 2][$0 % 4] }
        let forecast = try #require(feed.forecast(of: "vm", at: .max))
        #expect(forecast.mean.isFinite && forecast.deviation.isFinite)
        #expect(Feed(window: .min).forecast(of: "vm", at: .min) == nil)
    }
}
