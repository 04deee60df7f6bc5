import FleetModel
import FleetServer

/// Waits for what the server does, by asking again whenever something may have changed.
struct OperationWatch {
    let client: ServerClient
    var clock: any Clock = WallClock()

    /// Returns the operation once nothing more happens to it.
    func end(of number: Int64) async throws -> OperationView {
        while true {
            let operation: OperationView = try await client.get("/fleet/v1/operations/\(number)")
            if operation.state.isFinal { return operation }
            try await clock.sleep(for: .milliseconds(250))
        }
    }
}
