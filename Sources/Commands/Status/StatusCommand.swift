import ArgumentParser
import FleetModel
import FleetServer

/// `evenkeel status`: is the fleet well, and does anybody have to do something?
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Says in a few lines whether the fleet is well.",
        discussion:
            "Exit code 1 when a critical tip is open, a host is silent or not measured, a VM crashed or runs on two\n"
            + "hosts, or the server has a problem, a clock that was set, or damaged files.\n"
            + "Example: evenkeel status --json | jq .openTips")

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let status: StatusView = try await server.client().get("/fleet/v1/status")
        try output.show(status) { Self.text($0, now: WallClock().now) }
        let critical = status.openTips[TipLevel.critical.rawValue] ?? 0
        let isWell =
            status.silentHosts.isEmpty && status.crashedVirtualMachines.isEmpty && status.problem == nil
            && status.storeProblems.isEmpty && status.clockProblem == nil && status.unmeasuredHosts?.isEmpty ?? true
            && status.doubledVirtualMachines?.isEmpty ?? true
        if critical > 0 || !isWell { throw ExitCode(1) }
    }

    static func text(_ status: StatusView, now: Timestamp) -> String {
        var lines = ["Evenkeel \(status.version); the fleet's automation is '\(status.automation.rawValue)'"]
        lines += (status.holds ?? []).map(text)
        for drain in status.drains ?? [] where drain.machines > 0 || drain.tip != nil { lines += text(drain) }
        if let problem = status.problem { lines.append("PROBLEM      \(problem)") }
        if let problem = status.clockProblem { lines.append("PROBLEM      \(problem)") }
        if let problem = blindness(status) { lines.append("PROBLEM      \(problem)") }
        lines += (status.doubledVirtualMachines ?? []).prefix(mostNamed).map { "PROBLEM      \($0)" }
        for problem in status.storeProblems { lines.append("SERIES       \(problem)") }
        let silent = status.silentHosts.isEmpty ? "" : ", silent: " + status.silentHosts.joined(separator: ", ")
        lines.append("Hosts        \(status.hosts) reporting\(silent)")
        let crashed = status.crashedVirtualMachines
        let fallen = crashed.isEmpty ? "" : ", crashed: " + crashed.joined(separator: ", ")
        lines.append("VMs          \(status.virtualMachines) running\(fallen)")
        let levels = TipLevel.allCases.reversed().map { "\(status.openTips[$0.rawValue] ?? 0) \($0.rawValue)" }
        lines.append("Open tips    " + levels.joined(separator: ", "))
        let isStopped = status.holds?.contains { $0.scope == .fleet } == true
        let until = isStopped ? "waits until 'evenkeel stop --resume', then for" : "waits for"
        for tip in status.awaitingApproval {
            let who = status.awaitingPolicy?.contains(tip) == true ? "policy, or for you" : "you"
            lines.append("             \(until) \(who): evenkeel tip approve \(tip)")
        }
        lines.append("Operations   \(status.runningOperations.count) under way")
        let round = status.lastRound.map { Phrases.age($0, now: now) + " ago" } ?? "never"
        lines.append("Rules        evaluated \(round)")
        for failure in status.ruleFailures { lines.append("             cannot be evaluated: \(failure)") }
        return lines.joined(separator: "\n")
    }

    /// What is held, by whom and since when; for a stop also the way back.
    private static func text(_ hold: Hold) -> String {
        let since = "by \(hold.actor) since \(Phrases.moment(hold.since)): \(hold.reason)"
        return hold.scope == .fleet
            ? "STOPPED      \(since); nothing new begins until 'evenkeel stop --resume'"
            : "HELD         \(hold.scope) \(since)"
    }

    /// How many hosts are named one by one.
    private static let mostNamed = 5

    private static func blindness(_ status: StatusView) -> String? {
        guard let hosts = status.unmeasuredHosts, !hosts.isEmpty else { return nil }
        let names = hosts.count <= mostNamed ? ": " + hosts.joined(separator: ", ") : ""
        return
            "no fresh samples of \(hosts.count) of the \(status.hosts) hosts that report\(names); nothing is done by itself "
            + "about what is not measured, and its tips stay open"
    }

    private static func text(_ drain: DrainView) -> [String] {
        let count = "\(drain.machines) \(drain.machines == 1 ? "VM" : "VMs")"
        guard let tip = drain.tip, let state = drain.state else {
            let host = drain.host
            return ["MAINTENANCE  \(host) still has \(count), and nothing empties it: evenkeel host drain \(host)"]
        }
        let isStuck = state == .planned || state == .awaitingApproval
        let why = isStuck ? drain.note.map { ["             \($0)"] } ?? [] : []
        let line = "MAINTENANCE  \(drain.host) still has \(count); tip \(tip), which empties it, is \(state.rawValue)"
        return [line] + why
    }
}
