import Placement

/// Decides at each step which VMs move. It sees the past and the present only.
protocol BalancePolicy {
    /// Its name in tables.
    static var name: String { get }
    /// Looks at the fleet and starts moves.
    mutating func decide(_ world: inout BalanceWorld)
}

/// Leaves everything where it is.
struct NoPolicy: BalancePolicy {
    static let name = "none"
    mutating func decide(_ world: inout BalanceWorld) {}
}

/// The usual script: a host over 80 % sheds VMs, the smallest that suffices or else the largest, to the least loaded
/// host that stays under 80 %, until it is below.
struct ReactivePolicy: BalancePolicy {
    static let name = "reactive"
    private static let threshold = 0.8

    mutating func decide(_ world: inout BalanceWorld) {
        let hosts = world.loads.indices.sorted { (world.share(of: $0), $1) > (world.share(of: $1), $0) }
        for host in hosts where world.share(of: host) > Self.threshold { relieve(host, &world) }
    }

    private func relieve(_ host: Int, _ world: inout BalanceWorld) {
        var tried: Set<Int> = []
        while world.share(of: host) > Self.threshold {
            let excess = world.loads[host] - Int64(Self.threshold * Double(world.scenario.processors[host]))
            let open = world.members[host].filter { !tried.contains($0) && world.demands[$0] > 0 }
            let enough = open.filter { world.demands[$0] >= excess }
            guard
                let machine = enough.min(by: { (world.demands[$0], $0) < (world.demands[$1], $1) })
                    ?? open.max(by: { (world.demands[$0], $1) < (world.demands[$1], $0) })
            else { return }
            tried.insert(machine)
            let demand = world.demands[machine]
            let targets = world.loads.indices.filter {
                world.share(of: $0, with: demand) <= Self.threshold && world.allows(machine, to: $0)
            }.sorted { (world.share(of: $0), $0) < (world.share(of: $1), $1) }
            for target in targets.prefix(5) where world.start(machine, to: target) { break }
        }
    }
}

/// VMware DRS as published (Gulati et al., 2012): while the standard deviation of hosts' use is above a target, the
/// move that lowers it most, from the present loads.
struct DeviationPolicy: BalancePolicy {
    static let name = "drs-like"
    private static let target = 0.1
    private static let mostMoves = 20
    private static let leastGain = 0.0005

    mutating func decide(_ world: inout BalanceWorld) {
        Self.descend(&world, target: Self.target, leastGain: Self.leastGain, mostMoves: Self.mostMoves)
    }

    /// Makes the move that lowers the deviation most, again and again.
    static func descend(_ world: inout BalanceWorld, target: Double, leastGain: Double, mostMoves: Int) {
        var vetoed: Set<DenseMove> = []
        var made = 0
        while made < mostMoves {
            let spread = Spread(world.loads.indices.map(world.share))
            guard spread.deviation > target, let move = best(world, spread, vetoed) else { return }
            guard spread.deviation - move.after >= leastGain else { return }
            if world.start(move.move.machine, to: move.move.to) { made += 1 } else { vetoed.insert(move.move) }
        }
    }

    private static func best(
        _ world: BalanceWorld, _ spread: Spread, _ vetoed: Set<DenseMove>
    ) -> (move: DenseMove, after: Double)? {
        var best: (move: DenseMove, after: Double)?
        for source in world.loads.indices where world.share(of: source) > spread.mean {
            for machine in world.members[source] where world.demands[machine] > 0 {
                let left = world.share(of: source, with: -world.demands[machine])
                for target in world.loads.indices where world.share(of: target) < spread.mean {
                    let after = spread.deviation(
                        changing: world.share(of: source), to: left,
                        and: world.share(of: target), to: world.share(of: target, with: world.demands[machine]))
                    guard after < best?.after ?? spread.deviation, world.allows(machine, to: target) else { continue }
                    let move = DenseMove(machine: machine, from: source, to: target)
                    if !vetoed.contains(move) { best = (move, after) }
                }
            }
        }
        return best
    }
}

/// OpenStack Watcher's workload_stabilization with host_choice `fullsearch`: where the deviation is above 0.2, the move
/// out of all moves that leaves the least, again and again until it is below.
struct StabilizationPolicy: BalancePolicy {
    static let name = "watcher"

    mutating func decide(_ world: inout BalanceWorld) {
        DeviationPolicy.descend(&world, target: 0.2, leastGain: 1e-9, mostMoves: 1000)
    }
}

/// SCVMM's PRO: a host over 75 % gives its busiest VM to the host with the best rating, half free processor and half
/// free memory, one a step.
struct BusiestPolicy: BalancePolicy {
    static let name = "scvmm"

    mutating func decide(_ world: inout BalanceWorld) {
        for host in world.loads.indices where world.share(of: host) > 0.75 {
            let busiest = world.members[host].filter { world.fleet.isMovable[$0] && !world.isMoving($0) }
                .max { (world.demands[$0], $1) < (world.demands[$1], $0) }
            guard let machine = busiest else { continue }
            let rated = world.loads.indices.filter {
                world.share(of: $0, with: world.demands[machine]) < 0.75 && world.allows(machine, to: $0)
            }.sorted { (rating($0, world), $1) > (rating($1, world), $0) }
            for target in rated.prefix(3) where world.start(machine, to: target) { break }
        }
    }

    private func rating(_ host: Int, _ world: BalanceWorld) -> Double {
        (1 - world.share(of: host)) / 2 + Double(world.free(of: host)) / Double(world.scenario.memory[host]) / 2
    }
}

/// Mean and standard deviation, and what they become when two values change.
struct Spread {
    private let count: Double
    private let sum: Double
    private let squares: Double

    init(_ values: [Double]) {
        count = Double(max(1, values.count))
        sum = values.reduce(0, +)
        squares = values.reduce(0) { $0 + $1 * $1 }
    }

    var mean: Double { sum / count }
    var deviation: Double { Self.deviation(sum, squares, count) }

    func deviation(changing first: Double, to newFirst: Double, and second: Double, to newSecond: Double) -> Double {
        Self.deviation(
            sum - first - second + newFirst + newSecond,
            squares - first * first - second * second + newFirst * newFirst + newSecond * newSecond, count)
    }

    private static func deviation(_ sum: Double, _ squares: Double, _ count: Double) -> Double {
        max(0, squares / count - sum / count * (sum / count)).squareRoot()
    }
}
