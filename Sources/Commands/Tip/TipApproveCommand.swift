import ArgumentParser
import FleetModel
import FleetServer

/// `evenkeel tip approve`: lets a tip's plan be carried out.
struct TipApproveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approve", abstract: "Shows a tip's plan and, when you agree, lets it be carried out.",
        discussion: """
            The plan is checked again against the live fleet right before each step. A part of it is approved with \
            --step, and a step is sent to another host with --to STEP=HOST; both are checked as the plan was.
            Example: evenkeel tip approve 3
                     evenkeel tip approve 3 --step 1 --to 1=kvm4
            """)

    @Argument(help: "The tip's number.")
    var number: Int64

    @Option(help: "Only this step; may be given several times.")
    var step: [Int] = []

    @Option(help: "Another destination, STEP=HOST; may be given several times.")
    var to: [String] = []

    @Flag(help: "Do not ask; for scripts.")
    var yes = false

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let client = try server.client()
        let destinations = try destinations()
        var tip: TipView = try await client.get("/fleet/v1/tips/\(number)")
        if let reason = TipText.nothingToApprove(tip) { throw CommandFailure(.no, reason) }
        while true {
            if !yes { try ask(tip) }
            let order = ApprovalOrder(
                plan: tip.plan?.version, steps: step.isEmpty ? nil : step, destinations: destinations)
            do {
                let approved: TipView = try await client.post("/fleet/v1/tips/\(number)/approve", order)
                return try output.show(approved) {
                    "Tip \($0.number) is \($0.state.rawValue). Follow it: evenkeel tip watch \($0.number)"
                }
            } catch let refusal as CommandFailure where !yes && step.isEmpty && to.isEmpty {
                // The plan that was shown may be another one by now: then whoever is still there is asked about that.
                let newer: TipView = try await client.get("/fleet/v1/tips/\(number)")
                guard newer.plan?.version != tip.plan?.version, TipText.nothingToApprove(newer) == nil else {
                    throw refusal
                }
                StandardError.write("\(PlainText.harmless(refusal.message))\n\n")
                tip = newer
            }
        }
    }

    private func ask(_ tip: TipView) throws {
        let lines = ["Tip \(tip.number): \(tip.title)"] + TipText.plan(tip) + TipText.checks(tip)
        let shown = lines.joined(separator: "\n")
        StandardError.write(PlainText.harmless(shown) + "\nCarry this out? [y/N] ")
        guard let answer = readLine(), ["y", "yes"].contains(answer.lowercased()) else {
            throw CommandFailure(.no, "tip \(number) was not approved")
        }
    }

    private func destinations() throws -> [Int: String]? {
        if to.isEmpty { return nil }
        let pairs = try to.map { text in
            let parts = text.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, let step = Int(parts[0]) else {
                throw CommandFailure(.wrongUse, "--to: '\(text)' is not STEP=HOST")
            }
            return (step, String(parts[1]))
        }
        guard Set(pairs.map(\.0)).count == pairs.count else {
            throw CommandFailure(.wrongUse, "--to: a step goes to one host")
        }
        return Dictionary(pairs) { first, _ in first }
    }
}
