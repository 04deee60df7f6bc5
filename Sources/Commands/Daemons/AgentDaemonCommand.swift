import ArgumentParser
import Counters
import FleetModel
import HTTPDoor
import HostAgent
import HostRuntime
import LibvirtRuntime
import Logging
import ServiceLifecycle
import UnixSignals

/// `evenkeel agent`: a host's agent.
struct AgentDaemonCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agent", abstract: "Runs a host's agent: samples, reports, does what the server asks.",
        discussion: """
            It connects out to the server and opens no port of its own, unless 'metrics_listen' names one for a page \
            of metrics. Its end touches no VM. At SIGHUP it reads its configuration again.
            Examples:
              evenkeel agent --config /etc/evenkeel/agent.yaml --check
              evenkeel agent --config /etc/evenkeel/agent.yaml
            """)

    @Option(help: "YAML file; see 'Configuration' in the README.")
    var config: String

    @Flag(help: "Only read the configuration and say what an agent with it can and cannot see and do on this host.")
    var check = false

    @OptionGroup var output: OutputOptions

    @Flag(help: .hidden)
    var untilInputEnds = false

    func run() async throws {
        let logger = Daemon.logger("evenkeel.agent")
        do {
            let settings = try AgentConfiguration.load(file: config)
            if check { return try await tell(AgentCheck(settings, logger: logger)) }
            let signals = await UnixSignalsSequence(trapping: .sighup)
            let parts = try await AgentParts(settings, logger: logger)
            try await Daemon.run(
                AgentService(file: config, settings: settings, parts: parts, logger: logger, signals: signals),
                untilInputEnds: untilInputEnds, logger: logger)
        } catch let error as AgentError {
            throw CommandFailure(.wrongUse, "\(error)")
        } catch let error as HostRuntimeError {
            throw CommandFailure(.environment, "\(error)")
        } catch let error as LibvirtError {
            throw CommandFailure(.environment, "\(error)")
        }
    }

    private func tell(_ check: AgentCheck) throws {
        try output.show(check.lines) { _ in check.text }
        if check.isWrong {
            throw CommandFailure(.no, "what is marked 'wrong' is asked for by \(config) and not to be had here")
        }
    }
}
