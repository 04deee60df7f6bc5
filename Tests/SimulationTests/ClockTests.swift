import FleetModel
import Simulation
import Testing

@Suite("Simulated time and chance")
struct ClockTests {
    @Test("Sleepers wake in the order of their moments, and time never goes back")
    func wakesInOrder() async throws {
        let clock = VirtualClock(start: Timestamp(milliseconds: 0))
        let woken = Locked<[Int]>([])
        try await withThrowingTaskGroup(of: Void.self) { group in
            for seconds in [30, 10, 20] {
                group.addTask {
                    try await clock.sleep(for: .seconds(seconds))
                    woken.withLock { $0.append(seconds) }
                }
            }
            while clock.sleeperCount < 3 { await Task.yield() }
            clock.advance(by: .seconds(10))
            while woken.withLock({ $0.count }) < 1 { await Task.yield() }
            clock.advance(to: Timestamp(milliseconds: 0))
            #expect(clock.now == Timestamp(milliseconds: 10_000))
            #expect(clock.sleeperCount == 2)
            clock.advance(by: .seconds(60))
            try await group.waitForAll()
        }
        #expect(woken.withLock { $0.sorted() } == [10, 20, 30])
    }

    @Test("A cancelled sleeper wakes at once with a cancellation")
    func cancellation() async {
        let clock = VirtualClock(start: Timestamp(milliseconds: 0))
        let task = Task { try await clock.sleep(for: .seconds(10)) }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(clock.sleeperCount == 0)
    }

    @Test("The same seed gives the same numbers, another seed others")
    func generator() {
        var first = SeededGenerator(seed: 7)
        var second = SeededGenerator(seed: 7)
        var other = SeededGenerator(seed: 8)
        let numbers = (0..<100).map { _ in first.next() }
        #expect(numbers == (0..<100).map { _ in second.next() })
        #expect(numbers != (0..<100).map { _ in other.next() })
        // The published reference sequence of SplitMix64 for seed 1234567.
        var reference = SeededGenerator(seed: 1_234_567)
        #expect(reference.next() == 6_457_827_717_110_365_317)
        #expect(reference.next() == 3_203_168_211_198_807_973)
    }
}
