import ArgumentParser
import FleetModel
import FleetServer

/// `evenkeel operation`: what really runs, or ran, on hosts.
struct OperationCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "operation", abstract: "What really runs, or ran, on hosts.",
        subcommands: [OperationListCommand.self, OperationShowCommand.self, OperationCancelCommand.self])
}

/// `evenkeel operation ls`: newest first.
struct OperationListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls", abstract: "Lists operations, newest first.",
        discussion: "Example: evenkeel operation ls --json | jq '.[] | select(.state == \"failed\")'")

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let operations: [OperationView] = try await server.client().get("/fleet/v1/operations")
        try output.show(operations) { operations in
            var table = TextTable(">N", "STATE", "WHAT", "VM", "FROM", "TO", "BY", ">TIP", "CREATED", ">TOTAL", ">DOWN")
            for operation in operations {
                table.add(
                    "\(operation.number)", operation.state.rawValue, operation.action.kind, operation.action.name,
                    operation.action.from, operation.action.to ?? "-", operation.requestedBy,
                    operation.tip.map { "\($0)" } ?? "-", Phrases.moment(operation.created),
                    operation.figures.map { "\($0.totalMilliseconds) ms" } ?? "-",
                    operation.figures.map { "\($0.downtimeMilliseconds) ms" } ?? "-")
            }
            return table.text
        }
    }
}

/// `evenkeel operation show`: one operation with its log.
struct OperationShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Shows one operation with its log.",
        discussion: "Example: evenkeel operation show 3")

    @Argument(help: "The operation's number.")
    var number: Int64

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let operation: OperationView = try await server.client().get("/fleet/v1/operations/\(number)")
        try output.show(operation, table: OperationText.details)
    }
}

/// `evenkeel operation cancel`: calls an operation off.
struct OperationCancelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "Calls an operation off and waits for its end; the VM stays in one place.",
        discussion: """
            A migration whose guest has been handed over already is finished instead.
            Example: evenkeel operation cancel 3
            """)

    @Argument(help: "The operation's number.")
    var number: Int64

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let client = try server.client()
        let _: OperationView = try await client.post("/fleet/v1/operations/\(number)/cancel", Empty())
        try output.show(try await OperationWatch(client: client).end(of: number), table: OperationText.details)
    }
}
