import Foundation
import Placement

/// Solves ROADEF instances with the planner's solver core, and judges what came out without it.
struct RoadefBenchmark {
    /// How long each instance is worked on.
    let seconds: Double
    let seed: UInt64

    /// What came of an instance.
    struct Row: Encodable {
        let instance: String
        let machines: Int
        let processes: Int
        let originalCost: Int64
        let objective: Int64
        let mark: Int64?
        /// (objective - mark) / original cost, in percent.
        let gapPercent: Double?
        /// What the assignment breaks; `nil` for a feasible one.
        let violation: String?
        let movedProcesses: Int
        let seconds: Double
        let steps: Int
    }

    /// Known marks of instances of set A and of b_01: results of others, not bounds.
    static let marks: [String: Int64] = [
        "a1_1": 44_306_501, "a1_2": 777_912_030, "a1_3": 583_006_422, "a1_4": 248_789_969, "a1_5": 727_578_310,
        "a2_1": 212, "a2_2": 746_097_632, "a2_3": 1_210_644_572, "a2_4": 1_680_587_325, "a2_5": 318_358_949,
        "b_01": 3_313_626_380,
    ]

    /// The names of the instances in a folder: `X` for `model_X.txt`.
    static func instances(in folder: String) throws -> [String] {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
            throw CommandFailure(.environment, "the folder \(folder) cannot be read")
        }
        return names.filter {
            $0.hasPrefix("model_") && $0.hasSuffix(".txt")
        }.map { String($0.dropFirst(6).dropLast(4)) }.sorted()
    }

    /// Solves one instance.
    func solve(_ name: String, in folder: String) throws -> (row: Row, assignment: [Int32]) {
        let clock = ContinuousClock()
        let start = clock.now
        let bytes = { (file: String) in
            let path = "\(folder)/\(file)_\(name).txt"
            guard let data = FileManager.default.contents(atPath: path) else {
                throw CommandFailure(.environment, "\(path) cannot be read")
            }
            return [UInt8](data)
        }
        let instance = try RoadefInstance(model: bytes("model"), assignment: bytes("assignment"))
        let check = RoadefCheck(instance: instance)
        if let violation = check.violation(of: instance.start) {
            throw RoadefError(description: "assignment_\(name).txt: the first assignment is not feasible: \(violation)")
        }
        let originalCost = check.cost(of: instance.start)
        let packing = try Packing(
            resources: instance.resources, needs: instance.requirements, room: instance.capacities,
            homes: instance.start, isHeldWhileMoving: instance.isTransient)
        var state = PackingState(packing, rules: RoadefRules(instance))
        var budget = TimeBudget(seconds: seconds, since: start, clock)
        let steps = AnnealingRace.usual(seed: seed, for: packing).run(&state, budget: &budget)
        let assignment = state.assignment
        let objective = check.cost(of: assignment)
        let mark = Self.marks[name]
        let row = Row(
            instance: name, machines: instance.machines, processes: instance.processes, originalCost: originalCost,
            objective: objective, mark: mark,
            gapPercent: mark.map { Double(objective - $0) / Double(max(1, originalCost)) * 100 },
            violation: check.violation(of: assignment),
            movedProcesses: zip(assignment, instance.start).count { $0 != $1 },
            seconds: (clock.now - start) / .seconds(1), steps: steps)
        return (row, assignment)
    }
}

/// A deadline by the wall clock.
struct TimeBudget: SearchBudget {
    private let seconds: Double
    private let start: ContinuousClock.Instant
    private let clock: ContinuousClock

    init(seconds: Double, since start: ContinuousClock.Instant, _ clock: ContinuousClock) {
        self.seconds = seconds
        self.start = start
        self.clock = clock
    }

    mutating func used(after steps: Int) -> Double { (clock.now - start) / .seconds(1) / max(seconds, 1e-9) }
}
