import Placement
import Testing

@Suite("The reserve asks what hosts and VMs are, not what they are called, how they are listed or in which unit")
struct ReserveSymmetryTests {
    private enum Kind: Hashable {
        case holds, fails, undecided

        init(_ verdict: ReserveVerdict) {
            switch verdict {
            case .holds: self = .holds
            case .fails: self = .fails
            case .undecided: self = .undecided
            }
        }
    }

    @Test(
        "hosts and VMs in another order, and all amounts seven times as large, give the same verdict", arguments: 1...2)
    func sameVerdict(failures: Int) {
        var kinds: [Kind: Int] = [:]
        for seed in UInt64(0)..<200 {
            var tiny = TinyPacker(
                seed: seed, hosts: 5, machines: 14, resources: Int(seed % 2) + 1,
                tightness: [0.3, 0.6, 0.9][Int(seed % 3)] * Double(failures * failures * failures))
            tiny.addRules(seed: seed)
            if failures == 2 {
                // Two of five hosts are soon all that a VM may be on, or all that is left of two domains.
                tiny.only = [:]
                if seed % 2 == 0 { tiny.spreads = [] }
            }
            if seed % 5 == 0 { tiny.lost = [Int(seed / 5) % 5] }
            if seed % 7 == 0 { tiny.closed = [Int(seed / 7) % 5] }
            let other = tiny.rearranged(seed: seed).scaled(by: 7)
            let kind = Kind(ReserveCheck(tiny.dense).verdict(failures: failures))
            #expect(kind == Kind(ReserveCheck(other.dense).verdict(failures: failures)), "seed \(seed)")
            if failures == 1 { #expect(ReserveLedger(other.dense).holds == (kind == .holds), "seed \(seed)") }
            kinds[kind, default: 0] += 1
        }
        #expect((kinds[.holds] ?? 0) > 20 && (kinds[.fails] ?? 0) > 20 && kinds[.undecided] == nil, "\(kinds)")
    }

    @Test("room that is added to a host makes no reserve fail that held, and a VM that goes makes none fail either")
    func moreIsNeverWorse() {
        var held = 0
        for seed in UInt64(0)..<200 {
            let tiny = TinyPacker(seed: seed, hosts: 5, machines: 14, resources: 2, tightness: 0.8)
            guard ReserveCheck(tiny.dense).verdict(failures: 1) == .holds else { continue }
            held += 1
            var roomier = tiny
            roomier.rooms[Int(seed % 5)] = roomier.rooms[Int(seed % 5)].map { $0 + 3 }
            #expect(ReserveCheck(roomier.dense).verdict(failures: 1) == .holds, "seed \(seed)")
            var emptier = tiny
            emptier.needs.removeLast()
            emptier.places.removeLast()
            #expect(ReserveCheck(emptier.dense).verdict(failures: 1) == .holds, "seed \(seed)")
        }
        #expect(held > 20)
    }
}

extension TinyPacker {
    /// The same cluster with hosts and VMs in another order.
    fileprivate func rearranged(seed: UInt64) -> TinyPacker {
        var random = SeededGenerator(seed: seed &+ 4711)
        // Where each one was before.
        let hosts = rooms.indices.shuffled(using: &random)
        let machines = places.indices.shuffled(using: &random)
        func host(_ old: Int) -> Int { hosts.firstIndex(of: old) ?? old }
        func machine(_ old: Int) -> Int { machines.firstIndex(of: old) ?? old }
        var other = self
        other.rooms = hosts.map { rooms[$0] }
        other.domains = hosts.map { domains[$0] }
        other.closed = Set(closed.map(host))
        other.lost = Set(lost.map(host))
        other.needs = machines.map { needs[$0] }
        other.places = machines.map { host(places[$0]) }
        other.apart = apart.map { $0.map(machine).sorted() }
        other.together = together.map { $0.map(machine).sorted() }
        other.spreads = spreads.map { ($0.members.map(machine).sorted(), $0.domains, $0.most) }
        other.only = Dictionary(uniqueKeysWithValues: only.map { (machine($0.key), $0.value.map(host).sorted()) })
        return other
    }

    /// The same cluster in another unit.
    fileprivate func scaled(by factor: Int64) -> TinyPacker {
        var other = self
        other.rooms = rooms.map { $0.map { $0 * factor } }
        other.needs = needs.map { $0.map { $0 * factor } }
        return other
    }
}
