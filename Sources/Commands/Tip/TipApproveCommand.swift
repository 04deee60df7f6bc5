import ArgumentParser
import FleetModel
import FleetServer

/// `evenkeel tip approve`: lets a tip's plan be carried out.
struct TipApproveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approve", abstract: "Shows a tip's plan and, when you agree, lets it be carried out.",
        discussion: """
            The plan is checked again against the live fleet right before each step.
            Example: evenkeel tip approve 3
            """)

    @Argument(help: "The tip's number.")
    var number: Int64

    @Flag(help: "Do not ask; for scripts.")
    var yes = false

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let client = try server.client()
        let tip: TipView = try await client.get("/fleet/v1/tips/\(number)")
        if !yes {
            let shown = (["Tip \(tip.number): \(tip.title)"] + TipText.plan(tip)).joined(separator: "\n")
            StandardError.write(PlainText.harmless(shown) + "\nCarry this out? [y/N] ")
            guard let answer = readLine(), ["y", "yes"].contains(answer.lowercased()) else {
                throw CommandFailure(.no, "tip \(number) was not approved")
            }
        }
        let approved: TipView = try await client.post(
            "/fleet/v1/tips/\(number)/approve", ApprovalOrder(plan: tip.plan?.version))
        try output.show(approved) {
            "Tip \($0.number) is \($0.state.rawValue). Follow it: evenkeel tip watch \($0.number)"
        }
    }
}
