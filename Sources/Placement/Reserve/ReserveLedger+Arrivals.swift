/// What a move that is taken in does to the proofs.
extension ReserveLedger {
    /// A step that can be undone.
    enum Change {
        /// The ward had this refuge.
        case refuge(ward: Int32, Int32)
        /// The ward is new.
        case ward(Int32)
    }

    mutating func undo(_ change: Change) {
        switch change {
        case .refuge(let ward, let old): book.settle(ward, on: old)
        case .ward(let ward): book.remove(ward)
        }
    }

    /// Whether all sets of hosts can be lost as well as before with the VM on the host, too. A VM of a host that is on its
    /// way out has to be somewhere: failures that are not proved as it is may bear that.
    mutating func isCovered(_ machine: Int, arrivingOn host: Int, _ changes: inout [Change]) -> Bool {
        var steps = min(Self.stepsForMove, stepsLeft)
        let most = steps
        defer { stepsLeft -= most - steps }
        for set in doubtfulFirst(setsUndone(byArrivalOf: machine, on: host)) {
            guard repack(set, &changes, &steps) || bear(set, machine, &changes) else {
                doubtful = set
                return false
            }
        }
        if holdings.fleet.isPinned(machine) || holdings.fleet.isPinned(machine, on: host) { return true }
        for set in sets.containing(host) where book.ward(of: machine, in: set) == nil {
            let ward = book.add(Int32(machine), to: set, after: book.last(of: set) { isBefore($0, machine) })
            changes.append(.ward(ward))
            guard admit(machine, ward, &changes) || repack(set, &changes, &steps) || bear(set, machine, &changes)
            else { return false }
        }
        return true
    }

    private func doubtfulFirst(_ sets: [Int]) -> [Int] {
        guard let place = sets.firstIndex(of: doubtful), place > 0 else { return sets }
        return [doubtful] + sets[..<place] + sets[(place + 1)...]
    }

    /// Where the VM's host is on its way out, and the set not proved anyway, as many of its VMs find hosts as can. That
    /// nothing else could run some of them is no excuse for others.
    private mutating func bear(_ set: Int, _ machine: Int, _ changes: inout [Change]) -> Bool {
        guard unproved.contains(set), holdings.fleet.isLeaving[Int(holdings.places[machine])] else { return false }
        let wards = load(set, .losses)
        guard packing.losesForRoom(holdings) || packing.isHomeless(machine, holdings) else { return false }
        packing.shelterMost(holdings, salt: set)
        for (ward, refuge) in zip(wards, packing.refuges) { settle(ward, on: refuge, &changes) }
        return true
    }

    /// Whether a VM comes before another one among the wards of a set: the larger one, by the first resource.
    private func isBefore(_ first: Int32, _ second: Int) -> Bool {
        guard holdings.resources > 0 else { return first < Int32(second) }
        let left = holdings.fleet.need(Int(first), 0)
        let right = holdings.fleet.need(second, 0)
        return left == right ? first < Int32(second) : left > right
    }

    /// A new ward finds a host beside those that the others of its set have.
    private mutating func admit(_ machine: Int, _ ward: Int32, _ changes: inout [Change]) -> Bool {
        let set = book.set(ward)
        load(set, .refuges)
        guard let place = packing.place(of: machine), packing.shelter(place, holdings, salt: set) else { return false }
        settle(ward, on: packing.refuges[place], &changes)
        return true
    }

    /// Packs a set anew, but for those that nobody takes in anyway. Once all steps are used up nothing is tried any more,
    /// and what is not proved counts as no.
    private mutating func repack(_ set: Int, _ changes: inout [Change], _ steps: inout Int) -> Bool {
        guard !isSpent else { return false }
        packings += 1
        let wards = load(set, .losses)
        guard case .packed = packing.pack(holdings, salt: set, steps: &steps, certifies: false) else {
            stepsLeft -= Self.stepsForRefusal
            return false
        }
        for (ward, refuge) in zip(wards, packing.refuges) { settle(ward, on: refuge, &changes) }
        return true
    }

    private mutating func settle(_ ward: Int32, on refuge: Int32, _ changes: inout [Change]) {
        let old = book.refuges[Int(ward)]
        if old == refuge { return }
        changes.append(.refuge(ward: ward, old))
        book.settle(ward, on: refuge)
    }

    // MARK: What is undone

    /// The sets whose proof rests on room that the arrival takes, on a refuge that it bars for a rival, or on where the
    /// VM was alone.
    private mutating func setsUndone(byArrivalOf machine: Int, on host: Int) -> [Int] {
        book.visitGuests(of: host) { tally.add(Int(book.machine($0)), to: book.set($0), on: host, holdings) }
        let over = tally.takeOver(host, holdings)
        guard holdings.fleet.isRuled[machine] else { return over }
        var undone = Set(over)
        book.visitGuests(of: host) { ward in
            let guest = Int(book.machine(ward))
            if holdings.fleet.hasRival(of: machine, where: { $0 == guest }) { undone.insert(book.set(ward)) }
        }
        undone.formUnion(setsTornApart(by: machine))
        return undone.sorted()
    }

    /// The sets in which a group that the VM is spread with would no longer be spread, now that it is on its way.
    private mutating func setsTornApart(by machine: Int) -> Set<Int> {
        let fleet = holdings.fleet
        var suspects: Set<Int> = []
        for spread in fleet.spreadsOf[Int32(machine)] ?? [] {
            for member in fleet.spreads[Int(spread)].members {
                for home in holdings.homes(of: Int(member)) { suspects.formUnion(sets.containing(Int(home))) }
            }
        }
        return suspects.filter { set in
            load(set, .refuges)
            let places = packing.wards.indices.filter { packing.refuges[$0] >= 0 }
            return !packing.wardsAllow(places, holdings)
        }
    }
}
