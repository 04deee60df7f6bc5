import FleetModel
import Placement
import Testing

/// Relief of a cluster to a target below the ceiling that hosts keep to anyway.
@Suite("A cluster's target below the ceiling")
struct ClusterTargetTests {
    private static let processors = 16.0

    private static func host(_ number: Int, _ uses: [Double], own: Double = 0.3) -> PlacementHost {
        let machines = uses.enumerated().map { Fleets.machine(number * 10 + $0.offset + 1, use: $0.element) }
        let use = (uses.reduce(0, +) + own) / processors
        return Fleets.host("h\(number)", processors: Int(processors), use: use, gib: 128, machines)
    }

    /// What each host wants after the steps that are made: all but the failed one and those that wait for it.
    private static func loads(_ fleet: [PlacementHost], _ actions: [PlannedAction], failing failed: Int? = nil)
        -> [HostName: Double]
    {
        var loads = Dictionary(uniqueKeysWithValues: fleet.map { ($0.name, ($0.processorUse ?? 0) * processors) })
        var done: Set<Int> = []
        for (place, action) in actions.enumerated() where place != failed && done.isSuperset(of: action.after ?? []) {
            guard case .migrate(let id, let from, let to) = action.kind,
                let use = fleet.lazy.flatMap(\.virtualMachines).first(where: { $0.id == id })?.processorUse
            else { continue }
            loads[from, default: 0] -= use
            loads[to, default: 0] += use
            done.insert(place)
        }
        return loads
    }

    private static func plan(_ fleet: [PlacementHost], _ target: Double) -> PlanOutcome {
        Planner().plan(.relieveCluster(Fleets.cluster, target: target), on: Fleets.snapshot(fleet))
    }

    @Test("is kept to by those that take VMs as well: one of them gives a small VM on")
    func receiverKeepsToIt() throws {
        let fleet = [
            Self.host(1, Array(repeating: 1.5, count: 7)), Self.host(2, Array(repeating: 1.7, count: 6)),
            Self.host(3, Array(repeating: 1.7, count: 6)), Self.host(4, Array(repeating: 1.5, count: 8)),
            Self.host(5, [0.5, 0.5, 0.5]),
        ]
        let plan = try #require(Self.plan(fleet, 0.6).plan)
        let after = Self.loads(fleet, plan.actions)
        #expect(after.values.allSatisfy { $0 <= 0.6 * Self.processors + 1e-6 }, "\(after), \(plan.explanation)")
        #expect(plan.explanation.contains("fewer than 5 cannot"))
    }

    @Test("counts in words only hosts that were over it")
    func words() throws {
        let fleet = [Self.host(1, [6, 6]), Self.host(2, [11.5], own: 0.1), Self.host(3, [4.5])]
        let plan = try #require(Self.plan(fleet, 0.7).plan)
        #expect(
            plan.explanation
                == "1 move relieves 1 of the 2 hosts of cluster c that are over 70 %. h2 would still be over it: no move "
                + "was found that helps.")
    }

    /// Hosts over the target give their largest VM that fits to the coolest host, as long as there are any.
    private static func isReachedSimply(_ fleet: [PlacementHost], _ target: Double, moves most: Int) -> Bool {
        let limit = target * processors - 0.01
        var loads = fleet.map { ($0.processorUse ?? 0) * processors }
        var left = fleet.map { $0.virtualMachines.map { $0.processorUse ?? 0 }.sorted(by: >) }
        for _ in 0..<most {
            guard let hot = loads.indices.filter({ loads[$0] > limit }).max(by: { loads[$0] < loads[$1] }) else {
                break
            }
            guard let cool = loads.indices.filter({ $0 != hot }).min(by: { loads[$0] < loads[$1] }),
                let place = left[hot].firstIndex(where: { $0 + loads[cool] <= limit })
            else { return false }
            let use = left[hot].remove(at: place)
            loads[hot] -= use
            loads[cool] += use
        }
        return loads.allSatisfy { $0 <= limit }
    }

    @Test("no step brings a host above it, whichever fails, and what simple moves reach the planner reaches")
    func randomFleets() {
        var reached = 0
        for seed in UInt64(0)..<150 {
            var random = SeededGenerator(seed: seed)
            let fleet = (1...Int.random(in: 3...6, using: &random)).map { number in
                let uses = (0..<Int.random(in: 1...6, using: &random)).map { _ in
                    Double(Int.random(in: 200...2500, using: &random)) / 1000
                }
                return Self.host(number, uses)
            }
            let target = Double(Int.random(in: 35...70, using: &random)) / 100
            let outcome = Self.plan(fleet, target)
            let actions = outcome.plan?.actions ?? []
            let before = Self.loads(fleet, [])
            let limit = target * Self.processors + 1e-6
            for length in 0...actions.count {
                for failed in [nil] + (0..<length).map(Optional.some) {
                    let after = Self.loads(fleet, Array(actions.prefix(length)), failing: failed)
                    let risen = after.filter { $0.value > max(limit, (before[$0.key] ?? 0) + 1e-6) }
                    #expect(risen.isEmpty, "seed \(seed), target \(target): \(risen)")
                }
            }
            guard Self.isReachedSimply(fleet, target, moves: PlannerLimits().maximumMoves) else { continue }
            if !actions.isEmpty { reached += 1 }
            let after = Self.loads(fleet, actions)
            #expect(after.values.allSatisfy { $0 <= limit }, "seed \(seed), target \(target): \(after)")
        }
        #expect(reached > 20)
    }
}
