import FleetModel
import Placement
import Testing

/// Random fleets with rules, and what holds for the plans of every request.
@Suite("Whatever is asked, and whichever step fails")
struct AnyStepFailsTests {
    private static let limits = PlannerLimits(processorCeiling: 0.8, maximumMoves: 40)

    /// Five hosts in two racks, with rules about some of the VMs, by seed.
    private static func snapshot(_ seed: UInt64, scale: Double = 1, name: (Int) -> String = { "h\($0)" })
        -> FleetSnapshot
    {
        var random = SeededGenerator(seed: seed)
        var number = 0
        let hosts = (0..<5).map { index in
            let wanted = Double.random(in: 0.1...0.98, using: &random)
            var left = wanted * 8
            let machines = (0..<Int.random(in: 1...6, using: &random)).map { _ in
                number += 1
                let use = Double.random(in: 0...(left / 2), using: &random)
                left -= use
                return Fleets.machine(
                    number, use: use * scale, gib: Int64.random(in: 1...10, using: &random),
                    processors: Int.random(in: 1...8, using: &random))
            }
            var host = Fleets.host(name(index), processors: Int(8 * scale), use: wanted, gib: 48, machines)
            host.traits.failureDomain = index < 3 ? "1" : "2"
            return host
        }
        let ids = (1...max(1, number)).map(Fleets.id)
        let rules: [PlacementRule] = [
            .apart(Array(ids.prefix(3))), .spread(Array(ids.dropFirst(3).prefix(3)), domains: 2),
            .together(Array(ids.dropFirst(6).prefix(2))), .never(ids[number - 1], on: [Fleets.hostName(name(0))]),
        ]
        return FleetSnapshot(
            version: 1, time: Fleets.time, hosts: hosts, rules: rules, reserve: Int.random(in: 0...1, using: &random))
    }

    private static func requests(_ name: (Int) -> String = { "h\($0)" }) -> [PlanRequest] {
        [
            .relieveHost(Fleets.hostName(name(1)), resource: .processor, target: 0.6),
            .relieveCluster(Fleets.cluster, target: 0.7), .balanceCluster(Fleets.cluster, aggressiveness: 5),
            .evacuateHost(Fleets.hostName(name(2))), .drainHost(Fleets.hostName(name(2))),
            .consolidateCluster(Fleets.cluster),
        ]
    }

    @Test("no plan breaks a rule, memory or a ceiling, at any prefix and with any one step failed")
    func everyPrefixAndFailure() {
        var plans = 0
        for seed in UInt64(0)..<120 {
            let snapshot = Self.snapshot(seed)
            for request in Self.requests() {
                guard let plan = Planner(limits: Self.limits).plan(request, on: snapshot).plan else { continue }
                plans += 1
                for failed in [nil] + plan.actions.indices.map(Optional.some) {
                    var account = Account(snapshot, Self.limits)
                    let broken = account.firstBroken(by: plan, failing: failed)
                    #expect(broken == nil, "seed \(seed), \(request), failed step \(failed ?? -1)")
                }
            }
        }
        #expect(plans > 150)
    }

    @Test("the same input gives the same plan")
    func determinism() {
        for seed in UInt64(0)..<20 {
            for request in Self.requests() {
                let planner = Planner(limits: Self.limits)
                #expect(
                    planner.plan(request, on: Self.snapshot(seed)) == planner.plan(request, on: Self.snapshot(seed)))
            }
        }
    }

    @Test("other names in the same order, or hosts and demands twice as large, lead to the same moves")
    func metamorphic() {
        let other = { (index: Int) in "node-\(index)" }
        for seed in UInt64(0)..<40 {
            for (request, renamed) in zip(Self.requests(), Self.requests(other)) {
                let planner = Planner(limits: Self.limits)
                let moves = planner.plan(request, on: Self.snapshot(seed)).moves
                let same = planner.plan(renamed, on: Self.snapshot(seed, name: other)).moves
                #expect(same == moves.map { $0.replacing(">h", with: ">node-") }, "seed \(seed), \(request)")
                if case .relieveHost = request {
                    #expect(planner.plan(request, on: Self.snapshot(seed, scale: 2)).moves.count == moves.count)
                }
            }
        }
    }

    @Test("fleets that are nothing, full or absurd come to a reason or to nothing, never to a crash")
    func pathological() {
        let zero = Fleets.host("h1", processors: 0, use: 0, gib: 0, [Fleets.machine(1, use: 1)])
        let absurd = Fleets.host("h2", use: .nan, gib: 64, [Fleets.machine(2, use: .infinity, gib: .max >> 30)])
        let giant = Fleets.host("h1", use: 0.99, gib: 64, [Fleets.machine(3, use: 8, gib: 64, processors: .max)])
        let pinned = (0..<4).map { Fleets.host("h\($0)", use: 0.9, [Fleets.machine($0 + 1, use: 7, immovable: "so")]) }
        let full = (0..<4).map {
            Fleets.host("h\($0)", use: $0 == 0 ? 0.95 : 0.5, gib: 64, [Fleets.machine($0 + 1, use: 4, gib: 62)])
        }
        for fleet in [[], [zero], [zero, absurd], [giant, Fleets.host("h2", use: 0)], pinned, full] {
            for reserve in 0...3 {
                let snapshot = FleetSnapshot(version: 1, time: Fleets.time, hosts: fleet, reserve: reserve)
                for request in Self.requests() {
                    #expect(Planner().plan(request, on: snapshot).moves.isEmpty)
                }
                _ = Planner().sizeAdvice(on: snapshot)
                _ = Planner().restart(of: Fleets.hostName("h1"), on: snapshot)
            }
        }
    }
}

