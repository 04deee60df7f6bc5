import Dispatch

#if canImport(Glibc)
    import Glibc
#endif

/// Where the shells take the time from, so that every decision can be replayed: wall time in production, virtual time
/// in simulation. Decision cores never hold one; the time reaches them inside events.
public protocol Clock: Sendable {
    /// The present moment.
    var now: Timestamp { get }

    /// Returns at `moment` or right away when it has passed; throws `CancellationError` when the task is cancelled.
    func sleep(until moment: Timestamp) async throws
}

extension Clock {
    /// Returns after `span`.
    public func sleep(for span: Duration) async throws {
        try await sleep(until: now + span)
    }
}

/// The machine's own clock.
public struct WallClock: Clock {
    /// A clock that reads the machine's time.
    public init() {}

    /// The machine's time, which may jump when somebody sets it.
    public var now: Timestamp {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

    /// Sleeps for the span that remains, measured by the monotonic clock.
    public func sleep(until moment: Timestamp) async throws {
        let remaining = moment - now
        if remaining > .zero { try await Task.sleep(for: remaining) } else { try Task.checkCancellation() }
    }
}
