/// What rules say of where a failure's VMs may start.
extension FailurePacking {
    /// Whether wards that go together may start on the host as far as that is settled by what survives: the hosts that
    /// each may be on, VMs that must not share it, and VMs that live elsewhere and must.
    func survivorsAllow(_ places: [Int], on host: Int, _ holdings: Holdings) -> Bool {
        guard holdings.fleet.isRefuge[host], !fails(host) else { return false }
        for place in places where !isPlain(place) {
            let machine = Int(wards[place])
            guard holdings.fleet.mayRestart(machine, on: host) else { return false }
            if !holdings.fleet.isRuled[machine] { continue }
            if holdings.fleet.hasRival(of: machine, where: { holdings.holds($0, on: host) }) { return false }
            if holdings.fleet.isPaired(machine) && mustJoin(machine, elsewhereThan: host, holdings) { return false }
        }
        return true
    }

    /// Whether a VM that must share a host with this one lives on another. Those under way are apart for a while.
    private func mustJoin(_ machine: Int, elsewhereThan host: Int, _ holdings: Holdings) -> Bool {
        if holdings.isMoving(machine) { return false }
        return holdings.fleet.mates(of: machine).contains { mate in
            let home = Int(holdings.places[mate])
            return !holdings.isMoving(mate) && !fails(home) && home != host
        }
    }

    /// Whether the wards are where the other wards let them be: for wards that have refuges.
    func wardsAllow(_ places: [Int], _ holdings: Holdings) -> Bool {
        for place in places {
            let machine = Int(wards[place])
            guard holdings.fleet.isRuled[machine] else { continue }
            let refuge = refuges[place]
            let isAtOdds = holdings.fleet.hasRival(of: machine) { rival in
                self.place(of: rival).map { refuges[$0] == refuge } ?? false
            }
            if isAtOdds || !spreadsHold(for: machine, on: Int(refuge), holdings) { return false }
        }
        return true
    }

    /// Whether nothing that survives could run the VM, however much room there were: for what it needs, or by rules about
    /// it alone.
    func isHomeless(_ machine: Int, _ holdings: Holdings) -> Bool {
        !holdings.order.contains { !fails(Int($0)) && holdings.fleet.mayRestart(machine, on: Int($0)) }
    }

    /// Whether wards are lost that room could have saved.
    func losesForRoom(_ holdings: Holdings) -> Bool {
        wards.indices.contains { refuges[$0] == Self.lost && !isHomeless(Int(wards[$0]), holdings) }
    }

    /// The wards that must share a host with one of them, itself included.
    func unit(of place: Int, _ fleet: DenseFleet) -> [Int] {
        guard fleet.isPaired(Int(wards[place])) else { return [place] }
        var group = [place]
        var next = 0
        while next < group.count {
            for mate in fleet.mates(of: Int(wards[group[next]])) {
                if let other = self.place(of: mate), !group.contains(other) { group.append(other) }
            }
            next += 1
        }
        return group.sorted()
    }

    // MARK: Failure domains

    /// Whether the groups that the VM is spread with can still be in as many failure domains as before the failure, or
    /// as many as are wanted, and the host's domain is not crowded; `host` is negative for a VM that nobody takes in.
    /// Wards that are open count for a domain of their own; those that are lost count where they were.
    func spreadsHold(for machine: Int, on host: Int, _ holdings: Holdings) -> Bool {
        if holdings.fleet.spreads.isEmpty { return true }
        guard let own = holdings.fleet.spreadsOf[Int32(machine)] else { return true }
        return own.allSatisfy { spreadHolds(holdings.fleet.spreads[Int($0)], on: host, holdings) }
    }

    private func spreadHolds(_ spread: DenseFleet.Spread, on host: Int, _ holdings: Holdings) -> Bool {
        let target = host < 0 ? nil : holdings.fleet.domain(of: host)
        var before: Set<Int32> = []
        var choices: [Set<Int32>] = []
        var waiting = 0
        var crowd = 0
        for member in spread.members {
            before.insert(holdings.fleet.domain(of: Int(holdings.places[Int(member)])))
            guard let domains = domains(of: Int(member), holdings) else {
                waiting += 1
                continue
            }
            if let target, domains.contains(target) { crowd += 1 }
            choices.append(domains)
        }
        if target != nil && crowd > spread.most { return false }
        return SpreadCount.fewest(choices) + waiting >= min(before.count, spread.domains)
    }

    /// The domains that a VM may be in after the failure; `nil` for a ward that is open.
    private func domains(of machine: Int, _ holdings: Holdings) -> Set<Int32>? {
        let homes = holdings.homes(of: machine).map(Int.init)
        var domains = Set(homes.filter { !fails($0) }.map { holdings.fleet.domain(of: $0) })
        guard let gone = homes.first(where: fails) else { return domains }
        let refuge = place(of: machine).map { refuges[$0] } ?? Self.lost
        if refuge == Self.open { return nil }
        domains.insert(holdings.fleet.domain(of: refuge >= 0 ? Int(refuge) : gone))
        return domains
    }
}
