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
            'evenkeel cluster show NAME' lists the datastores that can be asked for.
            Example: evenkeel place --vcpus 4 --memory 8GiB --cluster lab --apart-from db-1 --network br0
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

    @Option(name: .customLong("network"), help: "A bridge that it needs; can be repeated.")
    var networks: [String] = []

    @Option(
        name: .customLong("datastore"),
        help: "A shared file system that it needs, such as 'nas:/vms on /srv/vms'; can be repeated.")
    var datastores: [String] = []

    @Option(help: "The CPU model that it needs, such as EPYC-Milan.")
    var cpuModel: String?

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if Bytes(parsing: memory) == nil { throw ValidationError("--memory: '\(memory)' is no size such as 8GiB") }
    }

    func run() async throws {
        let size = Bytes(parsing: memory) ?? .zero
        let wishes =
            [("cluster", cluster), ("cpu_model", cpuModel)].compactMap { name, value in value.map { (name, $0) } }
            + companions.map { ("with", $0) } + rivals.map { ("apart", $0) } + networks.map { ("network", $0) }
            + datastores.map { ("datastore", $0) }
        let wanted = wishes.map { "&\($0)=\(ServerClient.escaped($1))" }.joined()
        let views: [PlaceView] = try await server.client().get(
            "/fleet/v1/place?vcpus=\(vcpus)&memory=\(size.count)\(wanted)")
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
