import Placement
import Testing

/// Everything is allowed and nothing costs anything.
private struct NoRules: PackingRules {
    func cost(ofBin bin: Int, holding load: LoadView) -> Int64 { 0 }
    func allows(_ item: Int, from: Int, to: Int) -> Bool { true }
    func allowsSwap(_ first: Int, at firstBin: Int, _ second: Int, at secondBin: Int) -> Bool { true }
    func costChange(of item: Int, from: Int, to: Int) -> Int64 { 0 }
    func costChangeOfSwap(_ first: Int, at firstBin: Int, _ second: Int, at secondBin: Int) -> Int64 { 0 }
    func moved(_ item: Int, from: Int, to: Int) {}
}

@Suite("Room in a bin")
struct RoomFilterTests {
    /// Few amounts, so that what is needed is often just what is left, each off by one at times.
    private static func amount(upTo largest: Int64, _ random: inout SeededGenerator) -> Int64 {
        let coarse = largest / 4 * Int64.random(in: 0...4, using: &random)
        return min(largest, max(0, coarse + Int64.random(in: -1...1, using: &random)))
    }

    @Test(
        "there is room just where every resource has enough, whatever their number and scale, and in bins too full",
        arguments: [1, 2, 3, 4, 5, 12, 16, 17, 19])
    func room(resources: Int) throws {
        var found: Set<[Bool]> = []
        for seed in UInt64(0)..<12 {
            var random = SeededGenerator(seed: seed)
            let scales = (0..<resources).map { _ in Int64(1) << Int64.random(in: 0...44, using: &random) }
            let items = 8
            let bins = 3
            let needs = (0..<items * resources).map { Self.amount(upTo: scales[$0 % resources] / 2, &random) }
            let room = (0..<bins * resources).map {
                scales[$0 % resources] + Self.amount(upTo: scales[$0 % resources], &random)
            }
            let held = (0..<resources).map { _ in Bool.random(using: &random) }
            let packing = try Packing(
                resources: resources, needs: needs, room: room, homes: (0..<items).map { Int32($0 % bins) },
                isHeldWhileMoving: held)
            var state = PackingState(packing, rules: NoRules())
            for _ in 0..<60 {
                for item in 0..<items {
                    let other = Int.random(in: 0..<items, using: &random)
                    for bin in 0..<bins {
                        let claim = { (item: Int, resource: Int) in
                            held[resource] && packing.homes[item] == bin ? 0 : needs[item * resources + resource]
                        }
                        let fits = (0..<resources).allSatisfy { state.slack(of: bin, $0) >= claim(item, $0) }
                        let fitsAfter = (0..<resources).allSatisfy {
                            state.slack(of: bin, $0) + claim(other, $0) >= claim(item, $0)
                        }
                        #expect(state.fits(item, in: bin) == fits)
                        #expect(state.fits(item, in: bin, leftBy: other) == fitsAfter)
                        found.insert([fits, fitsAfter])
                    }
                }
                state.move(Int.random(in: 0..<items, using: &random), to: Int.random(in: 0..<bins, using: &random))
            }
        }
        #expect(found.count == 3)
    }
}
