import ArgumentParser
import FleetModel
import FleetServer
import Foundation
import RulePacks
import Simulation

/// `evenkeel simulate soak`: the real control loop against everything that can go wrong, seed after seed.
struct SimulateSoakCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "soak",
        abstract: "Plays day after day on which everything goes wrong that can, and looks at every step.",
        discussion: """
            The real rules, loop, planner, executor and state store, under a virtual clock: the server crashes between its \
            steps, its disk is full, its clock is set; hosts' clocks are off; messages are lost, late and doubled; agents \
            crash, hosts flap; \
            migrations are slow and fail; somebody else moves VMs; operators do as they please. At every step each VM runs \
            once, no action breaks a limit, a constraint or the reserve, every intent has one outcome, budgets hold, what \
            waits says why, and the audit log is whole. The first thing that is not so ends it with exit code 1 and the \
            command that plays it again.
            Example: evenkeel simulate soak --minutes 60
                     evenkeel simulate soak --seed 4711 --days 1
            """)

    @Option(help: "For how long, by the wall clock.")
    var minutes: Double?

    @Option(help: "How many seeds, each a day; for as long as --minutes says without it.")
    var days: Int?

    @Option(help: "The first seed.")
    var seed: UInt64 = 1

    @Option(help: "Hosts.")
    var hosts = 4

    @Option(help: "VMs, the same number on each host.")
    var vms = 20

    @Option(help: "The folder of the rule packs.", completion: .directory)
    var packs: String?

    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (2...200).contains(hosts), (1...4000).contains(vms), vms.isMultiple(of: hosts) else {
            throw ValidationError("--hosts is 2 to 200, and --vms up to 4000 and the same number on each host")
        }
        if let minutes, !(0.01...100_000).contains(minutes) { throw ValidationError("--minutes is 0.01 to 100000") }
        if let days, days < 1 { throw ValidationError("--days is 1 or more") }
    }

    func run() async throws {
        let pack = try Self.pack(in: packs)
        let run = SoakRun(hosts: hosts, machinesPerHost: vms / hosts, packs: [pack])
        let start = ContinuousClock.now
        let processorStart = clock()
        let limit = minutes.map { Duration.seconds($0 * 60) } ?? (days == nil ? .seconds(60) : nil)
        var result = SoakResult(firstSeed: seed)
        while days.map({ result.days < $0 }) ?? true {
            if let limit, ContinuousClock.now - start >= limit, result.days > 0 { break }
            let own = seed &+ UInt64(result.days)
            do {
                result.add(try await run.play(seed: own, replay: replay(own)))
            } catch let error as SimulationError {
                throw CommandFailure(.no, "\(error)")
            }
        }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        result.seconds = seconds
        result.processorSeconds = Double(clock() - processorStart) / Double(CLOCKS_PER_SEC)
        try output.show(result) { $0.text }
    }

    private func replay(_ seed: UInt64) -> String {
        let folder = packs.map { " --packs '\($0)'" } ?? ""
        return "evenkeel simulate soak --seed \(seed) --days 1 --hosts \(hosts) --vms \(vms)\(folder)"
    }

    private static func pack(in folder: String?) throws -> RulePack {
        guard let folder = folder ?? PackFolders.bundled(with: Daemon.executable) else {
            throw CommandFailure(.environment, "no rule packs are there: name their folder with --packs")
        }
        return try RulePack.load(folder: folder + "/host-pressure")
    }
}

/// What a soak has gone through.
struct SoakResult: Encodable {
    let firstSeed: UInt64
    var days = 0
    var seconds = 0.0
    var processorSeconds = 0.0
    var events = 0
    var counts: [String: Int] = [:]

    init(firstSeed: UInt64) { self.firstSeed = firstSeed }

    mutating func add(_ report: SimulationReport) {
        days += 1
        events += report.events
        let own: [String: Int] = [
            "server crashes": report.serverCrashes, "agent crashes": report.agentCrashes, "outages": report.outages,
            "foreign moves": report.foreignMoves, "stand-downs": report.standDowns, "full disks": report.fullDisks,
            "clock jumps": report.clockJumps, "packs put back to approval": report.packFallBacks, "stops": report.stops,
            "stalled migrations": report.stalls,
            "audit entries": Int(report.auditEntries),
        ]
        counts.merge(own) { $0 + $1 }
        for (fault, count) in report.drawn { counts[fault.rawValue, default: 0] += count }
        for (state, count) in report.operations { counts["operations \(state.rawValue)", default: 0] += count }
        for (state, count) in report.tips { counts["tips \(state.rawValue)", default: 0] += count }
    }

    var text: String {
        let rate = Double(days) / max(0.001, processorSeconds) * 60
        var table = TextTable("WHAT", ">COUNT")
        for (name, count) in counts.sorted(by: { $0.key < $1.key }) { table.add(name, "\(count)") }
        let last = firstSeed &+ UInt64(max(0, days - 1))
        return "\(days) days, seeds \(firstSeed) to \(last): nothing was broken at any of \(events) events\n"
            + "\(Int(rate)) fleet-days a minute of processor time (\(Int(seconds)) s)\n" + table.text
    }
}
