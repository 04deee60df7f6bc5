/// Cuts the text of a query into tokens.
///
/// Inside braces a name has no colon; inside brackets a colon separates range and step; elsewhere a name may have
/// colons. Comments run from `#` to the end of the line.
struct Lexer {
    let source: SourceText
    private(set) var place = 0
    private var isInBraces = false
    private var isInBrackets = false
    private var openParentheses: [Int] = []
    /// How many parentheses were open before the bracket.
    private var outerParentheses = 0

    init(_ source: SourceText) { self.source = source }

    /// All tokens, `end` last.
    static func tokens(of source: SourceText) throws(PromQLError) -> [Token] {
        var lexer = Lexer(source)
        var tokens: [Token] = []
        repeat { tokens.append(try lexer.next()) } while tokens.last?.kind != .end
        return tokens
    }

    private mutating func next() throws(PromQLError) -> Token {
        skipSpaceAndComments()
        let start = place
        guard let byte = peek() else { return try end() }
        let kind: Token.Kind
        switch byte {
        case _ where isDigit(byte) || byte == UInt8(ascii: ".") && isDigit(peek(1)):
            kind = try numberOrDuration()
        case _ where isNameStart(byte) || byte == UInt8(ascii: ":") && !isInBraces && !isInBrackets:
            kind = .word(word())
        case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "`"):
            kind = try string(quote: byte)
        default:
            kind = .sign(try sign(byte))
        }
        return Token(kind: kind, span: SourceSpan(start, place))
    }

    private func end() throws(PromQLError) -> Token {
        if isInBraces { throw source.error(at: place, "unexpected end of input inside braces") }
        if isInBrackets { throw source.error(at: place, "unclosed left bracket") }
        if let open = openParentheses.last { throw source.error(at: open, "unclosed left parenthesis") }
        return Token(kind: .end, span: SourceSpan(place, place))
    }

    private mutating func skipSpaceAndComments() {
        while let byte = peek() {
            if byte == UInt8(ascii: "#") {
                place = source.bytes[place...].firstIndex(of: UInt8(ascii: "\n")) ?? source.bytes.count
            } else if isSpace(byte) {
                place += 1
            } else {
                return
            }
        }
    }

    private mutating func word() -> String {
        let start = place
        while let byte = peek(), isNameStart(byte) || isDigit(byte) || byte == UInt8(ascii: ":") && !isInBraces {
            if byte == UInt8(ascii: ":"), isInBrackets { break }
            place += 1
        }
        return source.text(SourceSpan(start, place))
    }

    // MARK: Signs

    /// Longest first.
    private static let signs = ["=~", "!~", "==", "!=", "<=", ">=", "</", ">/"]

    private mutating func sign(_ byte: UInt8) throws(PromQLError) -> String {
        let start = place
        let pair = source.text(SourceSpan(start, start + 2))
        if Self.signs.contains(pair) {
            place += 2
            if !isInBraces, pair == "=~" || pair == "!~" {
                throw source.error(at: start, "unexpected character after '\(pair.prefix(1))': '~'")
            }
            return pair
        }
        place += 1
        switch byte {
        case UInt8(ascii: "("): openParentheses.append(start)
        case UInt8(ascii: ")"): try closeParenthesis(at: start)
        case UInt8(ascii: "{"): try open(&isInBraces, "brace", at: start)
        case UInt8(ascii: "}"): try close(&isInBraces, "brace", at: start)
        case UInt8(ascii: "["):
            try open(&isInBrackets, "bracket", at: start)
            outerParentheses = openParentheses.count
        case UInt8(ascii: "]"): try close(&isInBrackets, "bracket", at: start)
        case _ where ",+-*/%^=<>@:".utf8.contains(byte): break
        default: throw source.error(at: start, "unexpected character: \(character(at: start))")
        }
        return String(UnicodeScalar(byte))
    }

    private mutating func closeParenthesis(at start: Int) throws(PromQLError) {
        if isInBrackets, openParentheses.count <= outerParentheses {
            throw source.error(at: start, "unexpected right parenthesis ')', expected ']'")
        }
        if openParentheses.popLast() == nil { throw source.error(at: start, "unexpected right parenthesis ')'") }
    }

    private func open(_ state: inout Bool, _ name: String, at start: Int) throws(PromQLError) {
        if state { throw source.error(at: start, "unexpected left \(name)") }
        state = true
    }

    private func close(_ state: inout Bool, _ name: String, at start: Int) throws(PromQLError) {
        if !state { throw source.error(at: start, "unexpected right \(name)") }
        state = false
    }

    /// The whole character at a byte, quoted, for messages.
    private func character(at start: Int) -> String {
        let text = String(decoding: source.bytes[start..<min(start + 4, source.bytes.count)], as: UTF8.self)
        return "'\(text.unicodeScalars.first.map { String($0) } ?? "")'"
    }

    // MARK: Bytes

    func peek(_ ahead: Int = 0) -> UInt8? {
        place + ahead < source.bytes.count ? source.bytes[place + ahead] : nil
    }

    mutating func advance(_ count: Int = 1) { place += count }

    func isDigit(_ byte: UInt8?) -> Bool { byte.map { (0x30...0x39).contains($0) } ?? false }

    func isNameStart(_ byte: UInt8) -> Bool {
        (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte) || byte == UInt8(ascii: "_")
    }

    private func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }
}
