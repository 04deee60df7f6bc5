import ArgumentParser
import FleetServer

/// `evenkeel reserve`: can the clusters lose hosts?
struct ReserveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reserve", abstract: "Proves whether clusters can lose hosts and still run every VM.",
        discussion: """
            Without --failures the reserve that the policy asks for is checked, or one host where it asks for none. Exit \
            code 1 when it does not hold. --witness lists the proof: where each VM would start.
            Example: evenkeel reserve --cluster lab --failures 2
            """)

    @Option(help: "Only this cluster.")
    var cluster: String?

    @Option(help: "How many hosts at a time.")
    var failures: Int?

    @Flag(help: "List where each VM would start if its host failed; for one host at a time.")
    var witness = false

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        var query: [String] = []
        if let cluster { query.append("cluster=\(ServerClient.escaped(cluster))") }
        if let failures { query.append("failures=\(failures)") }
        if witness { query.append("witness=true") }
        let path = "/fleet/v1/reserve" + (query.isEmpty ? "" : "?" + query.joined(separator: "&"))
        let views: [ReserveView] = try await server.client().get(path)
        try output.show(views) { $0.map(Self.text).joined(separator: "\n") }
        if views.contains(where: { !$0.holds }) { throw ExitCode(1) }
    }

    static func text(_ view: ReserveView) -> String {
        guard let witness = view.witness, !witness.isEmpty else { return line(view) }
        var table = TextTable("IF THIS FAILS", "THIS VM", "STARTS ON")
        for ward in witness { table.add(ward.failed, ward.virtualMachine, ward.startsOn) }
        return line(view) + "\n" + table.text
    }

    static func line(_ view: ReserveView) -> String {
        let verdict = view.holds ? "holds" : "DOES NOT HOLD"
        let uncovered = view.uncovered.isEmpty ? "" : "; no reserve covers \(view.uncovered.joined(separator: ", "))"
        let slots =
            view.isOverCommittedBySlots.map { "; a count of slots would say \($0 ? "no" : "yes")" } ?? ""
        return
            "Reserve:  \(view.cluster): \(view.failures) of its hosts may fail: \(verdict): "
            + "\(view.reason)\(uncovered)\(slots)"
    }
}
