/// A small seeded generator (wyrand; Wang Yi, public domain): the same seed, the same search.
public struct Dice: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// Dice that always fall the same way for a seed.
    public init(seed: UInt64) { state = seed &+ 0x9E37_79B9_7F4A_7C15 }

    /// Sixty-four random bits.
    @inline(__always)
    public mutating func next() -> UInt64 {
        state &+= 0xA076_1D64_78BD_642F
        let product = state.multipliedFullWidth(by: state ^ 0xE703_7ED1_A0B4_28DB)
        return product.high ^ product.low
    }

    /// A number of 0..<limit; `limit` is above zero and far below 2^32.
    @inline(__always)
    mutating func below(_ limit: Int) -> Int {
        Int(truncatingIfNeeded: ((next() >> 32) &* UInt64(truncatingIfNeeded: limit)) >> 32)
    }

    /// A number above 0 and at most 1.
    @inline(__always)
    mutating func share() -> Double { Double((next() >> 11) + 1) * 0x1p-53 }
}
