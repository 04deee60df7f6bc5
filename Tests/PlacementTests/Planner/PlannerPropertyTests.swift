import FleetModel
import Placement
import Testing

/// SplitMix64: the same fleets for the same seed on every machine.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}

@Suite("What holds for every fleet")
struct PlannerPropertyTests {
    private static let limits = PlannerLimits(maximumMoves: 4, hostReserve: .gibibytes(1))

    /// A fleet whose host `a` is hot; some figures are unknown, some impossible.
    private static func fleet(seed: UInt64, hosts: Int, machines: Int) -> [PlacementHost] {
        var random = SeededGenerator(seed: seed)
        var number = 0
        return (0..<hosts).map { index in
            let processors = [4, 8, 16].randomElement(using: &random) ?? 8
            var left = Double(processors) * (index == 0 ? 0.97 : Double.random(in: 0.05...0.7, using: &random))
            let own = left
            let placed: [PlacementVM] = (0..<Int.random(in: 0...machines, using: &random)).map { _ in
                number += 1
                let use = Double.random(in: 0...max(0.01, left / 2), using: &random)
                left = max(0, left - use)
                let odd = Int.random(in: 0..<20, using: &random)
                return Fleets.machine(
                    number, use: odd == 0 ? nil : odd == 1 ? .nan : use, gib: Int64.random(in: 1...8, using: &random),
                    resident: odd == 2 ? .some(nil) : .none, immovable: odd == 3 ? "pinned" : nil)
            }
            let odd = Int.random(in: 0..<15, using: &random)
            return Fleets.host(
                index == 0 ? "a" : "h\(index)", processors: processors,
                use: index > 0 && odd == 0 ? nil : own / Double(processors), gib: 64, placed,
                unavailable: index > 0 && odd == 1 ? "drained" : nil)
        }
    }

    private func outcome(_ hosts: [PlacementHost], limits: PlannerLimits = limits) -> PlanOutcome {
        Planner(limits: limits).plan(
            .relieveHost(Fleets.hostName("a"), resource: .processor, target: 0.6), on: Fleets.snapshot(hosts))
    }

    @Test("no plan breaks a limit at any prefix, and the re-check agrees with it")
    func limitsAtEveryPrefix() throws {
        var plans = 0
        for seed in UInt64(0)..<400 {
            let hosts = Self.fleet(seed: seed, hosts: 5, machines: 12)
            guard let plan = outcome(hosts).plan else { continue }
            plans += 1
            var ledger = Ledger(hosts)
            for action in plan.actions {
                let snapshot = Fleets.snapshot(hosts)
                let objection = Planner(limits: Self.limits).objection(to: action, on: snapshot, automatic: true)
                #expect(objection == nil || action.after?.isEmpty == false, "seed \(seed)")
                let touched = try ledger.apply(action)
                #expect(ledger.isWithin(Self.limits, touched), "seed \(seed)")
            }
            #expect(plan.actions.count <= Self.limits.maximumMoves)
            #expect(ledger.share("a") <= 0.6 + 1e-6, "seed \(seed)")
        }
        #expect(plans > 100)
    }

    @Test("the order in which hosts and VMs are listed changes nothing, and twice gives the same")
    func determinism() {
        for seed in UInt64(0)..<60 {
            let hosts = Self.fleet(seed: seed, hosts: 5, machines: 12)
            let shuffled = hosts.reversed().map { host in
                var host = host
                host.virtualMachines.reverse()
                return host
            }
            #expect(outcome(hosts) == outcome(shuffled), "seed \(seed)")
        }
    }

    @Test("on tiny fleets trying everything finds no plan with fewer moves, and none where the planner finds none")
    func bruteForce() {
        var sizes: [Int: Int] = [:]
        for seed in UInt64(1000)..<1300 {
            let hosts = Self.fleet(seed: seed, hosts: 3, machines: 6)
            let expected = BruteForce(hosts: hosts, limits: Self.limits).fewestMoves(target: 0.6)
            let found = outcome(hosts).plan
            // Where no VM of the host finds room as things are, others may make some first.
            let isChained = found?.actions.contains { $0.origin != Fleets.hostName("a") } ?? false
            if !isChained { #expect(found?.actions.count == expected, "seed \(seed)") }
            if isChained { #expect(expected == nil, "seed \(seed)") }
            sizes[expected ?? 0, default: 0] += 1
        }
        #expect(sizes.keys.count >= 3, "the fleets are too much alike: \(sizes)")
    }

    @Test("a crowded host of a large cluster is relieved within the budget of steps")
    func crowded() {
        let machines = (1...120).map { Fleets.machine($0, use: 0.5 + Double($0 % 7) / 100, gib: Int64(1 + $0 % 5)) }
        let full = Fleets.host("a", processors: 64, use: 1, gib: 1024, machines)
        let others = (0..<40).map { Fleets.host("h\($0)", processors: 64, use: 0.7, gib: 64) }
        let found = outcome([full] + others, limits: PlannerLimits(maximumMoves: 60))
        #expect((found.plan?.actions.count ?? 0) > 3)
    }

    @Test("a fleet of which nothing is known, an empty one, and one of a single giant VM come to a reason")
    func pathological() {
        let unknown = (0..<4).map { Fleets.host($0 == 0 ? "a" : "h\($0)", use: nil, available: .some(nil)) }
        #expect(outcome(unknown).reason != nil)
        #expect(outcome([]).reason != nil)
        let giant = Fleets.host("a", use: 1, gib: 64, [Fleets.machine(1, use: 8, gib: 60)])
        #expect(outcome([giant, Fleets.host("b", use: 0)]).reason != nil)
        #expect(outcome([Fleets.host("a", processors: 0, use: 1), Fleets.host("b", use: 0)]).reason != nil)
        #expect(outcome([Fleets.host("a", use: .nan, [Fleets.machine(1, use: .infinity)])]).reason != nil)
    }
}
