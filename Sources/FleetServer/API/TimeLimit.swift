/// Bounds what may take for ever.
enum TimeLimit {
    /// What `work` gives, or `nil` where it did not end within `limit`: then it was cancelled.
    static func race<Value: Sendable>(
        _ limit: Duration, _ work: @Sendable @escaping () async throws -> Value
    ) async throws -> Value? {
        try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await work() }
            group.addTask {
                try await Task.sleep(for: limit)
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
    }
}
