import ArgumentParser
import ConfigurationFile
import FleetServer
import HTTPDoor
import Logging
import ServiceLifecycle

/// `evenkeel server`: the server.
struct ServerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "server", abstract: "Runs the server: series, rules, tips, remediation, API.",
        discussion: """
            On loopback it needs no configuration and is open to the processes of this machine. Anywhere else it wants \
            a certificate and a token from everybody.
            Examples:
              evenkeel server --data /var/lib/evenkeel --listen 127.0.0.1:7411
              evenkeel server --config /etc/evenkeel/server.yaml
            """)

    @Option(help: "YAML file; see 'Configuration' in the README.")
    var config: String?

    @Option(help: "Folder for series and state.")
    var data: String?

    @Option(help: "Address and port, such as 127.0.0.1:7411.")
    var listen: String?

    @Option(help: "Folder of rule packs, each a folder in it. Default: the bundled ones.")
    var packs: String?

    @Flag(help: .hidden)
    var untilInputEnds = false

    func validate() throws {
        if config == nil && data == nil { throw ValidationError("give --config FILE, or --data DIR") }
    }

    func run() async throws {
        let logger = Daemon.logger("evenkeel.server")
        do {
            Daemon.raiseDescriptorLimit()
            let server = try FleetServerService(
                configuration: configuration(), version: Version.text, plugInGuard: "/proc/self/exe", logger: logger)
            try await Daemon.run(server, untilInputEnds: untilInputEnds, logger: logger)
        } catch let error as CommandFailure {
            throw error
        } catch let error as ConfigurationError {
            throw CommandFailure(.wrongUse, error.description)
        } catch {
            throw CommandFailure(.environment, "\(error)")
        }
    }

    /// The file's configuration, or one without a file; what the command line says wins.
    private func configuration() throws -> ServerConfiguration {
        let bundled = packs ?? PackFolders.bundled(with: Daemon.executable)
        var settings: ServerConfiguration
        if let config {
            settings = try ServerConfiguration.load(file: config, bundledPacks: bundled)
        } else {
            settings = try ServerConfiguration(yaml: "", file: "the command line", bundledPacks: bundled)
        }
        if let packs {
            settings.packFolder = packs
            settings.packs = try PackFolders.inside(packs, file: "--packs")
        }
        if let data { settings.data = data }
        if let listen {
            guard let address = ListenAddress(parsing: listen) else {
                throw CommandFailure(
                    .wrongUse, "--listen: '\(listen)' is not a numeric address and a port, such as 127.0.0.1:7411")
            }
            settings.listen = address
        }
        return settings
    }
}
