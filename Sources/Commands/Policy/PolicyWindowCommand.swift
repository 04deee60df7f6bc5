import ArgumentParser
import FleetModel
import FleetServer

/// `evenkeel policy window`: when policy may act, and when it must not.
struct PolicyWindowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "window", abstract: "Sets or removes maintenance windows and blackouts.",
        subcommands: [PolicyWindowSetCommand.self, PolicyWindowRemoveCommand.self])
}

/// `evenkeel policy window set`.
struct PolicyWindowSetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Makes a window, or gives one other times.",
        discussion: """
            A blackout keeps policy from acting. Once a cluster has maintenance windows, policy acts within them alone. \
            Operators are not bound by either. A span past midnight belongs to the day on which it begins.
            Example: evenkeel policy window set nights maintenance --from 22:00 --to 06:00 --zone Europe/Berlin
                     evenkeel policy window set fair blackout --date 2026-12-20..2027-01-02 --cluster lab
            """)

    @Argument(help: "Its name.")
    var name: String

    @Argument(help: "maintenance or blackout.")
    var kind: PolicyWindow.Kind

    @Option(help: "When it begins.")
    var from = "00:00"

    @Option(help: "When it ends.")
    var to = "24:00"

    @Option(help: "The time zone, such as Europe/Berlin.")
    var zone = "UTC"

    @Option(help: "Only on this day of the week; may be given several times.")
    var day: [PolicyWindow.Day] = []

    @Option(help: "Only on this date, or within these dates; may be given several times.")
    var date: [String] = []

    @Option(help: "Only in this cluster; may be given several times.")
    var cluster: [String] = []

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func validate() throws { _ = try window() }

    func run() async throws {
        let answer = try await PolicyClient(client: try server.client()).change(.setWindow(try window()))
        try output.show(answer, table: PolicyClient.text)
    }

    private func window() throws -> PolicyWindow {
        guard let begin = PolicyWindow.minutes(of: from), let end = PolicyWindow.minutes(of: to) else {
            throw ValidationError("--from and --to are times of the day such as 22:00")
        }
        let spans = try date.map { text in
            guard let span = DateSpan(text) else { throw ValidationError("--date: '\(text)' is no date") }
            return span
        }
        let clusters = try cluster.map { text in
            guard let name = ClusterName(text) else { throw ValidationError("--cluster: '\(text)' is not a name") }
            return name
        }
        let window = PolicyWindow(
            name: name, kind: kind, clusters: clusters, zone: zone, days: day, dates: spans, from: begin, to: end)
        if let objection = window.objection { throw ValidationError(objection) }
        return window
    }
}

/// `evenkeel policy window rm`.
struct PolicyWindowRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm", abstract: "Removes a window.", discussion: "Example: evenkeel policy window rm fair")

    @Argument(help: "Its name.")
    var name: String

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let answer = try await PolicyClient(client: try server.client()).change(.removeWindow(name))
        try output.show(answer, table: PolicyClient.text)
    }
}

extension PolicyWindow.Kind: ExpressibleByArgument {}
extension PolicyWindow.Day: ExpressibleByArgument {}
