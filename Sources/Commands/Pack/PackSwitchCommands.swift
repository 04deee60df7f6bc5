import ArgumentParser
import FleetServer

/// `evenkeel pack enable`.
struct PackEnableCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "enable", abstract: "Switches a pack on; its rules count from the next round.",
        discussion: """
            With --allow-plug-ins its executables may be run and its webhooks called as the server's user; look at them \
            first.
            Example: evenkeel pack enable hardware-health
            """)

    @Argument(help: "The pack's name.")
    var pack: String

    @Flag(inversion: .prefixedNo, help: "Let its executables be run and its webhooks be called.")
    var allowPlugIns: Bool?

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let details: PackDetails = try await server.client().post(
            "/fleet/v1/packs/\(ServerClient.escaped(pack))/enable", PackOrder(allowsPlugIns: allowPlugIns))
        try output.show(details) { "\($0.pack.name) is on\($0.pack.allowsPlugIns ? ", its plug-ins are allowed" : "")" }
    }
}

/// `evenkeel pack disable`.
struct PackDisableCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "disable", abstract: "Switches a pack off; its open tips are put away.",
        discussion: "Example: evenkeel pack disable best-practice")

    @Argument(help: "The pack's name.")
    var pack: String

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let details: PackDetails = try await server.client().post(
            "/fleet/v1/packs/\(ServerClient.escaped(pack))/disable", Empty())
        try output.show(details) { "\($0.pack.name) is off" }
    }
}

/// `evenkeel pack set`.
struct PackSetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Sets a pack's parameter for the fleet or for one cluster.",
        discussion: """
            A cluster's own value goes before the fleet's, and that before the pack's default. An empty value takes the \
            setting back.
            Examples:
              evenkeel pack set host-pressure processor_warning_percent=80% --cluster batch
              evenkeel pack set host-pressure processor_warning_percent= --cluster batch
            """)

    @Argument(help: "The pack's name.")
    var pack: String

    @Argument(help: "NAME=VALUE.")
    var setting: String

    @Option(help: "Only for this cluster.")
    var cluster: String?

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        guard let equals = setting.firstIndex(of: "="), equals != setting.startIndex else {
            throw CommandFailure(.wrongUse, "'\(PlainText.oneLine(setting))' is not NAME=VALUE")
        }
        let name = String(setting[..<equals])
        let value = String(setting[setting.index(after: equals)...])
        let order = ParameterOrder(name: name, value: value.isEmpty ? nil : value, cluster: cluster)
        let details: PackDetails = try await server.client().post(
            "/fleet/v1/packs/\(ServerClient.escaped(pack))/parameters", order)
        try output.show(details) { _ in
            let place = cluster.map { "cluster \($0)" } ?? "the fleet"
            return value.isEmpty
                ? "\(name) has no value of its own in \(place)"
                : "\(name) is \(value) in \(place), from the next round on"
        }
    }
}
