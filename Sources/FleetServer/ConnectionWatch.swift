import FleetModel
import NIOCore

/// Notices that the other end of a connection has gone, so that long work for it can end: nobody will read the answer.
///
/// SAFETY: `state` is behind a lock; the channel calls the handler on its event loop, tasks come from anywhere.
final class ConnectionWatch: ChannelInboundHandler, Sendable {
    typealias InboundIn = Any

    private struct State {
        var isGone = false
        var next = 0
        var leaving: [Int: @Sendable () -> Void] = [:]
    }

    /// The connection whose request the task is about; `nil` where there is none.
    @TaskLocal static var current: ConnectionWatch?

    private let state = Locked(State())

    /// What `work` gives; it is cancelled when the connection's other end goes.
    static func whilePresent<Value: Sendable>(
        _ work: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        guard let watch = current else { return try await work() }
        let task = Task { try await work() }
        let ticket = watch.onLeave { task.cancel() }
        defer { watch.forget(ticket) }
        return try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            task.cancel()
        }
    }

    private func onLeave(_ body: @escaping @Sendable () -> Void) -> Int {
        let (ticket, isGone) = state.withLock { state in
            state.next += 1
            if !state.isGone { state.leaving[state.next] = body }
            return (state.next, state.isGone)
        }
        if isGone { body() }
        return ticket
    }

    private func forget(_ ticket: Int) { state.withLock { $0.leaving[ticket] = nil } }

    private func leave() {
        let leaving = state.withLock { state in
            state.isGone = true
            defer { state.leaving = [:] }
            return state.leaving
        }
        for body in leaving.values { body() }
    }

    // MARK: What the channel says

    func channelInactive(context: ChannelHandlerContext) {
        leave()
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event { leave() }
        context.fireUserInboundEventTriggered(event)
    }
}
