/// Whether a fleet can lose hosts.
public enum ReserveVerdict: Sendable, Hashable {
    /// Every set of so many failures can be packed: a packing was found for each.
    case holds
    /// Some set cannot: of the failed hosts this VM fits nowhere, or, without one, all is more than there is room.
    case fails(hosts: [Int], machine: Int?)
    /// Neither was proved, which counts as no.
    case undecided(hosts: [Int])

    /// Whether an automatic action may rest on it.
    public var isYes: Bool { self == .holds }
}

/// Checks the reserve of a fleet from cold, for any number of failures.
///
/// Survivors' own VMs stay where they are, and every hard resource counts. Hosts that are lost already take nothing in.
/// For one failure the proof is a `ReserveLedger`'s; for more, each set of hosts is packed by itself, the largest VM
/// first, into the host with the most room.
public struct ReserveCheck: Sendable {
    /// More sets than that are not tried.
    public static let mostSets = 1_000_000

    private let fleet: DenseFleet
    private let resources: Int
    /// What is free, host by host.
    private let free: [Int64]
    /// The VMs of each host that would have to be started elsewhere.
    private let wardsByHost: [[Int]]
    /// Hosts that take VMs in, those with most room first.
    private let order: [Int]

    /// A check of a fleet as it is.
    public init(_ fleet: DenseFleet) {
        self.fleet = fleet
        let resources = fleet.reserveResources
        self.resources = resources
        var free = fleet.reserveRoom
        var wards = [[Int]](repeating: [], count: fleet.hosts)
        for machine in 0..<fleet.machines {
            let host = Int(fleet.places[machine])
            for resource in 0..<resources { free[host * resources + resource] -= fleet.need(machine, resource) }
            if !fleet.isPinned(machine) { wards[host].append(machine) }
        }
        self.free = free
        wardsByHost = wards
        order = (0..<fleet.hosts).filter { fleet.isOpen[$0] && !fleet.isLost[$0] }.sorted {
            let left = resources == 0 ? 0 : free[$0 * resources]
            let right = resources == 0 ? 0 : free[$1 * resources]
            return left == right ? $0 < $1 : left > right
        }
    }

    /// The verdict for `failures` hosts at a time. `shouldStop` is asked between sets; a check that was stopped is
    /// undecided.
    public func verdict(failures: Int, shouldStop: () -> Bool = { false }) -> ReserveVerdict {
        if failures <= 0 { return .holds }
        let able = (0..<fleet.hosts).filter { !fleet.isLost[$0] }
        if able.count <= failures { return .fails(hosts: able, machine: nil) }
        if failures == 1 {
            let unproved = ReserveLedger(fleet).unproved.filter { !fleet.isLost[$0] }.sorted()
            for host in unproved { if let certificate = certificate([host]) { return certificate } }
            return unproved.isEmpty ? .holds : .undecided(hosts: [unproved[0]])
        }
        guard Self.combinations(able.count, failures) <= Self.mostSets else { return .undecided(hosts: []) }
        var verdict = ReserveVerdict.holds
        var chosen: [Int] = []
        visit(able, failures, from: 0, &chosen, &verdict, shouldStop)
        return verdict
    }

    private static func combinations(_ count: Int, _ size: Int) -> Int {
        var result = 1
        for step in 0..<size {
            result = result * (count - step) / (step + 1)
            if result > mostSets { return .max }
        }
        return result
    }

    private func visit(
        _ able: [Int], _ size: Int, from first: Int, _ chosen: inout [Int], _ verdict: inout ReserveVerdict,
        _ shouldStop: () -> Bool
    ) {
        if chosen.count == size {
            if isPackable(chosen) { return }
            verdict = certificate(chosen) ?? (verdict == .holds ? .undecided(hosts: chosen) : verdict)
            return
        }
        for place in first..<able.count {
            if case .fails = verdict { return }
            if shouldStop() { return verdict = .undecided(hosts: []) }
            chosen.append(able[place])
            visit(able, size, from: place + 1, &chosen, &verdict, shouldStop)
            chosen.removeLast()
        }
    }

