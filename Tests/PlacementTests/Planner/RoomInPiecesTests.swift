import FleetModel
import Testing

@testable import Placement

/// Clusters of which nearly every host is nearly full, and which must be able to lose one: most moves are refused.
@Suite("Fleets whose room is in pieces")
struct RoomInPiecesTests {
    private let limits = PlannerLimits(memoryCeiling: 1)

    /// Every 19th host has `free` GiB, the others 3.
    private static func picture(_ count: Int, free: Int64) -> FleetSnapshot {
        var random = SeededGenerator(seed: 11)
        var number = 0
        let hosts = (0..<count).map { place in
            let machines = (0..<20).map { _ in
                number += 1
                return Fleets.machine(
                    number, use: Double.random(in: 0.2...4, using: &random),
                    gib: Int64.random(in: 5...9, using: &random),
                    processors: 8)
            }
            let use = machines.reduce(0.0) { $0 + ($1.processorUse ?? 0) } / 64
            let memory = machines.reduce(Int64(0)) { $0 + ($1.memory.count >> 30) }
            return Fleets.host(
                "h\(1000 + place)", processors: 64, use: min(1, use), gib: memory + (place % 19 == 0 ? free : 3),
                machines)
        }
        return FleetSnapshot(version: 1, time: Fleets.time, hosts: hosts, reserve: 1)
    }

    private func hottest(_ fleet: FleetSnapshot) -> HostName? {
        fleet.hosts.max { ($0.processorUse ?? 0) < ($1.processorUse ?? 0) }?.name
    }

    @Test("a relief that cannot be had is given up after a number of tries, says so, and is the same each time")
    func unreachable() throws {
        let fleet = Self.picture(120, free: 11)
        let hot = try #require(hottest(fleet))
        let request = PlanRequest.relieveHost(hot, resource: .processor, target: 0.5)
        let outcome = Planner(limits: limits).plan(request, on: fleet)
        guard case .impossible(let reason, _) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(reason.contains("The search was cut short"), "\(reason)")
        #expect(outcome == Planner(limits: limits).plan(request, on: fleet))
    }

    @Test("one that can be had is found all the same, and not called cut")
    func reachable() throws {
        let fleet = Self.picture(60, free: 200)
        let hot = try #require(hottest(fleet))
        let target = (fleet.host(hot)?.processorUse ?? 0) - 0.05
        let plan = Planner(limits: limits).plan(.relieveHost(hot, resource: .processor, target: target), on: fleet).plan
        #expect(plan?.actions.count == 1, "\(String(describing: plan?.explanation))")
        #expect(plan?.explanation.contains("cut short") == false)
    }

    @Test("no search tries more moves than its books allow, and every number of moves is given a share of them")
    func tries() throws {
        let fleet = Self.picture(60, free: 11)
        let hot = try #require(hottest(fleet))
        var prepared = Planner(limits: limits).prepare(fleet)
        let cluster = prepared.cluster(Fleets.cluster)
        let host = try #require(cluster.compiled.places[hot])
        let dense = cluster.present
        let members = cluster.books.members(of: host, dense).map {
            ReliefCandidate($0, relief: Double(dense.loads[$0]))
        }
        var books = cluster.books
        books.tries = 100
        let reliever = Reliever(ceiling: 0.75, maximumMoves: 8)
        let need = Double(books.loads[host]) / 4
        let moves = reliever.choose(dense, host, need: need, members, &books)
        #expect(moves == nil)
        #expect(books.isCut && books.tries >= 0 && books.tries <= 100)
        var spent = cluster.books
        spent.tries = 0
        let isTaken = spent.take(DenseMove(machine: members[0].machine, from: host, to: 0), dense)
        #expect(!isTaken)
        let chains = ReliefChains(fleet: dense, host: host, maximumMoves: 8) { _ in true }
        let chained = chains.moves(need: need, members, &spent)
        #expect(chained == nil)
        let units = EvacuationUnit.units(of: members.map(\.machine), on: host, dense) { _ in 0 }
        #expect(Emptying(fleet: dense, host: host, units: units).best(spent).isCut)
    }
}
