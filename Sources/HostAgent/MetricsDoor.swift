import FleetModel
import HTTPDoor
import Logging

/// The agent's own page of metrics, where the configuration asks for one. That nobody can listen there stops nothing
/// else: it is said once, and tried again.
struct MetricsDoor: Sendable {
    private static let patience: Duration = .seconds(30)

    private let address: ListenAddress
    private let server: MetricsServer
    private let clock: any Clock

    /// `nil` where the agent listens nowhere. Throws where the token's file cannot be read.
    init?(_ configuration: AgentConfiguration, board: MetricsBoard, clock: any Clock) throws(AgentError) {
        guard let listen = configuration.metrics else { return nil }
        let secret = try AgentSecret(file: listen.tokenFile, advice: "write there a secret for scrapers")
        address = listen.address
        self.clock = clock
        server = MetricsServer(
            listen: listen.address, tls: listen.tls, token: { secret.token }, page: { board.page($0) })
    }

    /// Serves until the task is cancelled.
    func run(logger: Logger) async {
        var lastProblem: String?
        while !Task.isCancelled {
            do {
                try await server.run(logger: logger)
            } catch {
                let problem = "\(error)"
                if problem != lastProblem, !Task.isCancelled {
                    logger.error("metrics cannot be served at \(address.authority): \(problem)")
                }
                lastProblem = problem
            }
            try? await clock.sleep(for: Self.patience)
        }
    }
}
