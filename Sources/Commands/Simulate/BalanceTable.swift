import Foundation
import Simulation

/// Plays the balancing benchmark under several policies and puts the means over seeds side by side.
struct BalanceTable {
    let traces: [[UInt8]]
    let policies: [String]
    let seeds: Int

    /// Means over the seeds of one policy on one size of fleet.
    struct Row: Encodable {
        let hosts: Int
        let machines: Int
        let policy: String
        let over80Percent: Double
        let over90Percent: Double
        let over100Percent: Double
        let deviation: Double
        let unservedHours: Double
        let moves: Double
        let movedGibibytes: Double
        /// The longest of all decisions, in milliseconds of processor time.
        let worstDecisionMilliseconds: Double
        let ruleViolations: Double
        let reserveViolations: Double
    }

    func rows(hosts: Int, machines: Int) throws -> [Row] {
        var all: [[BalanceMeasures]] = Array(repeating: [], count: policies.count)
        for seed in 1...UInt64(seeds) {
            let scenario = try BalanceScenario(hosts: hosts, machines: machines, traces: traces, seed: seed)
            for (place, policy) in policies.enumerated() {
                if let measures = BalanceRun.play(scenario, policy: policy, clock: Self.processorMilliseconds) {
                    all[place].append(measures)
                }
            }
        }
        return zip(policies, all).map { Self.row(hosts, machines, $0, $1) }
    }

    private static func row(_ hosts: Int, _ machines: Int, _ policy: String, _ all: [BalanceMeasures]) -> Row {
        let mean = { (value: (BalanceMeasures) -> Double) in
            all.reduce(0) { $0 + value($1) } / Double(max(1, all.count))
        }
        return Row(
            hosts: hosts, machines: machines, policy: policy, over80Percent: mean { $0.over80 / $0.hostSteps * 100 },
            over90Percent: mean { $0.over90 / $0.hostSteps * 100 },
            over100Percent: mean { $0.over100 / $0.hostSteps * 100 }, deviation: mean(\.deviation),
            unservedHours: mean(\.unservedHours), moves: mean { Double($0.moves) },
            movedGibibytes: mean(\.movedGibibytes),
            worstDecisionMilliseconds: all.map(\.worstDecisionMilliseconds).max() ?? 0,
            ruleViolations: mean { Double($0.violations) }, reserveViolations: mean { Double($0.reserveViolations) })
    }

    /// Processor time of this process in milliseconds (`clock`, whose unit POSIX has fixed at a microsecond): other
    /// processes of a shared machine do not count.
    static func processorMilliseconds() -> Double { Double(clock()) / 1000 }

    static func text(_ rows: [Row]) -> String {
        var table = TextTable(
            ">HOSTS", ">VMS", "POLICY", ">OVER 80 %", ">OVER 90 %", ">OVER 100 %", ">DEVIATION", ">UNSERVED h",
            ">MOVES", ">GIB", ">WORST ms", ">BROKEN RULES", ">BROKEN RESERVE")
        let text = { (value: Double, digits: Int) in String(format: "%.\(digits)f", value) }
        for row in rows {
            table.add(
                String(row.hosts), String(row.machines), row.policy, text(row.over80Percent, 2),
                text(row.over90Percent, 2), text(row.over100Percent, 3), text(row.deviation, 4),
                text(row.unservedHours, 1), text(row.moves, 1), text(row.movedGibibytes, 0),
                text(row.worstDecisionMilliseconds, 1), text(row.ruleViolations, 1), text(row.reserveViolations, 1))
        }
        return table.text
    }
}
