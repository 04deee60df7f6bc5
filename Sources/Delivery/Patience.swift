import FleetModel

/// Waits before something is tried again, by the injected clock and the injected generator.
public struct Patience: Sendable {
    /// What it waits by.
    public let clock: any Clock
    let backoff: Backoff
    private let generator: Locked<AnyGenerator>

    /// Waits by `clock` as `backoff` says, each time by another span from `generator`.
    public init(clock: any Clock, backoff: Backoff, generator: some RandomNumberGenerator & Sendable) {
        self.clock = clock
        self.backoff = backoff
        self.generator = Locked(AnyGenerator(base: generator))
    }

    /// Sleeps as `failures` failures in a row call for, and for `least` before that: many who were told to come back after
    /// the same time come back at different times all the same. Throws when the task is cancelled.
    public func wait(failures: Int, least: Duration = .zero) async throws {
        let span = generator.withLock { backoff.span(failures: failures, using: &$0) }
        let whole = least > .zero ? least + min(span, least) : span
        if whole > .zero { try await clock.sleep(for: whole) }
    }

    private struct AnyGenerator: RandomNumberGenerator, Sendable {
        var base: any RandomNumberGenerator & Sendable
        mutating func next() -> UInt64 { base.next() }
    }
}
