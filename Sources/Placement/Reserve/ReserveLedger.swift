/// Keeps the proof that the fleet can lose any one host: for each VM the host that would take it if its own failed.
///
/// Survivors' own VMs stay where they are, every hard resource counts, rules hold for what is restarted. A move is
/// taken in with its VM counted on both sides, so that the proof covers every order of a plan's moves, every subset of
/// them and every moment in between; `depart` ends that. A VM that rules bind to one host cannot be covered by any
/// reserve and is left out.
///
/// Only what a change touches is proved anew: time does not depend on the size of the fleet but on its hosts' lists.
public struct ReserveLedger: Sendable {
    /// A VM on a host, which a failure of that host would set free.
    private struct Ward: Sendable {
        let machine: Int32
        /// Who would take it.
        var refuge: Int32
    }

    /// What the failures of other hosts would bring to a host: by failure, as many amounts as there are resources. Small
    /// on purpose, since a large fleet's proofs are otherwise a matter of memory's speed.
    private struct Burdens: Sendable {
        private(set) var failures: [Int32] = []
        private(set) var amounts: [Int64] = []

        /// Where the amounts of a failure begin; `nil` where it brings nothing.
        func start(of failed: Int, _ resources: Int) -> Int? {
            failures.firstIndex(of: Int32(truncatingIfNeeded: failed)).map { $0 * resources }
        }

        mutating func add(_ machine: Int, _ fleet: DenseFleet, sign: Int64, failed: Int, _ resources: Int) {
            let start: Int
            if let known = self.start(of: failed, resources) {
                start = known
            } else {
                start = amounts.count
                failures.append(Int32(truncatingIfNeeded: failed))
                for _ in 0..<resources { amounts.append(0) }
            }
            var isNothing = true
            for resource in 0..<resources {
                amounts[start + resource] += sign * fleet.need(machine, resource)
                if amounts[start + resource] != 0 { isNothing = false }
            }
            if isNothing && sign < 0 { removeLastInto(start, resources) }
        }

        /// Removes the amounts at `start`, whose place the last ones take.
        private mutating func removeLastInto(_ start: Int, _ resources: Int) {
            guard let last = failures.popLast() else { return }
            let end = amounts.count - resources
            if start < end {
                failures[start / resources] = last
                for resource in 0..<resources { amounts[start + resource] = amounts[end + resource] }
            }
            amounts.removeLast(resources)
        }
    }

    private let fleet: DenseFleet
    private let resources: Int
    /// What is free, host by host.
    private(set) var free: [Int64]
    private var wards: [[Ward]]
    private var burdens: [Burdens]
    /// By VM, every host that holds it now.
    private var homes: [Int32: [Int32]] = [:]
    private var places: [Int32]
    /// Hosts in order of what is free, the most first, as they were at the start, and what that was.
    private let order: [Int32]
    private let freeInOrder: [Int64]
    /// The hosts whose failure has no proof.
    public private(set) var unproved: Set<Int> = []

    /// Proves as much as it can.
    public init(_ fleet: DenseFleet) {
        self.fleet = fleet
        resources = fleet.reserveResources
        free = fleet.reserveRoom
        places = fleet.places
        wards = Array(repeating: [], count: fleet.hosts)
        burdens = Array(repeating: Burdens(), count: fleet.hosts)
        let resources = fleet.reserveResources
        for machine in 0..<fleet.machines {
            let host = Int(fleet.places[machine])
            for resource in 0..<resources {
                free[host * resources + resource] -= fleet.need(machine, resource)
            }
        }
        let free = free
        order = (0..<fleet.hosts).filter { fleet.isOpen[$0] && !fleet.isLost[$0] }.map(Int32.init).sorted {
            let left = resources == 0 ? 0 : free[Int($0) * resources]
            let right = resources == 0 ? 0 : free[Int($1) * resources]
            return left == right ? $0 < $1 : left > right
        }
        freeInOrder = order.map { resources == 0 ? 0 : free[Int($0) * resources] }
        for machine in 0..<fleet.machines where !fleet.isPinned(machine) {
            wards[Int(fleet.places[machine])].append(Ward(machine: Int32(machine), refuge: -1))
        }
        for host in 0..<fleet.hosts where !prove(host) { unproved.insert(host) }
    }

    /// Whether every single failure is proved to be survivable.
    public var holds: Bool { unproved.isEmpty }

