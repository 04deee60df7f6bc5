/// Finds out, without running it, which texts an expression can match or must start with, so that an index is asked for
/// a few values rather than every value being tried. It may know less than it could, never more than is true.
struct LiteralScan {
    /// What is known of the texts that match.
    struct Literals {
        /// Every matching text starts with one of these.
        var texts: [String]
        /// Every matching text is one of them, and each of them matches.
        var isComplete: Bool

        static let nothingKnown = Literals(texts: [""], isComplete: false)

        /// The longest start that all texts share.
        var commonPrefix: String {
            guard var shared = texts.first.map({ Array($0.unicodeScalars) }) else { return "" }
            for text in texts.dropFirst() {
                let same = zip(shared, text.unicodeScalars).prefix { $0 == $1 }.count
                shared.removeSubrange(same...)
            }
            var prefix = String.UnicodeScalarView()
            prefix.append(contentsOf: shared)
            return String(prefix)
        }
    }

    /// More texts than this are no longer worth a list.
    private static let mostTexts = 256
    /// Texts of more bytes than this, all together, neither.
    private static let mostBytes = 1 << 16
    /// Deeper nesting is left to the engine.
    private static let deepestGroup = 32

    private let scalars: [Unicode.Scalar]
    private var place = 0
    /// Set where the expression says something that this scan does not follow, such as inline flags.
    private var isLost = false

    /// What is known of the texts that match `expression`.
    static func literals(of expression: String) -> Literals {
        var scan = LiteralScan(expression)
        let found = scan.alternation(depth: 0)
        return scan.isLost || scan.place < scan.scalars.count ? .nothingKnown : found
    }

    private init(_ expression: String) { scalars = Array(expression.unicodeScalars) }

    private mutating func alternation(depth: Int) -> Literals {
        var result = sequence(depth: depth)
        while !isLost, take("|") {
            let branch = sequence(depth: depth)
            result.texts += branch.texts
            result.isComplete = result.isComplete && branch.isComplete
            if result.texts.count > Self.mostTexts { isLost = true }
        }
        return result
    }

    private mutating func sequence(depth: Int) -> Literals {
        var result = Literals(texts: [""], isComplete: true)
        while !isLost, let next = peek(), next != "|", next != ")" {
            let atom = quantified(atom(depth: depth))
            guard result.isComplete else { continue }
            result.isComplete = atom.isComplete
            append(atom.texts, to: &result.texts)
        }
        return result
    }

    /// Makes every text go on in each of some ways. It counts first: a few groups in a row can come to millions of texts.
    private mutating func append(_ ways: [String], to texts: inout [String]) {
        if ways.count == 1 {
            // The common case, a sign that stands for itself, costs no copy of what stands before it.
            for place in texts.indices { texts[place] += ways[0] }
            if texts[0].utf8.count * texts.count > Self.mostBytes, Self.bytes(texts) > Self.mostBytes { isLost = true }
            return
        }
        let bytes = Self.bytes(texts) * ways.count + Self.bytes(ways) * texts.count
        guard texts.count * ways.count <= Self.mostTexts, bytes <= Self.mostBytes else {
            isLost = true
            return
        }
        texts = texts.flatMap { start in ways.map { start + $0 } }
    }

    private static func bytes(_ texts: [String]) -> Int { texts.reduce(0) { $0 + $1.utf8.count } }

    /// An atom with a quantifier may be absent or repeated: nothing is known of it.
    private mutating func quantified(_ atom: Literals) -> Literals {
        guard let next = peek(), "*+?{".unicodeScalars.contains(next) else { return atom }
        place += 1
        if next == "{" {
            while let inner = peek(), inner == "," || ("0"..."9").contains(inner) { place += 1 }
            // What is not `{1,2}` is taken literally by the engine.
            if !take("}") { isLost = true }
        }
        return .nothingKnown
    }

    private mutating func atom(depth: Int) -> Literals {
        guard let next = advance() else { return .nothingKnown }
        switch next {
        case "(": return group(depth: depth + 1)
        case "[": return characterClass()
        case "\\": return escape()
        case ".", "^", "$", "*", "+", "?", "{", "}", "]": return .nothingKnown
        default: return Literals(texts: [String(next)], isComplete: true)
        }
    }

    /// A plain or non-capturing group; flags, names, look-around and verbs end the scan.
    private mutating func group(depth: Int) -> Literals {
        if take("?"), !take(":") { isLost = true }
        if peek() == "*" || depth > Self.deepestGroup { isLost = true }
        if isLost { return .nothingKnown }
        let inner = alternation(depth: depth)
        if !take(")") { isLost = true }
        return inner
    }

    /// Skips to the class's end; nothing is known of it.
    private mutating func characterClass() -> Literals {
        _ = take("^")
        _ = take("]")
        while let next = advance() {
            if next == "]" { return .nothingKnown }
            if next == "[" || next == "\\" && (advance() == "Q") { isLost = true }
        }
        isLost = true
        return .nothingKnown
    }

    /// An escaped sign stands for itself; letters and digits have meanings of their own.
    private mutating func escape() -> Literals {
        guard let next = advance(), next.isASCII, next != "Q", next != "E", next != "c" else {
            isLost = true
            return .nothingKnown
        }
        let isMeaningful = next.properties.isAlphabetic || next.properties.numericType != nil
        return isMeaningful ? .nothingKnown : Literals(texts: [String(next)], isComplete: true)
    }

    private func peek() -> Unicode.Scalar? { place < scalars.count ? scalars[place] : nil }

    private mutating func advance() -> Unicode.Scalar? {
        guard let next = peek() else { return nil }
        place += 1
        return next
    }

    private mutating func take(_ wanted: Unicode.Scalar) -> Bool {
        guard peek() == wanted else { return false }
        place += 1
        return true
    }
}
