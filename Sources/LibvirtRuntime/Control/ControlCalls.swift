import FleetModel

/// Calls that change domains, each with a connection and a thread of its own while it lasts: what takes long, such as a
/// migration, holds up no other, and a daemon that hangs costs those who ask no more than their time limit.
final class ControlCalls: Sendable {
    private typealias Calls = CallQueue<LibvirtLink>

    private let uri: String
    private let limit: Duration
    private let state = Locked(State())

    private struct State {
        var idle: [Calls] = []
        /// What somebody waited for in vain; the daemon still holds it.
        var hanging: [Calls] = []
    }

    /// Each holds up a thread here and one of the daemon's twenty.
    private static let mostHanging = 8
    private static let mostIdle = 4
    /// Longer than anything that is waited for to its end.
    private static let endless = Duration.seconds(30 * 86_400)

    /// `limit` is how long a call may take that does not last.
    init(uri: String, limit: Duration) {
        self.uri = uri
        self.limit = limit
    }

    /// Runs `body` with a connection, once. `lasts` says that it takes as long as it takes.
    func call<Value: Sendable>(
        _ doing: String, lasts: Bool = false,
        _ body: @escaping @Sendable (LibvirtConnection) throws(LibvirtError) -> Value
    ) async throws(LibvirtError) -> Value {
        let calls = try take(doing)
        defer { giveBack(calls) }
        return try await calls.call(doing, within: lasts ? Self.endless : nil) { link throws(LibvirtError) in
            try link.once(body)
        }
    }

    private func take(_ doing: String) throws(LibvirtError) -> Calls {
        try state.withLock { state throws(LibvirtError) in
            state.hanging.removeAll { !$0.isOverdue }
            if let calls = state.idle.popLast() { return calls }
            guard state.hanging.count < Self.mostHanging else {
                throw .notAnswering(doing: doing, uri: uri, seconds: Int(limit.inSeconds))
            }
            return Calls(uri: uri, limit: limit, state: LibvirtLink(uri: uri, access: .control))
        }
    }

    private func giveBack(_ calls: Calls) {
        state.withLock { state in
            if calls.isOverdue {
                state.hanging.append(calls)
            } else if state.idle.count < Self.mostIdle {
                state.idle.append(calls)
            }
        }
    }

    /// Drops the connections that nobody uses.
    func close() { state.withLock { $0.idle = [] } }
}
