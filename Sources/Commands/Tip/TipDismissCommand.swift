import ArgumentParser
import FleetModel
import FleetServer

/// `evenkeel tip dismiss`: says no, and why.
struct TipDismissCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dismiss", abstract: "Closes a tip without doing anything, for a reason that is kept.",
        discussion: "Example: evenkeel tip dismiss 3 --reason 'known batch run until six' --for 6h")

    @Argument(help: "The tip's number.")
    var number: Int64

    @Option(help: "Why; it goes into the tip's history and the audit log.")
    var reason: String

    @Option(
        name: .customLong("for"),
        help: "For how long the same finding stays quiet; as long as the pack says without it.")
    var span: String?

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if reason.allSatisfy(\.isWhitespace) { throw ValidationError("--reason must say something") }
        if let span, SpanText.seconds(span) == nil {
            throw ValidationError("--for: '\(span)' is not a span such as 30m or 2h")
        }
    }

    func run() async throws {
        let tip: TipView = try await server.client().post(
            "/fleet/v1/tips/\(number)/dismiss", DismissalOrder(reason: reason, seconds: span.flatMap(SpanText.seconds)))
        try output.show(tip) { "Tip \($0.number) is \($0.state.rawValue)." }
    }
}
