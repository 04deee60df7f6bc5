import FleetModel
import Placement

extension TinyPacker {
    /// Whether rooms and rules let the VM come to the host, with VMs at `now`.
    func takes(_ machine: Int, on host: Int, _ now: [Int]) -> Bool {
        var after = now
        after[machine] = host
        guard now[machine] != host, !closed.contains(host), allowed(machine)?.contains(host) ?? true else {
            return false
        }
        let fits = rooms[host].indices.allSatisfy { resource in
            after.indices.reduce(0) { $0 + (after[$1] == host ? needs[$1][resource] : 0) } <= rooms[host][resource]
        }
        let isApart = apart.allSatisfy { group in
            !group.contains(machine) || group.allSatisfy { $0 == machine || after[$0] != host }
        }
        return fits && isApart
            && spreads.allSatisfy { spread in
                let there = spread.members.count { domains[after[$0]] == domains[host] }
                return !spread.members.contains(machine)
                    || there <= spread.most
                        && Set(spread.members.map { domains[after[$0]] }).count
                            >= min(spread.domains, Set(spread.members.map { domains[places[$0]] }).count)
            }
    }

    /// The same cluster as the planner is given it, with GiB for units of the first resource.
    func snapshot(reserve: Int, seed: UInt64 = 0) -> FleetSnapshot {
        var random = SeededGenerator(seed: seed)
        let uses = places.map { _ in Double.random(in: 0.1...3, using: &random) }
        let hosts = rooms.indices.map { host in
            let own = places.indices.filter { places[$0] == host }
            let use = own.reduce(0) { $0 + uses[$1] } / 16
            var made = Fleets.host(
                "h\(host)", processors: 16, use: min(1, use), gib: rooms[host][0],
                own.map { Fleets.machine($0 + 1, use: uses[$0], gib: needs[$0][0], processors: 4) })
            made.traits.failureDomain = "\(domains[host])"
            return made
        }
        let ids = { (group: [Int]) in group.map { Fleets.id($0 + 1) } }
        var rules = apart.map { PlacementRule.apart(ids($0)) }
        rules += spreads.map { PlacementRule.spread(ids($0.members), domains: $0.domains, most: $0.most) }
        rules += only.sorted { $0.key < $1.key }.map { machine, hosts in
            .only(Fleets.id(machine + 1), on: hosts.map { Fleets.hostName("h\($0)") })
        }
        return FleetSnapshot(version: 1, time: Fleets.time, hosts: hosts, rules: rules, reserve: reserve)
    }

    /// A step has been made.
    func apply(_ action: PlannedAction, _ now: inout [Int]) {
        guard case .migrate(let id, _, let to) = action.kind,
            let machine = now.indices.first(where: { Fleets.id($0 + 1) == id }),
            let host = rooms.indices.first(where: { "h\($0)" == to.text })
        else { return }
        now[machine] = host
    }
}
