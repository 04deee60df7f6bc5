import ArgumentParser
import FleetModel
import FleetServer

/// `evenkeel cluster`: hosts among which VMs may move, and what holds there.
struct ClusterCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cluster", abstract: "Clusters: reserve, over-commitment, failure domains.",
        subcommands: [
            ClusterListCommand.self, ClusterShowCommand.self, ClusterSetCommand.self, ClusterResumeCommand.self,
        ])
}

/// A cluster for a listing.
struct ClusterRow: Codable {
    let name: String
    let hosts: Int
    let virtualMachines: Int
    let policy: ClusterPolicy
    let level: AutomationLevel?
    let hold: Hold?
    let datastores: [Datastore]

    static func all(_ client: ServerClient, _ view: PolicyView) async throws -> [ClusterRow] {
        let hosts: [HostView] = try await client.get("/fleet/v1/hosts")
        let names = Set(hosts.map(\.cluster)).union(view.policy.clusters.keys.map(\.text))
        return names.sorted().map { name in
            let own = hosts.filter { $0.cluster == name }
            let cluster = ClusterName(name)
            return ClusterRow(
                name: name, hosts: own.count, virtualMachines: own.reduce(0) { $0 + $1.virtualMachines },
                policy: cluster.flatMap { view.policy.clusters[$0] } ?? ClusterPolicy(),
                level: cluster.flatMap { view.policy.automation(.cluster($0))?.level },
                hold: cluster.flatMap { cluster in view.holds.first { $0.scope == .cluster(cluster) } },
                datastores: Datastore.all(of: own.map { ($0.name, $0.sharedFileSystems ?? []) }))
        }
    }
}

/// `evenkeel cluster ls`.
struct ClusterListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls", abstract: "Lists the clusters and what holds there.",
        discussion: "Example: evenkeel cluster ls --json")

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let client = try server.client()
        let rows = try await ClusterRow.all(client, try await PolicyClient(client: client).view())
        try output.show(rows) { rows in
            var table = TextTable("CLUSTER", ">HOSTS", ">VMS", ">RESERVE", "LEVEL", "SET", "HELD")
            for row in rows {
                table.add(
                    row.name, "\(row.hosts)", "\(row.virtualMachines)", "\(row.policy.reserve ?? 0)",
                    row.level?.rawValue ?? "-", row.policy.text, row.hold?.reason ?? "-")
            }
            return table.text
        }
    }
}

/// `evenkeel cluster show`.
struct ClusterShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Shows one cluster: what is set, and whether its reserve holds.",
        discussion: "Example: evenkeel cluster show lab")

    @Argument(help: "The cluster.")
    var cluster: String

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let client = try server.client()
        let rows = try await ClusterRow.all(client, try await PolicyClient(client: client).view())
        guard let row = rows.first(where: { $0.name == cluster }) else {
            throw CommandFailure(.no, "there is no cluster '\(cluster)'; see 'evenkeel cluster ls'")
        }
        let reserves: [ReserveView] =
            row.hosts == 0 ? [] : try await client.get("/fleet/v1/reserve?cluster=\(ServerClient.escaped(cluster))")
        try output.show(row) { row in
            var lines = [
                "Cluster \(row.name): \(row.hosts) hosts, \(row.virtualMachines) VMs", "Set:      \(row.policy.text)",
                "Level:    \(row.level?.rawValue ?? "the fleet's")",
            ]
            lines += reserves.map(ReserveCommand.line)
            for (name, hosts) in (row.policy.domains ?? [:]).sorted(by: { $0.key < $1.key }) {
                lines.append("Domain:   \(name): \(hosts.map(\.text).joined(separator: ", "))")
            }
            lines += row.datastores.map(Self.line)
            if let hold = row.hold { lines += PolicyClient.holds([hold]) }
            return lines.joined(separator: "\n")
        }
    }

    private static func line(_ store: Datastore) -> String {
        let space = store.space.map { "\($0.available) of \($0.total) free" } ?? "it does not say how full it is"
        return "Store:    \(store.name): \(space), on \(store.hosts.joined(separator: ", "))"
    }
}

/// `evenkeel cluster set`.
struct ClusterSetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Sets what holds in a cluster; what is broken by it is said, and it is set.",
        discussion: """
            Keys: reserve (hosts that may fail), processor-over-commit (virtual processors for each logical one), \
            memory-over-commit, domain.NAME (its hosts with commas; they fail together). An empty value takes it away.
            Example: evenkeel cluster set lab reserve=1 processor-over-commit=4
                     evenkeel cluster set lab domain.rack-1=kvm1,kvm2 domain.rack-2=kvm3,kvm4
            """)

    @Argument(help: "The cluster.")
    var cluster: String

    @Argument(help: "KEY=VALUE.")
    var settings: [String]

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        guard let name = ClusterName(cluster) else {
            throw CommandFailure(.wrongUse, "'\(cluster)' is not a cluster's name")
        }
        let client = PolicyClient(client: try server.client())
        let view = try await client.view()
        var own = view.policy.clusters[name] ?? ClusterPolicy()
        for setting in settings { try Self.apply(setting, to: &own) }
        let answer = try await client.change(.setCluster(name, own), seen: view.policy.version)
        try output.show(answer, table: PolicyClient.text)
    }

    static func apply(_ setting: String, to own: inout ClusterPolicy) throws {
        let parts = setting.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2 else { throw CommandFailure(.wrongUse, "'\(setting)' is not KEY=VALUE") }
        let (key, value) = (parts[0], parts[1])
        func number() throws -> Double? {
            if value.isEmpty { return nil }
            guard let number = Double(value), number.isFinite else {
                throw CommandFailure(.wrongUse, "\(key): '\(value)' is no number")
            }
            return number
        }
        switch key {
        case "reserve":
            guard let count = try number() else { return own.reserve = nil }
            guard let reserve = Int(exactly: count) else {
                throw CommandFailure(.wrongUse, "reserve: '\(value)' is no whole number")
            }
            own.reserve = reserve
        case "processor-over-commit": own.processorOverCommit = try number()
        case "memory-over-commit": own.memoryOverCommit = try number()
        case _ where key.hasPrefix("domain."):
            let hosts = try value.split(separator: ",").map { text in
                guard let host = HostName(String(text)) else {
                    throw CommandFailure(.wrongUse, "\(key): '\(text)' is not a host's name")
                }
                return host
            }
            var domains = own.domains ?? [:]
            domains[String(key.dropFirst(7))] = hosts.isEmpty ? nil : hosts
            own.domains = domains.isEmpty ? nil : domains
        default:
            throw CommandFailure(
                .wrongUse,
                "there is no '\(key)'; known are reserve, processor-over-commit, memory-over-commit, domain.NAME")
        }
    }
}

/// `evenkeel cluster resume`.
struct ClusterResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Lets policy act again where it stood down for another mover.",
        discussion: "Example: evenkeel cluster resume lab")

    @Argument(help: "The cluster.")
    var cluster: String

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        guard let name = ClusterName(cluster) else {
            throw CommandFailure(.wrongUse, "'\(cluster)' is not a cluster's name")
        }
        let answer = try await PolicyClient(client: try server.client()).release(.cluster(name))
        try output.show(answer) { _ in "Policy acts in cluster \(name) again." }
    }
}
