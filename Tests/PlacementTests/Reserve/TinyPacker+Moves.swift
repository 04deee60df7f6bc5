import Testing

@testable import Placement

extension TinyPacker {
    /// Makes random moves that rules and room allow and that the ledger takes in; after none of them does any failure cost
    /// more VMs than before the first, as trying every packing says. Returns how many were taken in, and how many refused.
    func moveAtRandom(_ ledger: inout ReserveLedger, seed: UInt64) -> (taken: Int, refused: Int) {
        let before = sets(1).map { leastLoss($0) }
        var random = SeededGenerator(seed: seed)
        var now = places
        var (taken, refused) = (0, 0)
        for _ in 0..<8 {
            let machine = Int.random(in: now.indices, using: &random)
            let host = Int.random(in: rooms.indices, using: &random)
            guard !lost.contains(now[machine]), !lost.contains(host), takes(machine, on: host, now) else { continue }
            guard ledger.arrive(machine, on: host) else {
                refused += 1
                continue
            }
            taken += 1
            let old = now[machine]
            now[machine] = host
            for (set, loss) in zip(sets(1), before) {
                #expect(leastLoss(set, at: now) <= loss, "seed \(seed), \(machine) on \(host), \(set)")
            }
            ledger.depart(machine, from: old, nowOn: host)
        }
        return (taken, refused)
    }
}
