import FleetModel
import FleetServer

/// Waits for what the server does, by asking again whenever something may have changed.
struct OperationWatch {
    let client: ServerClient
    var clock: any Clock = WallClock()

    /// What takes longer than this is told of while it goes on.
    private static let quietSpan: Duration = .seconds(3)

    /// Returns the operation once nothing more happens to it. Beside the result it is said what is waited for, where that
    /// takes long; a server that is started again meanwhile is one of these things.
    func end(of number: Int64) async throws -> OperationView {
        let begin = clock.now
        var told: String?
        var silence = ServerSilence()
        // It has recorded the operation.
        silence.end()
        while true {
            let operation: OperationView
            do {
                operation = try await client.get("/fleet/v1/operations/\(number)")
                silence.end()
            } catch {
                if try silence.begins(with: error, at: clock.now) { StandardError.write(ServerSilence.notice + "\n") }
                try await clock.sleep(for: .milliseconds(500))
                continue
            }
            if operation.state.isFinal { return operation }
            if clock.now - begin > Self.quietSpan, let last = operation.log.last?.text, last != told {
                StandardError.write("operation \(number): \(last)\n")
                told = last
            }
            try await clock.sleep(for: .milliseconds(250))
        }
    }
}
