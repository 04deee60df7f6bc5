import ArgumentParser
import FleetModel
import FleetServer

/// `evenkeel policy`: how far Evenkeel goes by itself, when, and within which limits.
struct PolicyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy", abstract: "How far Evenkeel goes by itself, when, and within which limits.",
        subcommands: [
            PolicyListCommand.self, PolicySetCommand.self, PolicyUnsetCommand.self, PolicyLimitCommand.self,
            PolicyWindowCommand.self, PolicyMachineCommand.self, PolicyResumeCommand.self, PolicyHistoryCommand.self,
            PolicyExportCommand.self, PolicyImportCommand.self,
        ], defaultSubcommand: PolicyListCommand.self)
}

/// `evenkeel policy ls`.
struct PolicyListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls", abstract: "Shows levels, windows, limits, what is held, and what is broken now.",
        discussion: "Example: evenkeel policy ls --json | jq .policy.automation")

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let view = try await PolicyClient(client: try server.client()).view()
        try output.show(view, table: Self.text)
    }

    static func text(_ view: PolicyView) -> String {
        var lines = ["Policy version \(view.policy.version)"] + PolicyClient.holds(view.holds)
        lines += view.policy.automation.map { "LEVEL    \($0.text)\(name(of: $0.scope, view))" }
        lines += view.policy.windows.map { window in
            "WINDOW   \(window.text)\(view.currentWindows?.contains(window.name) == true ? "  (now)" : "")"
        }
        for (id, own) in view.policy.machines.sorted(by: { $0.key < $1.key }) {
            lines.append(
                "VM       \(view.names[id.text].map { "\($0) (\(id))" } ?? id.text): priority \(own.priority.rawValue)"
                    + (own.isHighlyAvailable ? ", highly available" : ""))
        }
        for name in LimitName.allCases {
            guard let value = view.limits[name.rawValue] else { continue }
            let own = view.policy.limits[name] == nil ? "" : "  (set)"
            lines.append("LIMIT    \(name.rawValue): \(LimitName.text(of: value))\(own)")
        }
        return (lines + view.warnings.map { "WARNING  \($0)" }).joined(separator: "\n")
    }

    /// What people call a scope that is a VM; names need not be unique, so the UUID stays.
    private static func name(of scope: AutomationScope, _ view: PolicyView) -> String {
        guard case .machine(let id) = scope, let name = view.names[id.text] else { return "" }
        return "  (\(name))"
    }
}

/// `evenkeel policy set`.
struct PolicySetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Sets how far Evenkeel goes by itself in a scope.",
        discussion: """
            Scopes: fleet, cluster:NAME, pack:NAME, rule:PACK/ALERT, vm:NAME. Levels: off (no tips), advise (tips that \
            nobody can approve), operator (somebody approves), automatic (policy approves). A cluster's level stands in \
            for the fleet's, a rule's for its pack's; of place, pack and VM the least counts, and a pack can only take \
            away from it.
            Example: evenkeel policy set cluster:lab automatic
                     evenkeel policy set fleet automatic --from critical
                     evenkeel policy set vm:db-1 off
            """)

    @Argument(help: "Where.")
    var scope: String

    @Argument(help: "off, advise, operator or automatic.")
    var level: AutomationLevel

    @Option(name: .customLong("from"), help: "From which level of tip on automatic holds: warning or critical.")
    var threshold: TipLevel = .warning

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let client = PolicyClient(client: try server.client())
        let rule = AutomationRule(
            scope: try await ScopeText.scope(scope, client), level: level, threshold: threshold)
        try output.show(try await client.change(.setAutomation(rule)), table: PolicyClient.text)
    }
}

/// `evenkeel policy unset`.
struct PolicyUnsetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unset", abstract: "Takes a scope's own level away.",
        discussion: "Example: evenkeel policy unset cluster:lab")

    @Argument(help: "Where.")
    var scope: String

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let client = PolicyClient(client: try server.client())
        let scope = try await ScopeText.scope(scope, client)
        try output.show(try await client.change(.removeAutomation(scope)), table: PolicyClient.text)
    }
}

/// `evenkeel policy limit`.
struct PolicyLimitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "limit", abstract: "Sets a limit, or gives it its default again.",
        discussion: "Limits: \(LimitName.allCases.map(\.rawValue).joined(separator: ", ")).\n"
            + "Example: evenkeel policy limit actions-per-hour 10\n         evenkeel policy limit actions-per-hour default"
    )

    @Argument(help: "Which.")
    var name: LimitName

    @Argument(help: "A number, or 'default'.")
    var value: String

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if value != "default", Double(value) == nil { throw ValidationError("'\(value)' is no number") }
    }

    func run() async throws {
        let client = PolicyClient(client: try server.client())
        try output.show(try await client.change(.setLimit(name, Double(value))), table: PolicyClient.text)
    }
}

/// `evenkeel policy vm`.
struct PolicyMachineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vm", abstract: "Sets a VM's priority, and whether it is highly available.",
        discussion: "Example: evenkeel policy vm db-1 --priority high --highly-available")

    @Argument(help: "The VM's name or UUID.")
    var machine: String

    @Option(help: "low, normal or high.")
    var priority: MachinePolicy.Priority = .normal

    @Flag(help: "It is to run again elsewhere when its host fails.")
    var highlyAvailable = false

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let client = PolicyClient(client: try server.client())
        guard let id = try await client.machines([machine]).first else { return }
        let own = MachinePolicy(priority: priority, isHighlyAvailable: highlyAvailable)
        try output.show(try await client.change(.setMachine(id, own)), table: PolicyClient.text)
    }
}

/// `evenkeel policy resume`.
struct PolicyResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Lets go of what is held: fleet, cluster:NAME, host:NAME or pack:NAME.",
        discussion: "Example: evenkeel policy resume pack:host-pressure")

    @Argument(help: "What.")
    var scope: String

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        guard let scope = HoldScope(scope) else {
            throw CommandFailure(.wrongUse, "'\(scope)' is none of fleet, cluster:NAME, host:NAME, pack:NAME")
        }
        let answer = try await PolicyClient(client: try server.client()).release(scope)
        try output.show(answer) { answer in
            (["\(scope) is not held any more."] + PolicyClient.holds(answer.holds)).joined(separator: "\n")
        }
    }
}