/// A plain account of where VMs are and what is held, to hold plans to. A VM that moves counts on both sides.
private struct Account {
    private let snapshot: FleetSnapshot
    private let limits: PlannerLimits
    private var homes: [VirtualMachineID: HostName] = [:]
    private var machines: [VirtualMachineID: PlacementVM] = [:]

    init(_ snapshot: FleetSnapshot, _ limits: PlannerLimits) {
        self.snapshot = snapshot
        self.limits = limits
        for host in snapshot.hosts {
            for machine in host.virtualMachines {
                homes[machine.id] = host.name
                machines[machine.id] = machine
            }
        }
    }

    /// What the plan breaks when one of its steps, and all that wait for it, are not made.
    mutating func firstBroken(by plan: Plan, failing failed: Int?) -> String? {
        let before = (0..<snapshot.rules.count).map { isBroken(snapshot.rules[$0], homes) }
        let groups = plan.actions.compactMap { action in
            action.companions.map { Set($0).union([action.virtualMachine].compactMap(\.self)) }
        }
        var skipped: Set<Int> = []
        for (place, action) in plan.actions.enumerated() {
            guard case .migrate(let id, _, let to) = action.kind else { return "not a move" }
            let waits = (action.after ?? []).contains(where: skipped.contains)
            if place == failed || waits {
                skipped.insert(place)
                continue
            }
            if let reason = excess(on: to, with: id) { return "step \(place): \(reason)" }
            homes[id] = to
            // VMs that must share a host are apart while the group is on its way, and where one of them fails.
            for (rule, wasBroken) in zip(snapshot.rules, before) where !wasBroken && isBroken(rule, homes) {
                if case .together(let mates) = rule, groups.contains(where: { $0.isSuperset(of: mates) }) { continue }
                return "step \(place): \(rule)"
            }
        }
        return nil
    }

    private func excess(on name: HostName, with arriving: VirtualMachineID) -> String? {
        guard let host = snapshot.host(name) else { return "no such host" }
        let there = homes.filter { $0.value == name && $0.key != arriving }.map(\.key) + [arriving]
        let memory = there.reduce(0) { $0 + (machines[$1]?.memory.count ?? 0) }
        if memory > host.memory.count { return "\(name) would hold \(memory) bytes" }
        // What the host does beside its VMs stays.
        let own =
            (host.processorUse ?? 0) * Double(host.logicalProcessors)
            - host.virtualMachines.reduce(0) { $0 + ($1.processorUse ?? 0) }
        let wanted = max(0, own) + there.reduce(0) { $0 + (machines[$1]?.processorUse ?? 0) }
        let limit = limits.processorCeiling * Double(host.logicalProcessors)
        // A host that is saturated makes its VMs want more than they show: 15 % at most.
        return wanted > limit + 1e-6 ? "\(name) would be wanted \(wanted) of \(limit)" : nil
    }

    private func isBroken(_ rule: PlacementRule, _ homes: [VirtualMachineID: HostName]) -> Bool {
        switch rule {
        case .apart(let group): Set(group.compactMap { homes[$0] }).count < group.count
        case .together(let group): Set(group.compactMap { homes[$0] }).count > 1
        case .only(let id, let hosts): !(homes[id].map(hosts.contains) ?? true)
        case .never(let id, let hosts): homes[id].map(hosts.contains) ?? false
        case .spread(let group, let domains, _):
            Set(group.compactMap { homes[$0] }.compactMap { snapshot.host($0)?.traits.failureDomain }).count < domains
        }
    }
}
