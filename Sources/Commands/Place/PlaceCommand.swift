import ArgumentParser
import FleetModel
import FleetServer

/// `evenkeel place`: where would a new VM fit?
struct PlaceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "place", abstract: "Rates hosts for a new VM, with stars from 0 (cannot) to 5.",
        discussion: """
            A host has none that would be over a limit, where rules bar the VM, or where it would cost the cluster its \
            reserve. Exit code 1 when no host can take it.
            Example: evenkeel place --vcpus 4 --memory 8GiB --cluster lab --apart-from db-1
            """)

    @Option(help: "Its virtual processors.")
    var vcpus: Int

    @Option(help: "Its memory, such as 8GiB.")
    var memory: String

    @Option(help: "Only in this cluster.")
    var cluster: String?

    @Option(name: .customLong("with"), help: "A VM that it must share a host with; can be repeated.")
    var companions: [String] = []

    @Option(name: .customLong("apart-from"), help: "A VM that it must not share a host with; can be repeated.")
    var rivals: [String] = []

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if Bytes(parsing: memory) == nil { throw ValidationError("--memory: '\(memory)' is no size such as 8GiB") }
    }

    func run() async throws {
        let size = Bytes(parsing: memory) ?? .zero
        let place = cluster.map { "&cluster=\(ServerClient.escaped($0))" } ?? ""
        let rules =
            (companions.map { "&with=\(ServerClient.escaped($0))" }
            + rivals.map { "&apart=\(ServerClient.escaped($0))" })
            .joined()
        let views: [PlaceView] = try await server.client().get(
            "/fleet/v1/place?vcpus=\(vcpus)&memory=\(size.count)\(place)\(rules)")
        try output.show(views) { views in
            var table = TextTable("HOST", "CLUSTER", "STARS", "WHY")
            for view in views {
                table.add(view.host, view.cluster, Self.stars(view.stars), view.reasons.joined(separator: "; "))
            }
            return table.text
        }
        if !views.contains(where: { $0.stars > 0 }) { throw ExitCode(1) }
    }

    /// `*** ` and a half for 3.5.
    static func stars(_ count: Double) -> String {
        let whole = Int(max(0, min(5, count)))
        return String(repeating: "*", count: whole) + (count - Double(whole) >= 0.5 ? "+" : "")
            + (whole == 0 ? "-" : "")
    }
}
