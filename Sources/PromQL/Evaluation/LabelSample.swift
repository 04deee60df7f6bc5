import FleetModel

/// Whether a series belongs to a fixed, even share of all label sets: a hash of its labels decides, so that the same
/// series are chosen every time, and `limit_ratio(r)` and `limit_ratio(-(1-r))` are each other's rest.
///
/// Hash and encoding are those of Prometheus' default build, so that both choose the same series.
enum LabelSample {
    static func isInside(_ labels: Labels, ratio: Double) -> Bool {
        let share = Double(XXHash64.hash(encoded(labels))) / Double(UInt64.max)
        let capped = min(1, max(-1, ratio))
        return capped >= 0 ? share < capped : share >= 1 + capped
    }

    /// Each name and value after its length: one byte, or from 255 on the byte 255 and three bytes, lowest first.
    private static func encoded(_ labels: Labels) -> [UInt8] {
        var bytes: [UInt8] = []
        for pair in labels.pairs {
            for text in [pair.name, pair.value] {
                let length = text.utf8.count
                if length < 255 {
                    bytes.append(UInt8(length))
                } else {
                    bytes.append(255)
                    for shift in [0, 8, 16] { bytes.append(UInt8(truncatingIfNeeded: length >> shift)) }
                }
                bytes += Array(text.utf8)
            }
        }
        return bytes
    }
}

/// XXH64 with seed 0 (Collet, "xxHash fast digest algorithm", doc/xxhash_spec.md of xxHash).
enum XXHash64 {
    private static let primes: [UInt64] = [
        0x9e37_79b1_85eb_ca87, 0xc2b2_ae3d_27d4_eb4f, 0x1656_67b1_9e37_79f9, 0x85eb_ca77_c2b2_ae63,
        0x27d4_eb2f_1656_67c5,
    ]

    static func hash(_ bytes: [UInt8]) -> UInt64 {
        var place = 0
        var hash: UInt64
        if bytes.count >= 32 {
            var lanes: [UInt64] = [primes[0] &+ primes[1], primes[1], 0, 0 &- primes[0]]
            while place + 32 <= bytes.count {
                for lane in 0..<4 { lanes[lane] = round(lanes[lane], word(bytes, place + 8 * lane, 8)) }
                place += 32
            }
            hash = rotate(lanes[0], 1) &+ rotate(lanes[1], 7) &+ rotate(lanes[2], 12) &+ rotate(lanes[3], 18)
            for lane in lanes { hash = (hash ^ round(0, lane)) &* primes[0] &+ primes[3] }
        } else {
            hash = primes[4]
        }
        return avalanche(finish(hash &+ UInt64(bytes.count), bytes, place))
    }

    /// The bytes after the last whole stripe.
    private static func finish(_ start: UInt64, _ bytes: [UInt8], _ first: Int) -> UInt64 {
        var hash = start
        var place = first
        while place + 8 <= bytes.count {
            hash = rotate(hash ^ round(0, word(bytes, place, 8)), 27) &* primes[0] &+ primes[3]
            place += 8
        }
        if place + 4 <= bytes.count {
            hash = rotate(hash ^ (word(bytes, place, 4) &* primes[0]), 23) &* primes[1] &+ primes[2]
            place += 4
        }
        for byte in bytes[place...] { hash = rotate(hash ^ (UInt64(byte) &* primes[4]), 11) &* primes[0] }
        return hash
    }

    private static func avalanche(_ value: UInt64) -> UInt64 {
        var hash = (value ^ (value >> 33)) &* primes[1]
        hash = (hash ^ (hash >> 29)) &* primes[2]
        return hash ^ (hash >> 32)
    }

    private static func round(_ lane: UInt64, _ word: UInt64) -> UInt64 {
        rotate(lane &+ word &* primes[1], 31) &* primes[0]
    }

    /// `count` bytes, lowest first.
    private static func word(_ bytes: [UInt8], _ place: Int, _ count: Int) -> UInt64 {
        (0..<count).reduce(0) { $0 | UInt64(bytes[place + $1]) << (8 * UInt64($1)) }
    }

    private static func rotate(_ value: UInt64, _ count: UInt64) -> UInt64 { value << count | value >> (64 - count) }
}
