/// Cuts a template into texts and actions, and actions into words, as Go's text/template does.
struct TemplateLexer {
    private let scalars: [Unicode.Scalar]
    private var index = 0
    private var place = TemplatePlace()
    /// Whether the action before ended in ` -}}`, which eats the white space that follows.
    private var trimsNext = false

    init(_ source: String) {
        scalars = Array(source.unicodeScalars)
    }

    static func pieces(of source: String) throws(TemplateError) -> [TemplatePiece] {
        var lexer = TemplateLexer(source)
        var pieces: [TemplatePiece] = []
        while lexer.index < lexer.scalars.count {
            if let text = lexer.text() { pieces.append(.text(text)) }
            if let action = try lexer.action() { pieces.append(action) }
        }
        return pieces
    }

    // MARK: Text

    /// Everything up to the next action; `nil` where nothing is left of it.
    private mutating func text() -> String? {
        var text = String.UnicodeScalarView()
        while index < scalars.count, !follows("{{") { text.append(advance()) }
        var result = String(text)
        if trimsNext { result = String(result.drop(while: \.isWhitespace)) }
        trimsNext = false
        if follows("{{-"), index + 3 < scalars.count, scalars[index + 3].properties.isWhitespace {
            while result.last?.isWhitespace == true { result.removeLast() }
        }
        return result.isEmpty ? nil : result
    }

    // MARK: Actions

    private mutating func action() throws(TemplateError) -> TemplatePiece? {
        guard follows("{{") else { return nil }
        let start = place
        skip(2)
        if follows("-"), index + 1 < scalars.count, scalars[index + 1].properties.isWhitespace { skip(1) }
        if try comment(from: start) { return nil }
        var tokens: [PlacedTemplateToken] = []
        while true {
            let isSpaced = skipWhitespace() || tokens.isEmpty
            guard index < scalars.count else { throw TemplateError(start, "'{{' has no '}}'") }
            if try closes(isSpaced) { return .action(tokens, start) }
            let here = place
            tokens.append(PlacedTemplateToken(token: try token(), isSpaced: isSpaced, place: here))
        }
    }

    /// Takes `}}`, or `-}}` after white space.
    private mutating func closes(_ isSpaced: Bool) throws(TemplateError) -> Bool {
        if isSpaced, follows("-}}") {
            skip(3)
            trimsNext = true
            return true
        }
        guard follows("}}") else { return false }
        skip(2)
        return true
    }

    private mutating func comment(from start: TemplatePlace) throws(TemplateError) -> Bool {
        let mark = (index, place)
        _ = skipWhitespace()
        guard follows("/*") else {
            (index, place) = mark
            return false
        }
        while index < scalars.count, !follows("*/") { skip(1) }
        skip(2)
        let isSpaced = skipWhitespace()
        guard try closes(isSpaced) else { throw TemplateError(start, "a comment must be the whole action") }
        return true
    }

    private mutating func token() throws(TemplateError) -> TemplateToken {
        let start = place
        let first = advance()
        switch first {
        case "|": return .pipe
        case "(": return .leftParenthesis
        case ")": return .rightParenthesis
        case ",": return .comma
        case "=": return .assign
        case ":" where follows("="):
            skip(1)
            return .declare
        case "$": return .variable(word())
        case ".":
            if index < scalars.count, isDigit(scalars[index]) { return try number(from: start, first) }
            let name = word()
            return name.isEmpty ? .dot : .field(name)
        case "\"": return .text(try quoted(from: start))
        case "`": return .text(try rawQuoted(from: start))
        case "-", "+": return try number(from: start, first)
        case _ where isDigit(first): return try number(from: start, first)
        case _ where isLetter(first): return .identifier(String(first) + word())
        default: throw TemplateError(start, "unexpected '\(first)' in an action")
        }
    }

    // MARK: Literals

    private mutating func quoted(from start: TemplatePlace) throws(TemplateError) -> String {
        var text = String.UnicodeScalarView()
        while index < scalars.count, scalars[index] != "\n" {
            let here = place
            let next = advance()
            if next == "\"" { return String(text) }
            text.append(next == "\\" ? try escaped(here) : next)
        }
        throw TemplateError(start, "a text has no closing '\"'")
    }

    private mutating func escaped(_ start: TemplatePlace) throws(TemplateError) -> Unicode.Scalar {
        guard index < scalars.count else { throw TemplateError(start, "a text ends in '\\'") }
        switch advance() {
        case "n": return "\n"
        case "t": return "\t"
        case "r": return "\r"
        case "a": return "\u{7}"
        case "b": return "\u{8}"
        case "f": return "\u{c}"
        case "v": return "\u{b}"
        case "\\": return "\\"
        case "\"": return "\""
        case "x": return try scalar(digits: 2, start)
        case "u": return try scalar(digits: 4, start)
        case "U": return try scalar(digits: 8, start)
        case let other:
            throw TemplateError(
                start, "'\\\(other)' is not an escape; known are \\a \\b \\f \\n \\r \\t \\v \\x \\u \\U \\\\ \\\"")
        }
    }

    private mutating func scalar(digits count: Int, _ start: TemplatePlace) throws(TemplateError) -> Unicode.Scalar {
        var text = ""
        while text.utf8.count < count, index < scalars.count, scalars[index].properties.isASCIIHexDigit {
            text.unicodeScalars.append(advance())
        }
        guard text.utf8.count == count, let code = UInt32(text, radix: 16), let scalar = Unicode.Scalar(code) else {
            throw TemplateError(start, "an escape needs \(count) hexadecimal digits of a character")
        }
        return scalar
    }

    private mutating func rawQuoted(from start: TemplatePlace) throws(TemplateError) -> String {
        var text = String.UnicodeScalarView()
        while index < scalars.count {
            let next = advance()
            if next == "`" { return String(text) }
            text.append(next)
        }
        throw TemplateError(start, "a text has no closing '`'")
    }

    private mutating func number(
        from start: TemplatePlace, _ first: Unicode.Scalar
    ) throws(TemplateError) -> TemplateToken {
        var text = String(first)
        while index < scalars.count {
            let next = scalars[index]
            let isSign = (next == "-" || next == "+") && (text.hasSuffix("e") || text.hasSuffix("E"))
            guard isLetter(next) || isDigit(next) || next == "." || isSign else { break }
            text.unicodeScalars.append(advance())
        }
        guard let value = Double(text), value.isFinite else { throw TemplateError(start, "'\(text)' is not a number") }
        return .number(value)
    }

    // MARK: Characters

    private mutating func word() -> String {
        var word = String.UnicodeScalarView()
        while index < scalars.count, isLetter(scalars[index]) || isDigit(scalars[index]) { word.append(advance()) }
        return String(word)
    }

    private func isLetter(_ scalar: Unicode.Scalar) -> Bool { scalar == "_" || scalar.properties.isAlphabetic }

    private func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

    private func follows(_ text: String) -> Bool {
        var here = index
        for scalar in text.unicodeScalars {
            guard here < scalars.count, scalars[here] == scalar else { return false }
            here += 1
        }
        return true
    }

    private mutating func skipWhitespace() -> Bool {
        let start = index
        while index < scalars.count, scalars[index].properties.isWhitespace { _ = advance() }
        return index > start
    }

    private mutating func skip(_ count: Int) {
        for _ in 0..<count where index < scalars.count { _ = advance() }
    }

    private mutating func advance() -> Unicode.Scalar {
        let scalar = scalars[index]
        index += 1
        if scalar == "\n" {
            place.line += 1
            place.column = 1
        } else {
            place.column += 1
        }
        return scalar
    }
}
