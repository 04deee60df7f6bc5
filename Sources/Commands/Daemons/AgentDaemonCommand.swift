import ArgumentParser
import Counters
import FleetModel
import HTTPDoor
import HostAgent
import HostRuntime
import Logging
import ServiceLifecycle

/// `evenkeel agent`: a host's agent.
struct AgentDaemonCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agent", abstract: "Runs a host's agent: samples, reports, does what the server asks.",
        discussion: """
            It connects out to the server and opens no port of its own, unless 'metrics_listen' names one for a page \
            of metrics. Its end touches no VM.
            Examples:
              evenkeel agent --config /etc/evenkeel/agent.yaml --check
              evenkeel agent --config /etc/evenkeel/agent.yaml
            """)

    @Option(help: "YAML file; see 'Configuration' in the README.")
    var config: String

    @Flag(help: "Only read the configuration, say what it means on this host and what would run its VMs.")
    var check = false

    @Flag(help: .hidden)
    var untilInputEnds = false

    func run() async throws {
        let logger = Daemon.logger("evenkeel.agent")
        do {
            let settings = try AgentConfiguration.load(file: config)
            let runtime = try QEMURuntime(Self.runtime(of: settings), log: logger)
            let finding = await runtime.accelerator()
            if check {
                print(Self.summary(settings, finding))
                return
            }
            if let notice = finding.notice { logger.notice("\(notice)") }
            let agent = try HostAgentService(
                configuration: settings, providers: [NamedProvider("runtime", runtime)], accelerator: finding.accelerator, version: Version.text,
                logger: logger)
            try await Daemon.run(
                AgentWithRuntime(agent: agent, runtime: runtime), untilInputEnds: untilInputEnds, logger: logger)
        } catch let error as AgentError {
            throw CommandFailure(.wrongUse, "\(error)")
        } catch let error as HostRuntimeError {
            throw CommandFailure(.environment, "\(error)")
        }
    }

    private static func runtime(of settings: AgentConfiguration) -> RuntimeConfiguration {
        var configuration = RuntimeConfiguration(
            folder: settings.machinesFolder, storage: settings.storageFolders,
            logicalProcessors: settings.logicalProcessors.map { Array($0.numbers) },
            accelerator: settings.accelerator, migrationTLS: settings.migrationCertificates)
        if let address = settings.migrationAddress { configuration.migrationAddress = address }
        return configuration
    }

    private static func summary(_ settings: AgentConfiguration, _ finding: AcceleratorFinding) -> String {
        let notice = finding.notice.map { " (\($0))" } ?? ""
        return """
            host               \(settings.host) in cluster \(settings.cluster)
            server             \(settings.server)
            accelerator        \(finding.accelerator.rawValue)\(notice)
            logical processors \(settings.logicalProcessors.map { "\($0)" } ?? "all of this machine")
            memory             \(settings.memory.map { "\($0)" } ?? "all of this machine")
            receives VMs at    \(settings.migrationAddress ?? "nowhere: set 'migration_address'")
            shows metrics at   \(settings.metrics?.address.authority ?? "nowhere: set 'metrics_listen'")
            """
    }
}

/// The agent and the runtime that it drives, as one service: the runtime looks after VMs for as long as the agent runs.
private struct AgentWithRuntime: Service {
    let agent: HostAgentService
    let runtime: QEMURuntime

    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await runtime.run() }
            group.addTask { try await agent.run() }
            try await group.next()
            group.cancelAll()
        }
        await runtime.close()
    }
}
