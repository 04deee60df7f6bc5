import Foundation
import UnixSignals

/// Turns Ctrl-C and its relatives into an ordinary end, so that what was started is taken down again.
enum DemoSignals {
    /// Runs `body`; cancels it and throws a failure when a signal comes.
    static func untilInterrupted<Value: Sendable>(
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm, .sighup)
        return try await withThrowingTaskGroup(of: Value.self) { group in
            group.addTask { try await body() }
            group.addTask {
                for await signal in signals { throw CommandFailure(.no, "interrupted by \(signal)") }
                throw CancellationError()
            }
            defer { group.cancelAll() }
            guard let value = try await group.next() else { throw CancellationError() }
            return value
        }
    }
}
