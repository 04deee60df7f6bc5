import FleetModel
import HostAgent
import HostRuntime
import LibvirtRuntime
import Logging
import ServiceLifecycle
import UnixSignals

/// The agent as a service that reads its configuration again at SIGHUP: a configuration that is wrong is refused and
/// said so, and the agent goes on with the one it has.
struct AgentService: Service {
    let file: String
    let settings: AgentConfiguration
    let parts: AgentParts
    let logger: Logger
    /// Trapped before anything else is done: a reload that comes while the agent is put together must not end it.
    let signals: UnixSignalsSequence

    private enum End: Sendable {
        case ended
        case reload(AgentConfiguration)
    }

    func run() async throws {
        let changes = Changes()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await watch(changes) }
            group.addTask { try await runAgents(changes) }
            // The watch ends by cancellation alone.
            try await group.next()
            group.cancelAll()
        }
    }

    private func watch(_ changes: Changes) async {
        for await _ in signals {
            do throws(AgentError) {
                changes.take(try AgentConfiguration.load(file: file))
            } catch {
                logger.error("the configuration was not read again, the agent goes on with the one it has: \(error)")
            }
        }
    }

    private func runAgents(_ changes: Changes) async throws {
        var settings = settings
        var parts = parts
        var next: AgentConfiguration?
        while true {
            var end: End
            if let wanted = next {
                do {
                    parts = try await AgentParts(wanted, logger: logger)
                    logger.info("the configuration was read again from \(file)")
                    // What is wrong with its folders or its token shows as the agent begins.
                    end = try await run(parts, wanted, changes)
                    settings = wanted
                } catch {
                    try Task.checkCancellation()
                    logger.error("the new configuration does not work, the agent goes on with the one it had: \(error)")
                    await parts.close()
                    parts = try await AgentParts(settings, logger: logger)
                    end = try await run(parts, settings, changes)
                }
            } else {
                end = try await run(parts, settings, changes)
            }
            guard case .reload(let wanted) = end else { return }
            next = wanted
        }
    }

    private func run(
        _ parts: AgentParts, _ settings: AgentConfiguration, _ changes: Changes
    ) async throws -> End {
        try await withThrowingTaskGroup(of: End?.self) { group in
            group.addTask {
                try await parts.run(settings, logger: logger)
                return .ended
            }
            let news = changes.news()
            group.addTask {
                for await _ in news {
                    if let wanted = changes.claim() { return .reload(wanted) }
                }
                return nil
            }
            defer { group.cancelAll() }
            var end: End = .ended
            if let first = try await group.next(), let first { end = first }
            group.cancelAll()
            // The old agent lets go of its folders before the next one takes them.
            while try await group.next() != nil {}
            return end
        }
    }
}

/// The configuration that was read last and that no agent has been begun with yet. A stream ends with the task that
/// listens to it, so each agent is told over one of its own that there is something to claim.
private final class Changes: Sendable {
    private struct State: Sendable {
        var listener: AsyncStream<Void>.Continuation?
        var waiting: AgentConfiguration?
    }

    private let state = Locked(State())

    /// Takes a configuration; of several that nobody has claimed the last counts.
    func take(_ configuration: AgentConfiguration) {
        state.withLock { state in
            state.waiting = configuration
            state.listener?.yield()
        }
    }

    /// What waits, once.
    func claim() -> AgentConfiguration? {
        state.withLock { state in
            defer { state.waiting = nil }
            return state.waiting
        }
    }

    /// An element when there is something to claim, also what waited before.
    func news() -> AsyncStream<Void> {
        let (stream, listener) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        state.withLock { state in
            if state.waiting != nil { listener.yield() }
            state.listener = listener
        }
        return stream
    }
}