    /// Who would take the VM if its host failed; `nil` where nobody is proved to.
    public func refuge(of machine: Int) -> Int? {
        let host = Int(places[machine])
        guard let ward = wards[host].first(where: { $0.machine == Int32(machine) }), ward.refuge >= 0 else {
            return nil
        }
        return Int(ward.refuge)
    }

    // MARK: Moves

    /// Takes a move in: the VM is held on both sides from now on. Returns whether the reserve still holds as well as
    /// before; where it does not, nothing has changed.
    public mutating func arrive(_ machine: Int, on host: Int) -> Bool {
        let before = (own: wards[host], homes: homes[Int32(machine)])
        take(machine, on: host, sign: -1)
        homes[Int32(machine), default: [places[machine]]].append(Int32(host))
        var undo: [(host: Int, wards: [Ward])] = []
        var isProved = true
        for failed in failuresUndone(byArrivalOf: machine, on: host) where isProved {
            undo.append((failed, wards[failed]))
            isProved = prove(failed)
        }
        if isProved, !fleet.isPinned(machine) {
            undo.append((host, before.own))
            wards[host].append(Ward(machine: Int32(machine), refuge: -1))
            isProved = unproved.contains(host) || shelter(wards[host].count - 1, of: host) || prove(host)
        }
        if isProved { return true }
        for step in undo.reversed() { restore(step.wards, of: step.host) }
        homes[Int32(machine)] = before.homes
        take(machine, on: host, sign: 1)
        return false
    }

    /// The hosts whose proof rests on room that the arrival takes, or on a refuge that it bars for a rival.
    private func failuresUndone(byArrivalOf machine: Int, on host: Int) -> [Int] {
        var failures: Set<Int> = []
        for (place, failed) in burdens[host].failures.enumerated() where !fits(burdenAt: place, of: host) {
            failures.insert(Int(failed))
        }
        for rival in fleet.rivals(of: machine) {
            for home in homes[rival] ?? [places[Int(rival)]]
            where wards[Int(home)].contains(where: { $0.machine == rival && $0.refuge == Int32(host) }) {
                failures.insert(Int(home))
            }
        }
        return failures.sorted()
    }

    /// A move is over: the VM is on `host` alone now.
    public mutating func depart(_ machine: Int, from old: Int, nowOn host: Int) {
        take(machine, on: old, sign: 1)
        homes[Int32(machine)] = nil
        places[machine] = Int32(host)
        if let place = wards[old].firstIndex(where: { $0.machine == Int32(machine) }) {
            carry(wards[old][place], failed: old, sign: -1)
            wards[old].remove(at: place)
        }
        if unproved.contains(old), prove(old) { unproved.remove(old) }
    }

    /// A move has failed: the VM is where it was.
    public mutating func withdraw(_ machine: Int, from host: Int) {
        depart(machine, from: host, nowOn: Int(places[machine]))
    }

    // MARK: Proofs

    private mutating func take(_ machine: Int, on host: Int, sign: Int64) {
        for resource in 0..<resources {
            free[host * resources + resource] += sign * fleet.need(machine, resource)
        }
    }

    private func fits(burdenAt place: Int, of host: Int) -> Bool {
        for resource in 0..<resources
        where burdens[host].amounts[place * resources + resource] > free[host * resources + resource] { return false }
        return true
    }

    /// Adds a ward to what its refuge would have to carry, or takes it off again.
    private mutating func carry(_ ward: Ward, failed: Int, sign: Int64) {
        guard ward.refuge >= 0, resources > 0 else { return }
        burdens[Int(ward.refuge)].add(Int(ward.machine), fleet, sign: sign, failed: failed, resources)
    }

    private mutating func restore(_ old: [Ward], of host: Int) {
        for ward in wards[host] { carry(ward, failed: host, sign: -1) }
        wards[host] = old
        for ward in old { carry(ward, failed: host, sign: 1) }
    }

    /// Finds a refuge for every VM of the host, the largest first. Where that fails, nobody has one, and the answer is
    /// no.
    private mutating func prove(_ host: Int) -> Bool {
        for place in wards[host].indices {
            carry(wards[host][place], failed: host, sign: -1)
            wards[host][place].refuge = -1
        }
        let machines = wards[host].map(\.machine)
        let sizes = machines.map { resources == 0 ? 0 : fleet.need(Int($0), 0) }
        let places = machines.indices.sorted {
            sizes[$0] == sizes[$1] ? machines[$0] < machines[$1] : sizes[$0] > sizes[$1]
        }
        for place in places where !shelter(place, of: host) {
            for place in wards[host].indices {
                carry(wards[host][place], failed: host, sign: -1)
                wards[host][place].refuge = -1
            }
            return false
        }
        return true
    }

