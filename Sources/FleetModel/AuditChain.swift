/// The chain that an audit log is: each entry is sealed with the seal before it, so that none can be changed, left out,
/// put in or moved without every seal after it being wrong.
///
/// ```
/// seal(0) = 64 zeros
/// seal(n) = SHA-256( seal(n - 1) | 0x0A | document(n) )      seals as 64 lower-case hexadecimal digits
/// ```
///
/// `document(n)` is the entry's JSON with sorted keys, byte for byte as it was stored: nothing is written anew to be
/// checked. A chain cannot show by itself that its end was cut off: whoever wants to know that keeps a head (number and
/// seal) elsewhere, and compares.
public struct AuditChain: Hashable, Sendable, Codable {
    /// How many entries lie before here.
    public private(set) var number: Int64
    /// The last entry's seal.
    public private(set) var seal: String

    /// The seal before the first entry.
    public static let origin = String(repeating: "0", count: 64)

    /// A chain that ends with entry `number` and its seal; an empty one without arguments.
    public init(number: Int64 = 0, seal: String = AuditChain.origin) {
        self.number = number
        self.seal = seal
    }

    /// Adds an entry and returns its seal.
    public mutating func append(_ document: String) -> String {
        seal = Self.seal(of: document, after: seal)
        number += 1
        return seal
    }

    /// Checks that an entry with that `number` and `claimed` seal comes next, and takes it. Throws the first break.
    public mutating func verify(number found: Int64, document: String, seal claimed: String) throws(AuditBreak) {
        guard found == number + 1 else { throw .gap(after: number, found: found) }
        guard Self.seal(of: document, after: seal) == claimed else { throw .wrongSeal(number: found) }
        (number, seal) = (found, claimed)
    }

    private static func seal(of document: String, after previous: String) -> String {
        SHA256.hexadecimal(SHA256.digest(of: Array(previous.utf8) + [0x0a] + Array(document.utf8)))
    }
}

extension AuditChain: CustomStringConvertible {
    /// `41:9c56…`, as `init(_:)` reads it.
    public var description: String { "\(number):\(seal)" }

    /// Reads `number:seal`; `nil` for anything else.
    public init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let number = Int64(parts[0]), number >= 0, parts[1].utf8.count == 64,
            parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
        else { return nil }
        self.init(number: number, seal: String(parts[1]))
    }
}

/// Where an audit log is not what it was.
public enum AuditBreak: Error, Hashable, Sendable {
    /// The entry, or one before it in its place, is not the one that was sealed.
    case wrongSeal(number: Int64)
    /// Entries are missing, or stand in another order.
    case gap(after: Int64, found: Int64)
    /// The entry's columns say something else than what was sealed.
    case differs(number: Int64, column: String)
    /// The end is not the one that is known from elsewhere.
    case otherEnd(known: AuditChain, found: AuditChain)
    /// A line that is none of an audit log's.
    case unreadable(line: Int, reason: String)
    /// The last line of an export is missing.
    case cutOff(after: Int64)
}

extension AuditBreak: CustomStringConvertible {
    /// Which entry, and what is wrong with it.
    public var description: String {
        switch self {
        case .wrongSeal(let number):
            "entry \(number) is not the one that was sealed: it, or its seal, was changed"
        case .gap(let last, let found):
            "entry \(last + 1) is missing: entry \(found) comes after \(last == 0 ? "nothing" : "entry \(last)")"
        case .differs(let number, let column):
            "entry \(number): its column '\(column)' says something else than what was sealed"
        case .otherEnd(let known, let found) where found.number < known.number:
            "the log was cut off: it ends with entry \(found.number), and is known to have had entry \(known.number)"
        case .otherEnd(let known, _):
            "entry \(known.number) has another seal than the one that is known: the log was written anew"
        case .unreadable(let line, let reason): "line \(line): \(reason)"
        case .cutOff(let last):
            "the file was cut off after entry \(last): its last line, with the log's end, is missing"
        }
    }
}
