import ArgumentParser
import FleetServer

/// `evenkeel tip show`: one tip, whole.
struct TipShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Shows one tip: finding, evidence, plan, knowledge, history.",
        discussion: "Example: evenkeel tip show 3")

    @Argument(help: "The tip's number.")
    var number: Int64

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let tip: TipView = try await server.client().get("/fleet/v1/tips/\(number)")
        try output.show(tip, table: TipText.details)
    }
}