    /// Finds a refuge for one VM of the host, beginning at another place of the list for each host so that burdens
    /// spread. Hosts that had room for it at the start come first: in large fleets most others never will.
    private mutating func shelter(_ place: Int, of host: Int) -> Bool {
        let machine = Int(wards[host][place].machine)
        if fleet.isPaired(machine) { return shelterInCompany(place, of: host) }
        let rivals = fleet.rivals(of: machine)
        let likely = hostsWithRoom(for: machine)
        let start = (host &* 7919 &+ place) % max(1, likely * 3 / 4)
        guard
            let refuge = refuge(of: machine, rivals, on: host, amongOrder: start..<likely)
                ?? refuge(of: machine, rivals, on: host, amongOrder: 0..<start)
                ?? refuge(of: machine, rivals, on: host, amongOrder: likely..<order.count)
        else { return false }
        wards[host][place].refuge = Int32(refuge)
        carry(wards[host][place], failed: host, sign: 1)
        return true
    }

    /// The same for a VM that must share a host with others: it goes where those of its host go, or where there is room for
    /// all of them.
    private mutating func shelterInCompany(_ place: Int, of host: Int) -> Bool {
        let machine = Int(wards[host][place].machine)
        let mates = Set(fleet.mates(of: machine))
        let company = wards[host].filter { mates.contains(Int($0.machine)) }
        let waiting = [machine] + company.filter { $0.refuge < 0 }.map { Int($0.machine) }
        let hosts = company.first { $0.refuge >= 0 }.map { [$0.refuge] } ?? order
        let refuge = hosts.first { candidate in
            let target = Int(candidate)
            return target != host && hasRoom(forAll: waiting, on: target, failed: host)
                && waiting.allSatisfy {
                    fleet.allows($0, on: target) && !isAtOddsWith(fleet.rivals(of: $0), on: target, failed: host)
                }
        }
        guard let refuge else { return false }
        wards[host][place].refuge = refuge
        carry(wards[host][place], failed: host, sign: 1)
        return true
    }

    private func hasRoom(forAll machines: [Int], on host: Int, failed: Int) -> Bool {
        let start = burdens[host].start(of: failed, resources)
        return (0..<resources).allSatisfy { resource in
            let burden = start.map { burdens[host].amounts[$0 + resource] } ?? 0
            return free[host * resources + resource] - burden >= machines.reduce(0) { $0 + fleet.need($1, resource) }
        }
    }

    /// How many hosts, the first so many of the order, had room for the VM at the start.
    private func hostsWithRoom(for machine: Int) -> Int {
        guard resources > 0 else { return order.count }
        let need = fleet.need(machine, 0)
        var (low, high) = (0, freeInOrder.count)
        while low < high {
            let middle = (low + high) / 2
            if freeInOrder[middle] >= need { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private func refuge(
        of machine: Int, _ rivals: RivalList, on host: Int, amongOrder places: Range<Int>
    ) -> Int? {
        for place in places {
            let refuge = Int(order[place])
            if refuge != host, fleet.allows(machine, on: refuge), hasRoom(for: machine, on: refuge, failed: host),
                !isAtOddsWith(rivals, on: refuge, failed: host)
            {
                return refuge
            }
        }
        return nil
    }

    private func hasRoom(for machine: Int, on host: Int, failed: Int) -> Bool {
        for resource in 0..<resources
        where free[host * resources + resource] < fleet.need(machine, resource) { return false }
        guard let start = burdens[host].start(of: failed, resources) else { return true }
        for resource in 0..<resources
        where free[host * resources + resource] - burdens[host].amounts[start + resource]
            < fleet.need(machine, resource)
        { return false }
        return true
    }

    private func isAtOddsWith(_ rivals: RivalList, on host: Int, failed: Int) -> Bool {
        if rivals.isEmpty { return false }
        for rival in rivals {
            if places[Int(rival)] == Int32(host) { return true }
            if let held = homes[rival], held.contains(Int32(host)) { return true }
        }
        return wards[failed].contains { $0.refuge == Int32(host) && rivals.contains($0.machine) }
    }
}
