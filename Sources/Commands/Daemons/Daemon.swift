import FleetModel
import Foundation
import Logging
import ServiceLifecycle
import UnixSignals

/// Runs one service until a signal, or until whoever started it goes away.
enum Daemon {
    /// The path of this process's executable.
    static var executable: String { URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().path }

    /// A logger that writes to standard error; `EVENKEEL_LOG_LEVEL` (debug, info, warning, error) sets how much.
    static func logger(_ label: String) -> Logger {
        var logger = Logger(label: label, factory: { StreamLogHandler.standardError(label: $0) })
        let level = ProcessInfo.processInfo.environment["EVENKEEL_LOG_LEVEL"].flatMap { Logger.Level(rawValue: $0) }
        logger.logLevel = level ?? .info
        return logger
    }

    static func run(_ service: some Service, untilInputEnds: Bool, logger: Logger) async throws {
        raiseDescriptorLimit()
        var quiet = logger
        quiet.logLevel = .warning
        var services: [ServiceGroupConfiguration.ServiceConfiguration] = [.init(service: service)]
        if untilInputEnds {
            services.append(
                .init(service: InputWatch(), successTerminationBehavior: .gracefullyShutdownGroup))
        }
        let group = ServiceGroup(
            configuration: .init(
                services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet))
        try await group.run()
    }

    /// As many descriptors as the system lets this process have: each agent holds connections, each day of samples files.
    static func raiseDescriptorLimit() {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = min(limit.rlim_max, 65_536)
        _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}

/// Ends when standard input does: a parent that holds the other end of the pipe takes its children along, however it
/// dies.
private struct InputWatch: Service {
    func run() async throws {
        let (ended, continuation) = AsyncStream.makeStream(of: Void.self)
        FileHandle.standardInput.readabilityHandler = { handle in
            if handle.availableData.isEmpty {
                handle.readabilityHandler = nil
                continuation.finish()
            }
        }
        await cancelWhenGracefulShutdown { for await _ in ended {} }
    }
}
