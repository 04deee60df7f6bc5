import ArgumentParser
import FleetModel
import FleetServer

/// `evenkeel host`: the hosts.
struct HostCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "host", abstract: "The hosts.", subcommands: [HostListCommand.self])
}

/// `evenkeel host ls`: a line a host.
struct HostListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls", abstract: "Lists the hosts and what their logical processors do.",
        discussion: "Example: evenkeel host ls --json | jq '.[] | select(.processorUse > 0.75) | .name'")

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let hosts: [HostView] = try await server.client().get("/fleet/v1/hosts")
        try output.show(hosts) { Self.table($0, now: WallClock().now) }
    }

    static func table(_ hosts: [HostView], now: Timestamp) -> String {
        var table = TextTable(
            "HOST", "CLUSTER", ">LPS", ">BUSY", ">MEMORY", ">AVAILABLE", ">VMS", "ACCEL", "LAST REPORT", "STATE")
        for host in hosts {
            table.add(
                host.name, host.cluster, "\(host.logicalProcessors)", Phrases.percent(host.processorUse),
                Phrases.size(host.memory), Phrases.size(host.memoryAvailable), "\(host.virtualMachines)",
                host.accelerator.rawValue, Phrases.age(host.lastReport, now: now) + " ago",
                host.available ? "reporting" : "silent")
        }
        return table.text
    }
}
