import ArgumentParser
import FleetModel
import FleetServer

/// `evenkeel constraint`: which VMs belong where.
struct ConstraintCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "constraint", abstract: "Which VMs belong together, apart, on or off which hosts.",
        subcommands: [ConstraintListCommand.self, ConstraintAddCommand.self, ConstraintRemoveCommand.self])
}

/// `evenkeel constraint ls`.
struct ConstraintListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls", abstract: "Lists the constraints, and which are broken now.",
        discussion: "Exit code 1 when one is broken. Example: evenkeel constraint ls")

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let view = try await PolicyClient(client: try server.client()).view()
        try output.show(view) { Self.text($0) }
        if view.warnings.contains(where: { $0.hasPrefix("constraint") && $0.contains("is broken now") }) {
            throw ExitCode(1)
        }
    }

    static func text(_ view: PolicyView) -> String {
        if view.policy.constraints.isEmpty { return "No constraints." }
        var table = TextTable(">N", "KIND", "VMS", "HOSTS", "REASON")
        for constraint in view.policy.constraints {
            table.add(
                "\(constraint.number)", constraint.kind.rawValue,
                constraint.machines.map { view.names[$0.text] ?? $0.text }.joined(separator: ", "),
                constraint.hosts.isEmpty ? "-" : constraint.hosts.map(\.text).joined(separator: ", "),
                constraint.reason)
        }
        return ([table.text] + view.warnings.map { "WARNING  \($0)" }).joined(separator: "\n")
    }
}

/// `evenkeel constraint add`.
struct ConstraintAddCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Adds a constraint; whether it is broken now is said, and it is kept.",
        discussion: """
            affinity: the VMs share a host. anti-affinity: no two share one. pin: each on one of the hosts. avoid: none on \
            one of the hosts. spread: evenly over the cluster's failure domains, or over its hosts.
            Example: evenkeel constraint add anti-affinity web-1 web-2 --reason 'one must survive'
                     evenkeel constraint add pin db-1 --on kvm1 --on kvm2
            """)

    @Argument(help: "affinity, anti-affinity, pin, avoid or spread.")
    var kind: Constraint.Kind

    @Argument(help: "VMs by name or UUID.")
    var machines: [String]

    @Option(help: "A host, for pin and avoid; may be given several times.")
    var on: [String] = []

    @Option(help: "Why; it is kept.")
    var reason = ""

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let client = PolicyClient(client: try server.client())
        let hosts = try on.map { text in
            guard let host = HostName(text) else { throw CommandFailure(.wrongUse, "'\(text)' is not a host's name") }
            return host
        }
        let constraint = Constraint(
            kind: kind, machines: try await client.machines(machines), hosts: hosts, reason: reason)
        if let objection = constraint.objection { throw CommandFailure(.wrongUse, objection) }
        try output.show(try await client.change(.addConstraint(constraint)), table: PolicyClient.text)
    }
}

/// `evenkeel constraint rm`.
struct ConstraintRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm", abstract: "Removes a constraint.", discussion: "Example: evenkeel constraint rm 3")

    @Argument(help: "The constraint's number.")
    var number: Int64

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let answer = try await PolicyClient(client: try server.client()).change(.removeConstraint(number))
        try output.show(answer, table: PolicyClient.text)
    }
}

extension Constraint.Kind: ExpressibleByArgument {}
