extension Lexer {
    /// The units of durations in their order, in milliseconds.
    static let units: [(name: String, milliseconds: Int64)] = [
        ("y", 31_536_000_000), ("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000),
        ("ms", 1),
    ]

    /// `12`, `1.5e3`, `0x1f`, `1_000`, or a duration such as `1h30m`.
    mutating func numberOrDuration() throws(PromQLError) -> Token.Kind {
        let start = place
        while let byte = peek(),
            isNameStart(byte) || isDigit(byte) || byte == UInt8(ascii: ".") || isExponentSign(start)
        {
            advance()
        }
        let text = source.text(SourceSpan(start, place))
        if let number = Self.number(text) { return .number(number) }
        if let duration = Self.duration(text) { return .duration(duration) }
        throw source.error(
            at: start,
            Self.isMadeOfUnits(text)
                ? "not a valid duration string: \"\(text)\"; each unit once, larger ones first, at most 292 years"
                : "bad number or duration syntax: \"\(text)\"")
    }

    /// Whether a text is numbers with units, in whatever order.
    private static func isMadeOfUnits(_ text: String) -> Bool {
        var rest = Substring(text)
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            let unit = rest.dropFirst(digits.count).prefix { $0.isASCII && $0.isLetter }
            if digits.isEmpty || !units.contains(where: { $0.name == unit }) { return false }
            rest = rest.dropFirst(digits.count + unit.count)
        }
        return true
    }

    /// Whether the byte here is the sign of a decimal exponent, as in `1e-3`.
    private func isExponentSign(_ start: Int) -> Bool {
        guard let byte = peek(), byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-"), place > start else {
            return false
        }
        let isHexadecimal = source.text(SourceSpan(start, start + 2)).lowercased() == "0x"
        return !isHexadecimal && source.bytes[place - 1] | 0x20 == UInt8(ascii: "e") && isDigit(peek(1))
    }

    private static func number(_ text: String) -> Double? {
        if text.lowercased().hasPrefix("0x") {
            let digits = text.dropFirst(2).filter { $0 != "_" }
            return UInt64(digits, radix: 16).map { Double($0) }
        }
        let digits = text.filter { $0 != "_" }
        guard !text.hasSuffix("_"), !text.contains("__"), !text.contains("_."), !text.contains("._"),
            digits.utf8.allSatisfy({ (0x30...0x39).contains($0) || ".eE+-".utf8.contains($0) })
        else { return nil }
        // As in Go, a leading zero means octal where all digits are.
        if digits.utf8.count > 1, digits.utf8.first == 0x30, let number = UInt64(digits, radix: 8) {
            return Double(number)
        }
        return Double(digits).flatMap { $0.isFinite ? $0 : nil }
    }

    /// A duration in milliseconds: each unit at most once, larger units first.
    static func duration(_ text: String) -> Int64? {
        var rest = Substring(text)
        var total: Int64 = 0
        var smallest = -1
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { $0.isASCII && $0.isLetter }
            rest = rest.dropFirst(unit.count)
            guard let count = Int64(digits), let place = units.firstIndex(where: { $0.name == unit }), place > smallest
            else { return nil }
            let (product, isTooLong) = count.multipliedReportingOverflow(by: units[place].milliseconds)
            let (sum, isTooLongInAll) = total.addingReportingOverflow(product)
            if isTooLong || isTooLongInAll || sum > longestDuration { return nil }
            (total, smallest) = (sum, place)
        }
        return text.isEmpty ? nil : total
    }

    /// About 292 years, as Go's durations, so that sums with timestamps never overflow.
    static let longestDuration: Int64 = 9_223_372_036_854

    // MARK: Strings

    /// A string in double or single quotes with Go's escapes, or in backquotes without any.
    mutating func string(quote: UInt8) throws(PromQLError) -> Token.Kind {
        let start = place
        advance()
        var bytes: [UInt8] = []
        while let byte = peek(), byte != quote {
            advance()
            if byte == UInt8(ascii: "\\"), quote != UInt8(ascii: "`") {
                try appendEscape(quote: quote, to: &bytes)
            } else if byte == UInt8(ascii: "\n"), quote != UInt8(ascii: "`") {
                throw source.error(at: start, "unterminated quoted string")
            } else {
                bytes.append(byte)
            }
        }
        guard peek() == quote else { throw source.error(at: start, "unterminated quoted string") }
        advance()
        guard let text = String(validating: bytes, as: UTF8.self) else {
            return .string(String(decoding: bytes, as: UTF8.self), isValid: false)
        }
        return .string(text, isValid: true)
    }

    private static let simpleEscapes: [UInt8: UInt8] = [
        UInt8(ascii: "a"): 0x07, UInt8(ascii: "b"): 0x08, UInt8(ascii: "f"): 0x0c, UInt8(ascii: "n"): 0x0a,
        UInt8(ascii: "r"): 0x0d, UInt8(ascii: "t"): 0x09, UInt8(ascii: "v"): 0x0b, UInt8(ascii: "\\"): 0x5c,
    ]

    private mutating func appendEscape(quote: UInt8, to bytes: inout [UInt8]) throws(PromQLError) {
        let start = place - 1
        guard let letter = peek() else { throw source.error(at: start, "escape sequence not terminated") }
        advance()
        switch letter {
        case quote: bytes.append(quote)
        case UInt8(ascii: "x"): bytes.append(UInt8(truncatingIfNeeded: try digits(2, radix: 16, from: start)))
        case 0x30...0x37:
            advance(-1)
            let value = try digits(3, radix: 8, from: start)
            guard value < 256 else { throw source.error(at: start, "escape sequence is not a byte") }
            bytes.append(UInt8(truncatingIfNeeded: value))
        case UInt8(ascii: "u"): try appendScalar(try digits(4, radix: 16, from: start), from: start, to: &bytes)
        case UInt8(ascii: "U"): try appendScalar(try digits(8, radix: 16, from: start), from: start, to: &bytes)
        default:
            guard let plain = Self.simpleEscapes[letter] else {
                throw source.error(at: start, "unknown escape sequence '\\\(UnicodeScalar(letter))'")
            }
            bytes.append(plain)
        }
    }

    private func appendScalar(_ value: UInt32, from start: Int, to bytes: inout [UInt8]) throws(PromQLError) {
        guard let scalar = UnicodeScalar(value) else {
            throw source.error(at: start, "escape sequence is not a Unicode scalar")
        }
        bytes += Array(String(scalar).utf8)
    }

    private mutating func digits(_ count: Int, radix: Int, from start: Int) throws(PromQLError) -> UInt32 {
        let text = source.text(SourceSpan(place, place + count))
        guard text.utf8.count == count, let value = UInt32(text, radix: radix) else {
            throw source.error(at: start, "escape sequence wants \(count) digits of base \(radix)")
        }
        advance(count)
        return value
    }
}
