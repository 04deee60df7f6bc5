import ArgumentParser
import FleetModel
import FleetServer

/// `evenkeel vm migrate`: moves a VM because an operator says so.
struct VirtualMachineMigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "Live-migrates a VM to another host and waits for the end.",
        discussion: """
            Checked like every other move: refused, with the reason, where the destination would be over its limits. How \
            it moves follows from how the guest writes to its memory; --plan says so and what it will take, without \
            moving.
            Examples:
              evenkeel vm migrate web-1 --to kvm3 --plan
              evenkeel vm migrate web-1 --to kvm3
              evenkeel vm migrate web-1 --to kvm3 --how post-copy
            """)

    @Argument(help: "The VM's name or UUID.")
    var machine: String

    @Option(name: .customLong("to"), help: "The host it is to run on.")
    var destination: String

    @Flag(help: "Say how it would move and what that would take, and do nothing.")
    var plan = false

    @Option(help: "How, in place of what suits it best: pre-copy, streams, auto-converge, post-copy or quick.")
    var how: Way?

    @Flag(help: "Return as soon as the operation is recorded; follow it with 'evenkeel operation show'.")
    var noWait = false

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let client = try server.client()
        let path = "/fleet/v1/vms/\(ServerClient.escaped(machine))/migrate"
        let order = MigrationOrder(to: destination, method: how?.method, plan: plan ? true : nil)
        if plan {
            let view: MigrationView = try await client.post(path, order)
            return try output.show(view, table: Self.text)
        }
        let started = try await begin(path, order, client)
        let operation = noWait ? started : try await OperationWatch(client: client).end(of: started.number)
        try output.show(operation, table: OperationText.details)
        if !noWait && operation.state != .succeeded {
            throw CommandFailure(.no, "operation \(operation.number) ended as \(operation.state.rawValue)")
        }
    }

    /// How long a move that cannot begin just now is tried again.
    private static let patience: Duration = .seconds(60)

    /// Begins the move; waits where only its turn has not come, such as right after another one.
    private func begin(_ path: String, _ order: MigrationOrder, _ client: ServerClient) async throws -> OperationView {
        let clock = WallClock()
        let deadline = clock.now + Self.patience
        var isTold = false
        while true {
            do {
                return try await client.post(path, order)
            } catch let failure as CommandFailure {
                guard !noWait, failure.message.hasPrefix("not now: "), clock.now < deadline else { throw failure }
                if !isTold { StandardError.write("waits: \(failure.message.dropFirst("not now: ".count))\n") }
                isTold = true
                try await clock.sleep(for: .seconds(1))
            }
        }
    }

    /// A way to move, as an operator names it.
    enum Way: String, CaseIterable, ExpressibleByArgument {
        case preCopy = "pre-copy"
        case streams
        case autoConverge = "auto-converge"
        case postCopy = "post-copy"
        case quick

        var method: MigrationMethod {
            switch self {
            case .preCopy: MigrationMethod()
            case .streams: MigrationMethod(channels: 4, compression: .zstd)
            case .autoConverge: MigrationMethod(autoConverge: true)
            case .postCopy: MigrationMethod(postCopy: true)
            case .quick: MigrationMethod(kind: .quick)
            }
        }
    }

    private static func text(_ view: MigrationView) -> String {
        let action = view.action
        return
            (["\(action.name) from \(action.from) to \(action.to ?? "-"), if it were moved now:"]
            + MigrationText.lines(view.migration)
            + ["Loads:    \(OperationText.prediction(action))"]).joined(separator: "\n")
    }
}
