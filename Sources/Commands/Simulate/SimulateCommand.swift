import ArgumentParser
import Simulation

/// `evenkeel simulate`: fleets that are made up, under real loads or under everything that can go wrong.
struct SimulateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Plays fleets that are made up: policies side by side, or faults without end.",
        subcommands: [SimulatePoliciesCommand.self, SimulateSoakCommand.self],
        defaultSubcommand: SimulatePoliciesCommand.self)
}

/// `evenkeel simulate policies`, the standard: a day of a fleet under real loads, with balancing policies side by side.
struct SimulatePoliciesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policies", abstract: "Plays a day of a fleet under recorded loads, policies side by side.",
        discussion: """
            Loads are days of VMs' processor use, a file a VM with a percentage each five minutes (PlanetLab's \
            format), in folders or .tar.xz archives a day. The fleet is made up: hosts of two sizes, rules, a \
            reserve of one host, moves that take time and cost processor time. Each figure is the mean over seeds; \
            OVER 80 % is the share of host-steps in which more than 80 % of a host's processors was wanted, \
            DEVIATION the mean standard deviation of hosts' use. No single figure says which policy is best: \
            overload can be hidden by sacrificing a few hosts.
            Examples:
              evenkeel simulate --trace traces/planetlab
              evenkeel simulate --trace DIR --day 20110306 --hosts 400 --vms 8000 --policy evenkeel --policy reactive
            """)

    @Option(help: "Hosts.")
    var hosts = 40

    @Option(help: "VMs.")
    var vms = 800

    @Option(help: "The folder of the traces.")
    var trace: String

    @Option(help: "Only this day, such as 20110303; may be given several times.")
    var day: [String] = []

    @Option(help: "A policy; may be given several times. Without any, all are played.")
    var policy: [String] = []

    @Option(help: "Over how many seeds the mean is taken.")
    var seeds = 5

    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (2...20_000).contains(hosts) else { throw ValidationError("--hosts is 2 to 20000") }
        guard (1...400_000).contains(vms) else { throw ValidationError("--vms is 1 to 400000") }
        guard (1...1000).contains(seeds) else { throw ValidationError("--seeds is 1 to 1000") }
        if let unknown = policy.first(where: { !BalanceRun.policies.contains($0) }) {
            throw ValidationError("no policy \(unknown): there are \(BalanceRun.policies.joined(separator: ", "))")
        }
    }

    func run() async throws {
        let table = BalanceTable(
            traces: try TraceFolder(path: trace).traces(days: day),
            policies: policy.isEmpty ? BalanceRun.policies : policy, seeds: seeds)
        do {
            try output.show(try table.rows(hosts: hosts, machines: vms), table: BalanceTable.text)
        } catch let error as BalanceError {
            throw CommandFailure(.wrongUse, error.description)
        }
    }
}
