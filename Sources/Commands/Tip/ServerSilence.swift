import FleetModel

/// Bears with a server that has answered before and is silent now: it is being started again.
struct ServerSilence {
    /// How long a server that has answered before may be silent.
    static let patience: Duration = .seconds(120)
    /// What whoever watches is told.
    static let notice = "the server does not answer; waiting for it (what is under way goes on)"

    private var hasAnswered = false
    private var since: Timestamp?

    /// The server answered.
    mutating func end() {
        hasAnswered = true
        since = nil
    }

    /// Takes what a request failed with. Returns whether the silence is new; throws `error` when it is another failure,
    /// when the server never answered, and when patience is at its end.
    mutating func begins(with error: any Error, at now: Timestamp) throws -> Bool {
        guard hasAnswered, let failure = error as? CommandFailure, failure.code == .unreachable else { throw error }
        guard let since else {
            self.since = now
            return true
        }
        if now - since > Self.patience { throw failure }
        return false
    }
}
