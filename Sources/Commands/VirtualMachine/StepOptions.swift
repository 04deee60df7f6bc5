import ArgumentParser
import FleetModel
import FleetServer

/// What every command has that does one step to a VM: whom to ask, whether to wait, how to print.
struct StepOptions: ParsableArguments {
    @Flag(help: "Return as soon as the operation is recorded; follow it with 'evenkeel operation show'.")
    var noWait = false

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    /// Shows how a step that was begun ends; the exit code says whether it did as intended.
    func follow(_ started: OperationView, _ client: ServerClient) async throws {
        let operation = noWait ? started : try await OperationWatch(client: client).end(of: started.number)
        try output.show(operation, table: OperationText.step)
        guard !noWait, operation.state != .succeeded else { return }
        let reason = operation.log.last?.text ?? ""
        throw CommandFailure(.no, "operation \(operation.number) ended as \(operation.state.rawValue): \(reason)")
    }
}

/// A VM that is there already, and the host where it is meant.
struct MachineOptions: ParsableArguments {
    @Argument(help: "The VM's name or UUID.")
    var machine: String

    @Option(help: "The host, where several know the VM and it runs on none of them.")
    var host: String?

    /// The path of `verb` on the server; of the VM itself without one.
    func path(_ verb: String? = nil) -> String {
        let query = host.map { "?host=\(ServerClient.escaped($0))" } ?? ""
        return "/fleet/v1/vms/\(ServerClient.escaped(machine))\(verb.map { "/\($0)" } ?? "")\(query)"
    }

    /// Orders one step and follows it to its end.
    func order(_ verb: String, _ body: some Encodable = Empty(), following options: StepOptions) async throws {
        let client = try options.server.client()
        try await options.follow(try await client.post(path(verb), body), client)
    }
}

/// A size on the command line, such as `512MiB`.
struct SizeArgument: ExpressibleByArgument {
    let bytes: Bytes

    init?(argument: String) {
        guard let bytes = Bytes(parsing: argument), bytes >= .mebibytes(1) else { return nil }
        self.bytes = bytes
    }
}
