import Placement

/// What planning costs at different sizes of the fleet, on the benchmark's own fleets under made-up loads.
public struct PlanSpeed: Sendable {
    /// Milliseconds at one size.
    public struct Row: Sendable, Hashable, Codable {
        /// Hosts of the fleet.
        public let hosts: Int
        /// VMs of the fleet.
        public let machines: Int
        /// The reserve of one host, from cold.
        public let reserveMilliseconds: Double
        /// Whether it holds.
        public let reserveHolds: Bool
        /// Relief of the hottest host, with fleet and reserve warm.
        public let reliefMilliseconds: Double
        /// Moves of the relief.
        public let reliefMoves: Int
        /// Balance of the whole fleet, with fleet and reserve warm.
        public let balanceMilliseconds: Double
        /// Moves of the balance.
        public let balanceMoves: Int
        /// Memory that the fleet, its reserve's proofs and a balancing's own state take, for each VM; `nil` where the
        /// system does not say.
        public let bytesPerMachine: Double?
    }

    private let traces: [[UInt8]]

    /// A measurement; each VM has a level of its own and some noise.
    public init(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        traces = (0..<1000).map { _ in
            let level = Double.random(in: 0...1, using: &generator)
            let mean = 90 * level * level
            return (0..<8).map { _ in
                UInt8(max(0, min(100, mean + Double.random(in: -10...10, using: &generator))))
            }
        }
    }

    /// Measures one size; `clock` says milliseconds, `memory` what the process holds in bytes, if that is known.
    public func measure(
        hosts: Int, machines: Int, clock: () -> Double, memory: () -> Double? = { nil }
    ) throws -> Row {
        let scenario = try BalanceScenario(hosts: hosts, machines: machines, traces: traces, seed: 1)
        let before = memory()
        var fleet = scenario.fleet()
        for machine in 0..<machines {
            let demand = scenario.demand(of: machine, at: 0)
            fleet.expect(demand, variance: demand * demand / 16, of: machine)
        }
        let started = clock()
        let reserve = ReserveLedger(fleet)
        let proved = clock()
        let hottest = Self.hottest(fleet)
        let relief = Reliever().plan(fleet, relieving: hottest, reserve: reserve)
        let relieved = clock()
        var ledger: ReserveLedger? = reserve
        let balance = try Balancer(maximumMoves: max(64, machines / 20)).plan(fleet, reserve: &ledger)
        let balanced = clock()
        let grown = memory().flatMap { after in before.map { after - $0 } }
        return Row(
            hosts: hosts, machines: machines, reserveMilliseconds: proved - started, reserveHolds: reserve.holds,
            reliefMilliseconds: relieved - proved, reliefMoves: relief?.count ?? 0,
            balanceMilliseconds: balanced - relieved, balanceMoves: balance.count,
            bytesPerMachine: grown.map { $0 / Double(machines) })
    }

    private static func hottest(_ fleet: DenseFleet) -> Int {
        var loads = fleet.ownLoads
        for machine in 0..<fleet.machines { loads[Int(fleet.places[machine])] += fleet.loads[machine] }
        let shares = loads.indices.map { Double(loads[$0]) / Double(max(1, fleet.processors[$0])) }
        return shares.indices.max { (shares[$0], $1) < (shares[$1], $0) } ?? 0
    }
}
