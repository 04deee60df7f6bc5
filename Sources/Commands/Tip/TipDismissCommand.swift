import ArgumentParser
import FleetModel
import FleetServer

/// `evenkeel tip dismiss`: says no, and why.
struct TipDismissCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dismiss", abstract: "Closes a tip without doing anything, for a reason that is kept.",
        discussion: "Example: evenkeel tip dismiss 3 --reason 'known batch run until six'")

    @Argument(help: "The tip's number.")
    var number: Int64

    @Option(help: "Why; it goes into the tip's history and the audit log.")
    var reason: String

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if reason.allSatisfy(\.isWhitespace) { throw ValidationError("--reason must say something") }
    }

    func run() async throws {
        let tip: TipView = try await server.client().post(
            "/fleet/v1/tips/\(number)/dismiss", DismissalOrder(reason: reason))
        try output.show(tip) { "Tip \($0.number) is \($0.state.rawValue)." }
    }
}
