import ArgumentParser
import FleetModel
import FleetServer
import Foundation
import Placement

/// `evenkeel reserve`: can the clusters lose hosts?
struct ReserveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reserve", abstract: "Proves whether clusters can lose hosts and still run every VM.",
        discussion: """
            Without --failures the reserve that the policy asks for is checked, or one host where it asks for none. Exit \
            code 1 when it does not hold. --witness lists the proof: where each VM would start, for every set of hosts that \
            may fail; --lose asks about one set, and says where its VMs would start.
            Example: evenkeel reserve --cluster lab --failures 2
            Example: evenkeel reserve --lose kvm1,kvm2
            """)

    @Option(help: "Only this cluster.")
    var cluster: String?

    @Option(parsing: .unconditional, help: "How many hosts at a time.")
    var failures: Int?

    @Flag(help: "List where each VM would start if its host failed.")
    var witness = false

    @Option(help: ArgumentHelp("Just these hosts at once, separated by commas.", valueName: "host,host"))
    var lose: String?

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    /// The hosts that --lose names.
    private var hosts: [String] {
        (lose ?? "").split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    }

    /// Lines of a proof that a person is shown.
    private static let mostShown = 200

    func validate() throws {
        if lose != nil && hosts.isEmpty { throw ValidationError("--lose: name the hosts, such as kvm1,kvm2") }
        if lose != nil && failures != nil { throw ValidationError("--lose names the hosts; --failures counts any") }
    }

    func run() async throws {
        var query: [String] = []
        if let cluster { query.append("cluster=\(ServerClient.escaped(cluster))") }
        if let failures { query.append("failures=\(failures)") }
        if witness { query.append("witness=true") }
        for host in hosts { query.append("lose=\(ServerClient.escaped(host))") }
        let path = "/fleet/v1/reserve" + (query.isEmpty ? "" : "?" + query.joined(separator: "&"))
        let views: [ReserveView] = try await server.client().get(path)
        try output.show(views) { $0.map(Self.text).joined(separator: "\n") }
        if views.contains(where: { !$0.holds }) { throw ExitCode(1) }
    }

    static func text(_ view: ReserveView) -> String {
        guard let witness = view.witness, !witness.isEmpty else { return line(view) }
        let cut =
            view.isWitnessCut == true
            ? "\nOf \(view.proved ?? 0) sets of hosts that were proved, \(witness.count) are listed; --lose shows any one."
            : ""
        return line(view) + "\n" + table(witness) + cut
    }

    /// Where VMs would start: of a long list the first lines.
    static func table(_ witnesses: [ReserveWitness]) -> String {
        let isOne = witnesses.allSatisfy { $0.failed.count == 1 }
        var table = TextTable(isOne ? "IF THIS FAILS" : "IF THESE FAIL", "THIS VM", "STARTS ON")
        let lines = witnesses.lazy.flatMap { witness in
            witness.starts.lazy.map { (witness.failed.map(\.text).joined(separator: ", "), $0) }
        }
        for (failed, start) in lines.prefix(mostShown) {
            table.add(failed, start.virtualMachine, start.refuge?.text ?? "nowhere")
        }
        let count = witnesses.reduce(0) { $0 + $1.starts.count }
        return count > mostShown
            ? table.text + "\nand \(count - mostShown) more lines in --json" : table.text
    }

    static func line(_ view: ReserveView) -> String {
        let verdict = view.holds ? "holds" : view.undecided == true ? "UNDECIDED, which counts as no" : "DOES NOT HOLD"
        let uncovered = ReserveReport.text(uncovered: view.uncovered)
        let slots =
            view.isOverCommittedBySlots.map { "; a count of slots would say \($0 ? "no" : "yes")" } ?? ""
        return
            "Reserve:  \(view.cluster): \(view.failures) of its hosts may fail: \(verdict): "
            + "\(view.reason)\(uncovered)\(slots)"
    }
}
