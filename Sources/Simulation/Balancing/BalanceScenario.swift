import Placement

/// A made-up fleet under real loads: the balancing benchmark "PLB". VM j runs trace j mod n, rotated by 37 x (j div n)
/// steps; hosts are of two classes, 0.8 and 1.2 of the mean; the fleet's mean processor use is 60 %, 75 % of its memory
/// is used, at most 92 % of a host's. One in ten VMs is in an anti-affinity group of three, 2 % in pairs that stay
/// together, 3 % are pinned. Placement at the start fits memory and rules and is blind to load.
public struct BalanceScenario: Sendable {
    /// Seconds of a step.
    public static let stepSeconds = 300.0
    /// Bytes that a move copies in a second, in MiB.
    static let copyMebibytesPerSecond = 1024.0
    /// What a move costs on both ends while it lasts, as a share of the VM's own processor time.
    static let moveOverhead = 0.1
    /// Most moves at a time that a host takes part in.
    static let movesAtATime = 2

    /// How many steps there are.
    public let steps: Int
    /// Thousandths of a logical processor of each host.
    let processors: [Int64]
    /// MiB of each host.
    let memory: [Int64]
    let virtualProcessors: [Int64]
    let machineMemory: [Int64]
    let start: [Int]
    let apart: [[Int]]
    let together: [[Int]]
    let pinned: Set<Int>
    private let traces: [[UInt8]]

    /// A fleet of that size; `traces` are percent of a VM's virtual processors, a value a step.
    public init(hosts: Int, machines: Int, traces days: [[UInt8]], seed: UInt64) throws {
        guard hosts > 1, machines > 0, let steps = days.map(\.count).min(), steps > 0 else {
            throw BalanceError.noFleet(hosts: hosts, machines: machines, traces: days.count)
        }
        self.steps = steps
        var generator = SeededGenerator(seed: seed)
        traces = days.shuffled(using: &generator)
        var sizes: [Int64] = []
        var memories: [Int64] = []
        for _ in 0..<machines {
            let size = Self.pick([(1, 0.35), (2, 0.35), (4, 0.2), (8, 0.1)], &generator)
            sizes.append(size)
            memories.append(size * Self.pick([(2, 0.4), (4, 0.4), (8, 0.2)], &generator) * 1024)
        }
        virtualProcessors = sizes
        machineMemory = memories
        var members = Array(0..<machines).shuffled(using: &generator)
        apart = Self.groups(of: 3, count: machines / 30, from: &members)
        together = Self.groups(of: 2, count: machines / 100, from: &members)
        pinned = Set(members.prefix(machines * 3 / 100))
        let traces = traces
        let demand = { (machine: Int, step: Int) in Self.demand(traces, sizes[machine], machine, step, steps) }
        var total = 0.0
        for machine in 0..<machines { for step in 0..<steps { total += Double(demand(machine, step)) } }
        let meanProcessor = total / Double(steps) / 0.6 / Double(hosts)
        let meanMemory = Double(memories.reduce(0, +)) / 0.75 / Double(hosts)
        let classes = (0..<hosts).map { $0.isMultiple(of: 2) ? 0.8 : 1.2 }
        let scale = Double(hosts) / classes.reduce(0, +)
        processors = classes.map { Int64(($0 * scale * meanProcessor).rounded()) }
        memory = classes.map { Int64(($0 * scale * meanMemory).rounded()) }
        start = try Self.place(
            memories, memory, apart: apart, together: together, using: &generator)
    }

    private static func pick(_ choices: [(Int64, Double)], _ generator: inout SeededGenerator) -> Int64 {
        var left = Double.random(in: 0..<1, using: &generator)
        for (value, share) in choices {
            left -= share
            if left < 0 { return value }
        }
        return choices[choices.count - 1].0
    }

    private static func groups(of size: Int, count: Int, from members: inout [Int]) -> [[Int]] {
        defer { members.removeFirst(size * count) }
        return (0..<count).map { Array(members[($0 * size)..<($0 * size + size)]) }
    }

    /// Units (VMs that stay together are one) by size, each on a random host that has room and no rival.
    private static func place(
        _ memories: [Int64], _ rooms: [Int64], apart: [[Int]], together: [[Int]],
        using generator: inout SeededGenerator
    ) throws -> [Int] {
        var rivals: [Int: [Int]] = [:]
        for group in apart { for member in group { rivals[member] = group } }
        var places = [Int](repeating: -1, count: memories.count)
        var free = rooms.map { $0 * 92 / 100 }
        let paired = Set(together.flatMap(\.self))
        var units = together + memories.indices.filter { !paired.contains($0) }.map { [$0] }
        units.shuffle(using: &generator)
        let size = { (unit: [Int]) in unit.reduce(0) { $0 + memories[$1] } }
        // The largest first, in coarse classes, so that the order stays random and all of them fit.
        units.sort { size($0) >> 14 > size($1) >> 14 }
        for unit in units {
            let need = size(unit)
            let barred = (rivals[unit[0]] ?? []).map { places[$0] }
            let hosts = rooms.indices.filter { free[$0] >= need && !barred.contains($0) }
            guard let host = hosts.randomElement(using: &generator) else { throw BalanceError.noRoom }
            free[host] -= need
            for machine in unit { places[machine] = host }
        }
        return places
    }

    private static func demand(
        _ traces: [[UInt8]], _ size: Int64, _ machine: Int, _ step: Int, _ steps: Int
    ) -> Int64 {
        let trace = traces[machine % traces.count]
        return size * 10 * Int64(trace[(step + 37 * (machine / traces.count)) % steps])
    }

    /// Thousandths of a logical processor that a VM wants at a step.
    func demand(of machine: Int, at step: Int) -> Int64 {
        Self.demand(traces, virtualProcessors[machine], machine, step, steps)
    }

    /// The fleet as the planner sees it at the start, with nothing known of loads.
    func fleet() -> DenseFleet {
        DenseFleet(
            hosts: processors.indices.map { DenseFleet.Host(processor: processors[$0], room: [memory[$0]]) },
            machines: start.indices.map { machine in
                DenseFleet.Machine(
                    host: start[machine], needs: [machineMemory[machine]], load: 0,
                    isMovable: !pinned.contains(machine), allowed: pinned.contains(machine) ? [start[machine]] : nil)
            }, apart: apart, together: together)
    }
}

/// Why there is nothing to balance.
public enum BalanceError: Error, Hashable, CustomStringConvertible {
    /// Too few hosts, VMs or traces.
    case noFleet(hosts: Int, machines: Int, traces: Int)
    /// The VMs do not fit on the hosts.
    case noRoom
    /// A file of a trace is none.
    case trace(String)

    /// What is wrong, for a person.
    public var description: String {
        switch self {
        case .noFleet(let hosts, let machines, let traces):
            "\(hosts) hosts, \(machines) VMs and \(traces) traces are no fleet to balance"
        case .noRoom: "the VMs do not fit on the hosts under the rules"
        case .trace(let reason): reason
        }
    }
}
