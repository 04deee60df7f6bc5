import Foundation
import Simulation

/// Relieves overloaded states of the balancing benchmark and says how far from the fewest moves the planner is.
struct ReliefTable {
    let traces: [[UInt8]]
    let seeds: Int
    /// Steps between states.
    let stride: Int
    /// Where the states are written to, if they are.
    let folder: String?

    /// What came of a state.
    struct Row: Encodable {
        let seed: UInt64
        let step: Int
        let overloaded: Int
        let unrelieved: Int
        let moves: Int
        /// No fewer can do.
        let bound: Int
        let milliseconds: Double
    }

    func rows(_ size: FleetSize) throws -> [Row] {
        if let folder { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }
        var rows: [Row] = []
        for seed in 1...UInt64(seeds) {
            let scenario = try BalanceScenario(hosts: size.hosts, machines: size.machines, traces: traces, seed: seed)
            let states = ReliefBench.states(
                scenario, seed: seed, stride: stride, clock: BalanceTable.processorMilliseconds)
            for state in states where state.overloaded > 0 {
                rows.append(
                    Row(
                        seed: seed, step: state.step, overloaded: state.overloaded, unrelieved: state.unrelieved,
                        moves: state.moves.count, bound: state.bound, milliseconds: state.milliseconds))
                try write(state)
            }
        }
        return rows
    }

    private func write(_ state: ReliefBench.State) throws {
        guard let folder else { return }
        let path = "\(folder)/state-\(state.seed)-\(state.step).json"
        try JSONEncoder().encode(state).write(to: URL(fileURLWithPath: path))
    }

    static func text(_ rows: [Row]) -> String {
        var table = TextTable(
            ">SEED", ">STEP", ">OVERLOADED", ">UNRELIEVED", ">MOVES", ">AT LEAST", ">MS")
        for row in rows {
            table.add(
                String(row.seed), String(row.step), String(row.overloaded), String(row.unrelieved), String(row.moves),
                String(row.bound), String(format: "%.2f", row.milliseconds))
        }
        let relieved = rows.filter { $0.unrelieved == 0 }
        let atBound = relieved.count { $0.moves == $0.bound }
        let near = relieved.count { Double($0.moves) <= Double($0.bound) + max(1, Double($0.bound) / 10) }
        return table.text
            + "\nof \(rows.count) overloaded states \(relieved.count) were relieved, \(atBound) with provably the fewest"
            + " moves, \(near) with at most max(1, 10 %) more than that"
    }
}
