/// The quick way: each ward, in the order of the wards, on the first host that will do.
extension FailurePacking {
    /// Finds hosts for all wards that are open, beginning at another place of the order for each `salt`, so that hosts of
    /// a large fleet share what different failures bring. `false` at the first that finds none.
    mutating func shelterAll(_ holdings: Holdings, salt: Int) -> Bool {
        for place in wards.indices where refuges[place] == Self.open {
            guard shelter(place, holdings, salt: salt) else { return false }
        }
        return true
    }

    /// Finds hosts for as many open wards as it can; the others are lost.
    mutating func shelterMost(_ holdings: Holdings, salt: Int) {
        for place in wards.indices where refuges[place] == Self.open {
            if !shelter(place, holdings, salt: salt) { lose(unit(of: place, holdings.fleet), holdings) }
        }
    }

    /// Wards are lost, and where a spread does not bear that, those are that it is about.
    private mutating func lose(_ places: [Int], _ holdings: Holdings) {
        var places = places
        while let place = places.popLast() {
            release(place, holdings, as: Self.lost)
            let machine = Int(wards[place])
            if spreadsHold(for: machine, on: -1, holdings) { continue }
            for spread in holdings.fleet.spreadsOf[Int32(machine)] ?? [] {
                for member in holdings.fleet.spreads[Int(spread)].members {
                    guard let other = self.place(of: Int(member)), refuges[other] != Self.lost else { continue }
                    places += unit(of: other, holdings.fleet).filter { refuges[$0] != Self.lost }
                }
            }
        }
    }

    /// Finds a host for one ward, and for those that must share one with it; `false`, and nothing changed, where there
    /// is none.
    mutating func shelter(_ place: Int, _ holdings: Holdings, salt: Int) -> Bool {
        let machine = Int(wards[place])
        let likely = holdings.hostsWithRoom(for: machine)
        let start = (salt &* 7919 &+ place) % max(1, likely * 3 / 4)
        let ranges = [start..<likely, 0..<start, likely..<holdings.order.count]
        if !isPlain(place) {
            return shelterUnit(unit(of: place, holdings.fleet), holdings, ranges)
        }
        for range in ranges {
            for rank in range {
                let host = Int(holdings.order[rank])
                if hasRoom(forPlain: place, on: host, holdings), !fails(host) {
                    assign(place, to: host, holdings)
                    return true
                }
            }
        }
        return false
    }

    private mutating func shelterUnit(_ unit: [Int], _ holdings: Holdings, _ ranges: [Range<Int>]) -> Bool {
        if unit.contains(where: { refuges[$0] == Self.lost }) { return false }
        let waiting = unit.filter { refuges[$0] == Self.open }
        if let settled = unit.first(where: { refuges[$0] >= 0 }) {
            return assignAll(waiting, to: Int(refuges[settled]), holdings)
        }
        // Where one of them is held already it costs nothing.
        for place in waiting where holdings.isMoving(Int(wards[place])) {
            for home in holdings.homes(of: Int(wards[place])) where assignAll(waiting, to: Int(home), holdings) {
                return true
            }
        }
        for range in ranges {
            for rank in range where assignAll(waiting, to: Int(holdings.order[rank]), holdings) { return true }
        }
        return false
    }

    /// Wards start on the host together, if room and rules let all of them.
    mutating func assignAll(_ places: [Int], to host: Int, _ holdings: Holdings) -> Bool {
        guard hasRoom(forAll: places, on: host, holdings), survivorsAllow(places, on: host, holdings) else {
            return false
        }
        for place in places { assign(place, to: host, holdings) }
        if wardsAllow(places, holdings) { return true }
        for place in places { release(place, holdings) }
        return false
    }
}
