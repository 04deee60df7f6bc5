import ArgumentParser
import FleetModel
import FleetServer
import Remediation

/// `evenkeel plan`: what would the planner do?
struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "What the planner would do, and what if; nothing is done.",
        discussion: """
            relieve-host HOST    which VMs to move off a host so that it comes down to --target
            evacuate HOST        how to empty a host
            restart HOST         where its VMs would start again if the host were dead
            relieve CLUSTER      how to get every host of a cluster down to --target
            balance CLUSTER      what evens a cluster out and is worth its moves
            consolidate CLUSTER  which hosts could be emptied and powered down, and by which moves
            resize CLUSTER       which VMs have too many or too few virtual processors, or too much or too little memory
            reserve CLUSTER      whether the cluster could lose hosts
            Each can be asked of a fleet with one more host (--add), without a host (--lose), or with VMs that want more \
            (--grow). Exit code 1 when there is no way, or the reserve does not hold.
            Example: evenkeel plan reserve lab --lose kvm3 --grow 20
            """)

    @Argument(help: "What is asked, as listed below.")
    var kind: PlanQuestion.Kind

    @Argument(help: "The host or cluster that it is about.")
    var object: String

    @Option(parsing: .unconditional, help: "Percent of a resource that hosts are to come down to.")
    var target = 75.0

    @Option(help: "What a host is relieved of: processor or memory.")
    var resource = "processor"

    @Option(help: "How eagerly to balance, from 1 to 5.")
    var aggressiveness = 3

    @Option(
        parsing: .unconditional,
        help: "The most moves to relieve, balance or consolidate by; by default 8, to consolidate 200.")
    var moves: Int?

    @Option(parsing: .unconditional, help: "How many hosts may fail at a time; by default what the policy asks for.")
    var failures: Int?

    @Option(help: "Suppose that this host fails and its VMs start again on others; can be repeated.")
    var lose: [String] = []

    @Option(help: "Suppose that there is one more host like this one, empty; can be repeated.")
    var add: [String] = []

    @Option(parsing: .unconditional, help: "Suppose that VMs want so many percent more, or less (-50).")
    var grow: Double?

    @Option(name: .customLong("vm"), help: "A VM that --grow is about, by name or UUID; can be repeated. Without: all.")
    var machines: [String] = []

    @Flag(help: "List what was considered and not chosen, and why, also where there is a plan.")
    var why = false

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (1...100).contains(target) else { throw ValidationError("--target is 1 to 100 percent") }
        if let moves, !(1...1000).contains(moves) { throw ValidationError("--moves is 1 to 1000") }
        if let grow, !(-99...1000).contains(grow) { throw ValidationError("--grow is -99 to 1000 percent") }
        if !machines.isEmpty && grow == nil { throw ValidationError("--vm says which VMs --grow is about") }
    }

    func run() async throws {
        let answer: PlanAnswer = try await server.client().get("/fleet/v1/plan?" + query)
        try output.show(answer) { Self.text($0, why: why) }
        if !answer.isPossible { throw ExitCode(1) }
    }

    private var query: String {
        var pairs = [
            ("kind", kind.rawValue), (kind.isAboutHost ? "host" : "cluster", object), ("target", "\(target / 100)"),
            ("resource", resource), ("aggressiveness", "\(aggressiveness)"),
        ]
        if let moves { pairs.append(("moves", "\(moves)")) }
        if let failures { pairs.append(("failures", "\(failures)")) }
        if let grow { pairs.append(("grow", "\(grow / 100)")) }
        pairs += lose.map { ("lose", $0) } + add.map { ("add", $0) } + machines.map { ("vm", $0) }
        return pairs.map { "\($0)=\(ServerClient.escaped($1))" }.joined(separator: "&")
    }

    static func text(_ answer: PlanAnswer, why: Bool = false) -> String {
        var lines = answer.supposed.map { "Supposed:  \($0)" }
        lines.append("\(answer.isPossible ? "Answer:   " : "No:       ") \(answer.explanation)")
        lines += table(answer)
        let shown = why ? answer.rejected.count : answer.isPossible ? 0 : 20
        lines += answer.rejected.prefix(shown).map { candidate in
            "  not \(candidate.virtualMachine)\(candidate.destination.map { " to \($0)" } ?? ""): \(candidate.reason)"
        }
        if answer.rejected.count > shown, shown > 0 {
            lines.append("  and \(answer.rejected.count - shown) more; --json has them all")
        }
        return lines.joined(separator: "\n")
    }

    private static func table(_ answer: PlanAnswer) -> [String] {
        if !answer.actions.isEmpty {
            var table = TextTable(
                ">STEP", ">WAVE", "VM", "FROM", "TO", ">SECONDS", ">HALTED", "FROM BUSY", "TO BUSY", "AFTER")
            for (place, action) in answer.actions.enumerated() {
                table.add(
                    "\(place + 1)", "\((action.wave ?? 0) + 1)", action.virtualMachineName,
                    action.hosts.first?.text ?? "-", action.hosts.last?.text ?? "-",
                    action.prediction.seconds.map { "\(Int($0.rounded(.up)))" } ?? "-",
                    action.prediction.downtimeMilliseconds.map { "\(Int($0.rounded(.up))) ms" } ?? "?",
                    Self.change(action.prediction.sourceProcessor), Self.change(action.prediction.destinationProcessor),
                    (action.after ?? []).map { "\($0 + 1)" }.joined(separator: ", "))
            }
            return [table.text]
        }
        if !answer.starts.isEmpty {
            var table = TextTable("VM", "STARTS ON", "BUT")
            for start in answer.starts {
                table.add(start.virtualMachine, start.host.text, start.strain ?? start.unknown ?? "")
            }
            return [table.text]
        }
        if let witnesses = answer.witnesses { return [ReserveCommand.table(witnesses)] }
        if answer.sizes.isEmpty { return [] }
        var table = TextTable("VM", ">HAS", ">SHOULD HAVE", "WHY")
        for size in answer.sizes {
            table.add(
                size.virtualMachine, Self.size(size.virtualProcessors, size.memoryBytes),
                Self.size(size.wantedVirtualProcessors, size.wantedMemoryBytes), size.reasons.joined(separator: "; "))
        }
        return [table.text]
    }

    /// `92 -> 61 %`; `?` where it is unknown.
    private static func change(_ change: Prediction.Change?) -> String {
        guard let change else { return "?" }
        let percent = { (share: Double) in Int((min(max(share, 0), 100) * 100).rounded()) }
        return "\(percent(change.before)) -> \(percent(change.after)) %"
    }

    private static func size(_ processors: Int?, _ memory: Int64?) -> String {
        [processors.map { "\($0) VPs" }, memory.map { Bytes($0).description }].compactMap(\.self)
            .joined(separator: ", ")
    }
}

extension PlanQuestion.Kind: ExpressibleByArgument {}
