import Glibc
import UnixSignals

/// Ends a command that goes on and on the way it is meant to end: Ctrl-C and its relatives are no failure.
enum CounterSignals {
    /// Runs `body` to its end or until a signal comes.
    static func untilInterrupted(_ body: @escaping @Sendable () async throws -> Void) async throws {
        // A reader that is gone is told by the write.
        _ = signal(SIGPIPE, SIG_IGN)
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await body() }
            group.addTask { for await _ in signals { return } }
            defer { group.cancelAll() }
            try await group.next()
        }
    }
}
