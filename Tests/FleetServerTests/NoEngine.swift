import FleetModel

/// An engine of which nobody asks anything that matters.
struct NoEngine: QueryEngine {
    func instant(_ expression: String, at moment: Timestamp) async throws -> QueryAnswer {
        QueryAnswer(.vector([]))
    }

    func range(
        _ expression: String, from first: Timestamp, through last: Timestamp, step: Duration
    ) async throws -> QueryAnswer { QueryAnswer(.matrix([])) }

    func lookingBack(_ lookBack: Duration) -> any QueryEngine { self }
}
