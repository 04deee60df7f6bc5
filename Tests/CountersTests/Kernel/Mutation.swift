@testable import Counters

/// Damage to a file's content: what a fuzzer does, with a seed.
struct Mutation {
    private var generator: SeededGenerator
    /// Pieces at which readers of numbers and of paths stumble.
    private static let pieces: [String] = [
        "18446744073709551615", "9223372036854775807", "-1", "99999999999999999999999", " ", "\n", ":", "=", "/", "\\",
        "\\777", "\0", "max", "0x", "[", "]", "(", ")", ",", ".", "N", "%", "é",
    ]

    init(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
    }

    /// The content with one to four wounds: bytes turned, taken out, put in, a part twice, the end cut off.
    mutating func damage(_ content: [UInt8]) -> [UInt8] {
        var bytes = content
        for _ in 0..<Int.random(in: 1...4, using: &generator) { wound(&bytes) }
        return bytes
    }

    private mutating func wound(_ bytes: inout [UInt8]) {
        guard !bytes.isEmpty else { return }
        let place = Int.random(in: 0..<bytes.count, using: &generator)
        let end = min(bytes.count, place + Int.random(in: 1...40, using: &generator))
        switch Int.random(in: 0..<6, using: &generator) {
        case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        case 1: bytes[place] = UInt8.random(in: 0...255, using: &generator)
        case 2: bytes.removeSubrange(place..<bytes.count)
        case 3: bytes.removeSubrange(place..<end)
        case 4: bytes.insert(contentsOf: Array(bytes[place..<end]), at: place)
        default:
            let piece = Self.pieces[Int.random(in: 0..<Self.pieces.count, using: &generator)]
            bytes.replaceSubrange(place..<min(bytes.count, place + 1), with: Array(piece.utf8))
        }
    }
}

extension String {
    /// The content of a file.
    var bytes: [UInt8] { Array(utf8) }
}
