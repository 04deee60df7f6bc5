import ArgumentParser
import FleetModel
import FleetServer
import Foundation

/// `evenkeel host`: the hosts.
struct HostCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "host", abstract: "The hosts.",
        subcommands: [
            HostListCommand.self, HostDrainCommand.self, HostResumeCommand.self, HostRemoveCommand.self,
        ])
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
            "HOST", "CLUSTER", ">LPS", ">BUSY", ">MEMORY", ">AVAILABLE", ">VMS", "ACCEL", ">CLOCK", "LAST REPORT",
            "STATE")
        for host in hosts {
            table.add(
                host.name, host.cluster, "\(host.logicalProcessors)", Phrases.percent(host.processorUse),
                Phrases.size(host.memory), Phrases.size(host.memoryAvailable), "\(host.virtualMachines)",
                host.accelerator.rawValue, skew(host.clockSkewMilliseconds),
                Phrases.age(host.lastReport, now: now) + " ago",
                state(host))
        }
        return table.text
    }

    private static func state(_ host: HostView) -> String {
        let state = host.available ? "reporting" : "silent"
        guard let hold = host.maintenance else { return state }
        let tip = host.drainTip.map { ", tip \($0) empties it" } ?? ""
        return "\(state), in maintenance by \(hold.actor) (\(hold.reason))\(tip)"
    }

    /// How far a clock is ahead of the server's.
    private static func skew(_ milliseconds: Int64?) -> String {
        guard let milliseconds else { return "?" }
        return String(format: "%+.3f s", Double(milliseconds) / 1000)
    }
}

/// `evenkeel host rm`: forgets a host that is gone for good.
struct HostRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm", abstract: "Forgets a host that is gone for good; refused while it reports.",
        discussion: "Example: evenkeel host rm kvm3")

    @Argument(help: "The host's name.")
    var host: String

    @OptionGroup var server: ServerOptions

    func run() async throws {
        let _: Empty = try await server.client().delete("/fleet/v1/hosts/\(ServerClient.escaped(host))")
        print("Host \(host) is forgotten.")
    }
}
