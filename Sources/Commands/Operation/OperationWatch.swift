import FleetModel
import FleetServer

/// Waits for what the server does, by asking again whenever something may have changed.
struct OperationWatch {
    let client: ServerClient
    var clock: any Clock = WallClock()

    /// What takes longer than this is told of while it goes on.
    private static let quietSpan: Duration = .seconds(3)

    /// Returns the operation once nothing more happens to it. Beside the result it is said what is waited for, where that
    /// takes long.
    func end(of number: Int64) async throws -> OperationView {
        let begin = clock.now
        var told: String?
        while true {
            let operation: OperationView = try await client.get("/fleet/v1/operations/\(number)")
            if operation.state.isFinal { return operation }
            if clock.now - begin > Self.quietSpan, let last = operation.log.last?.text, last != told {
                StandardError.write("operation \(number): \(last)\n")
                told = last
            }
            try await clock.sleep(for: .milliseconds(250))
        }
    }
}