    // MARK: One set of failures

    private func wards(_ failed: [Int]) -> [Int] { failed.flatMap { wardsByHost[$0] } }

    private func fits(_ machine: Int, on host: Int, _ free: [Int64]) -> Bool {
        for resource in 0..<resources where fleet.need(machine, resource) > free[host * resources + resource] {
            return false
        }
        return true
    }

    private func survivors(_ failed: [Int]) -> [Int] {
        (0..<fleet.hosts).filter { fleet.isOpen[$0] && !fleet.isLost[$0] && !failed.contains($0) }
    }

    private func size(_ machine: Int) -> Int64 { resources == 0 ? 0 : fleet.need(machine, 0) }

    /// The largest VM first, each into the first host with room, beginning with those that have most of it.
    private func isPackable(_ failed: [Int]) -> Bool {
        var left: [Int: [Int64]] = [:]
        var refuges: [Int32: Int] = [:]
        for machine in wards(failed).sorted(by: { (size($0), $1) > (size($1), $0) }) {
            guard let host = refuge(machine, failed, left, refuges) else { return false }
            refuges[Int32(machine)] = host
            var room = left[host] ?? Array(free[(host * resources)..<(host * resources + resources)])
            for resource in 0..<resources { room[resource] -= fleet.need(machine, resource) }
            left[host] = room
        }
        return true
    }

    private func refuge(
        _ machine: Int, _ failed: [Int], _ left: [Int: [Int64]], _ refuges: [Int32: Int]
    ) -> Int? {
        let rivals = fleet.rivals(of: machine)
        // VMs that must share a host go where the first of them goes, which is where there is room for all.
        let company = fleet.mates(of: machine).filter {
            fleet.places[$0] == fleet.places[machine] && !fleet.isPinned($0)
        }
        let chosen = company.lazy.compactMap { refuges[Int32($0)] }.first
        let waiting = [machine] + company.filter { refuges[Int32($0)] == nil }
        return order.first { host in
            guard !failed.contains(host), chosen ?? host == host, fits(machine, on: host, free),
                waiting.allSatisfy({ fleet.allows($0, on: host) })
            else { return false }
            if left[host] != nil || waiting.count > 1 {
                for resource in 0..<resources
                where waiting.reduce(0, { $0 + fleet.need($1, resource) })
                    > left[host]?[resource] ?? free[host * resources + resource]
                { return false }
            }
            return !rivals.contains { fleet.places[Int($0)] == Int32(host) || refuges[$0] == host }
        }
    }

    /// Why the set cannot be survived whatever the packing; `nil` where that is not plain.
    private func certificate(_ failed: [Int]) -> ReserveVerdict? {
        let hosts = survivors(failed)
        let wards = wards(failed)
        for machine in wards
        where !hosts.contains(where: { host in
            fleet.allows(machine, on: host) && fits(machine, on: host, free)
                && !fleet.rivals(of: machine).contains { rival in fleet.places[Int(rival)] == Int32(host) }
        }) { return .fails(hosts: failed, machine: machine) }
        for resource in 0..<resources {
            let needed = wards.reduce(0) { $0 + fleet.need($1, resource) }
            let there = hosts.reduce(0) { $0 + max(0, free[$1 * resources + resource]) }
            if needed > there { return .fails(hosts: failed, machine: nil) }
        }
        return nil
    }

    /// SCVMM 2012's formula, for comparison: over-committed if, for some host that fails, the memory of its VMs other
    /// than the largest is more than the sum of what each survivor has beyond that largest VM. Slots of the largest
    /// VM's size make it say no where everything would fit.
    public func isOverCommittedBySlots() -> Bool {
        guard resources > 0 else { return false }
        for failed in 0..<fleet.hosts where !fleet.isLost[failed] {
            let sizes = wards([failed]).map(size)
            let largest = sizes.max() ?? 0
            let extra = survivors([failed]).reduce(0) { $0 + max(0, free[$1 * resources] - largest) }
            if sizes.reduce(0, +) - largest > extra { return true }
        }
        return false
    }
}
