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

    private enum End: Sendable {
        case ended
        case reload(AgentConfiguration)
    }

    func run() async throws {
        let (changes, change) = AsyncStream.makeStream(
            of: AgentConfiguration.self, bufferingPolicy: .bufferingNewest(1))
        let signals = await UnixSignalsSequence(trapping: .sighup)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await watch(signals, change) }
            group.addTask { try await runAgents(changes) }
            // The watch ends by cancellation alone.
            try await group.next()
            group.cancelAll()
        }
    }

    private func watch(_ signals: UnixSignalsSequence, _ change: AsyncStream<AgentConfiguration>.Continuation) async {
        for await _ in signals {
            do throws(AgentError) {
                change.yield(try AgentConfiguration.load(file: file))
            } catch {
                logger.error("the configuration was not read again, the agent goes on with the one it has: \(error)")
            }
        }
    }

    private func runAgents(_ changes: AsyncStream<AgentConfiguration>) async throws {
        var settings = settings
        var parts = parts
        while case .reload(let wanted) = try await run(parts, settings, changes) {
            do {
                parts = try await AgentParts(wanted, logger: logger)
                settings = wanted
                logger.info("the configuration was read again from \(file)")
            } catch {
                logger.error("the new configuration does not work, the agent goes on with the one it has: \(error)")
                parts = try await AgentParts(settings, logger: logger)
            }
        }
    }

    private func run(
        _ parts: AgentParts, _ settings: AgentConfiguration, _ changes: AsyncStream<AgentConfiguration>
    ) async throws -> End {
        try await withThrowingTaskGroup(of: End?.self) { group in
            group.addTask {
                try await parts.run(settings, logger: logger)
                return .ended
            }
            group.addTask {
                for await wanted in changes { return .reload(wanted) }
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
