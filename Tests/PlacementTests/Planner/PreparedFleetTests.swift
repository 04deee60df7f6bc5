import FleetModel
import Placement
import Testing

@Suite("A picture that is prepared once for many plans")
struct PreparedFleetTests {
    private static let planner = Planner(limits: PlannerLimits(processorCeiling: 0.8, maximumMoves: 16))
    private static let other = ClusterName("d") ?? Fleets.cluster

    private static let requests: [PlanRequest] = [
        .relieveHost(Fleets.hostName("h0"), resource: .processor, target: 0.6),
        .evacuateHost(Fleets.hostName("h1")), .relieveCluster(other, target: 0.6),
        .balanceCluster(Fleets.cluster, aggressiveness: 4), .consolidateCluster(other),
        .migrate(Fleets.id(3), to: Fleets.hostName("h2")),
    ]

    /// Two clusters of four hosts.
    private static func hosts(_ random: inout SeededGenerator) -> [PlacementHost] {
        (0..<8).map { place in
            let machines = (0..<3).map { index in
                Fleets.machine(
                    place * 3 + index + 1, use: Double.random(in: 0.1...2, using: &random),
                    gib: Int64.random(in: 1...8, using: &random))
            }
            let use = machines.reduce(0) { $0 + ($1.processorUse ?? 0) } / 8
            return Fleets.host(
                "h\(place)", use: min(1, use + 0.05), gib: 40, machines, cluster: place < 4 ? Fleets.cluster : other)
        }
    }

    /// Something happens to the fleet; one time in four nothing does but the passing of time.
    private static func change(
        _ hosts: inout [PlacementHost], _ rules: inout [PlacementRule], _ random: inout SeededGenerator
    ) {
        let place = Int.random(in: 0..<hosts.count, using: &random)
        switch Int.random(in: 0..<8, using: &random) {
        case 0: hosts[place].processorUse = Double.random(in: 0...1, using: &random)
        case 1: hosts[place].unavailableReason = hosts[place].unavailableReason == nil ? "drained" : nil
        case 2: hosts[place].virtualMachines = Array(hosts[place].virtualMachines.dropFirst())
        case 3:
            guard let machine = hosts[place].virtualMachines.popLast() else { return }
            let first = place < 4 ? 0 : 4
            hosts[Int.random(in: first..<(first + 4), using: &random)].virtualMachines.append(machine)
        case 4:
            let group = [1, 2].map { Fleets.id(Int.random(in: ($0 * 12 - 11)...($0 * 12), using: &random)) }
            rules = rules.isEmpty ? [.apart(group), .together([Fleets.id(13), Fleets.id(14)])] : []
        case 5: hosts[place].lastMoved = hosts[place].lastMoved == nil ? Fleets.time - .seconds(300) : nil
        default: return
        }
    }

    @Test("after any changes, what was kept of the picture before gives the same plans as one that is made anew")
    func keptIsFresh() {
        for seed in UInt64(0)..<12 {
            var random = SeededGenerator(seed: seed)
            var hosts = Self.hosts(&random)
            var rules: [PlacementRule] = []
            var kept: PreparedFleet?
            for step in 0..<24 {
                Self.change(&hosts, &rules, &random)
                let snapshot = FleetSnapshot(
                    version: Int64(step), time: Fleets.time + .seconds(100 * step), hosts: hosts, rules: rules,
                    reserve: Int(seed % 3 == 0 ? 1 : 0))
                var next = Self.planner.prepare(snapshot, keeping: kept)
                for request in Self.requests {
                    #expect(
                        Self.planner.plan(request, on: &next) == Self.planner.plan(request, on: snapshot),
                        "seed \(seed), step \(step), \(request)")
                }
                kept = next
            }
        }
    }

    @Test("plans do not depend on what was asked of the picture before, and the re-check neither")
    func orderDoesNotMatter() {
        var random = SeededGenerator(seed: 5)
        let snapshot = FleetSnapshot(version: 1, time: Fleets.time, hosts: Self.hosts(&random), reserve: 1)
        var shared = Self.planner.prepare(snapshot)
        for request in Self.requests + Self.requests.reversed() {
            let fresh = Self.planner.plan(request, on: snapshot)
            #expect(Self.planner.plan(request, on: &shared) == fresh)
            for action in fresh.plan?.actions ?? [] {
                #expect(
                    Self.planner.objection(to: action, on: &shared, automatic: true)
                        == Self.planner.objection(to: action, on: snapshot, automatic: true))
            }
        }
    }

    @Test("a plan leaves its room to what other plans mean to do, as long as it finds enough elsewhere")
    func expectations() throws {
        let hot = { (name: String, first: Int) in
            Fleets.host(name, use: 0.9, [Fleets.machine(first, use: 3), Fleets.machine(first + 1, use: 3)])
        }
        let request = { PlanRequest.relieveHost(Fleets.hostName($0), resource: .processor, target: 0.6) }
        let b = Fleets.host("b", use: 0.2)
        var fleet = Self.planner.prepare(Fleets.snapshot([hot("a", 1), hot("x", 3), b, Fleets.host("c", use: 0.3)]))
        let first = Self.planner.plan(request("a"), on: &fleet)
        #expect(first.moves == ["vm-1>b"])
        #expect(Self.planner.plan(request("x"), on: &fleet).moves == ["vm-3>b"])
        fleet.expect(try #require(first.plan).actions)
        #expect(Self.planner.plan(request("x"), on: &fleet).moves == ["vm-3>c"])

        var narrow = Self.planner.prepare(Fleets.snapshot([hot("a", 1), hot("x", 3), b]))
        narrow.expect(try #require(first.plan).actions)
        #expect(
            Self.planner.plan(request("x"), on: &narrow).moves == ["vm-3>b"], "what is only meant bars nobody for good")
    }
}
