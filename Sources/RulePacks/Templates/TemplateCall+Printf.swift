extension TemplateCall {
    /// Go's verbs `%v %s %q %d %f %e %g %%`, with width and precision.
    func formatted() throws(TemplateError) -> String {
        var rest = Substring(try text(0))
        var values = arguments.dropFirst()
        var result = ""
        while let character = rest.popFirst() {
            guard character == "%" else {
                result.append(character)
                continue
            }
            let flags = rest.prefix { "+-# 0".contains($0) }
            rest = rest.dropFirst(flags.count)
            let width = try digits(&rest)
            let precision = rest.first == "." ? try precision(&rest) : nil
            guard let verb = rest.popFirst() else { throw TemplateError(place, "printf: '%' at the end of the format") }
            if verb == "%" {
                result += "%"
                continue
            }
            guard let value = values.popFirst() else {
                throw TemplateError(place, "printf: '%\(verb)' has no value")
            }
            let text = try converted(value, verb, precision, isSigned: flags.contains("+"))
            result += NumberText.padded(text, to: width ?? 0, flags: String(flags))
            if result.utf8.count > Template.longest {
                throw TemplateError(place, "printf: the text would be longer than \(Template.longest) bytes")
            }
        }
        if !values.isEmpty { throw TemplateError(place, "printf: more values than the format has places for") }
        return result
    }

    private func digits(_ rest: inout Substring) throws(TemplateError) -> Int? {
        let digits = rest.prefix { $0.isASCII && $0.isNumber }
        if digits.isEmpty { return nil }
        rest = rest.dropFirst(digits.count)
        guard let number = Int(digits), number <= 200 else {
            throw TemplateError(place, "printf: \(digits) is too wide")
        }
        return number
    }

    private func precision(_ rest: inout Substring) throws(TemplateError) -> Int {
        rest = rest.dropFirst()
        return try digits(&rest) ?? 0
    }

    private func converted(
        _ value: TemplateValue, _ verb: Character, _ precision: Int?, isSigned: Bool
    ) throws(TemplateError) -> String {
        switch verb {
        case "v", "s":
            guard verb == "v", let precision, let number = value.number else { return value.text }
            return NumberText.general(number, precision)
        case "q": return "\"" + value.text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
        case "d":
            guard let number = value.number, let whole = Int(exactly: number.rounded(.towardZero)) else { break }
            return (isSigned && whole >= 0 ? "+" : "") + String(whole)
        case "f", "F", "e", "E", "g", "G":
            guard let number = value.number else { break }
            return (isSigned && number >= 0 ? "+" : "") + NumberText.converted(number, verb, precision)
        case "t":
            guard case .boolean(let flag) = value else { break }
            return flag ? "true" : "false"
        case "x", "X", "o", "b":
            guard let number = value.number, let whole = Int(exactly: number.rounded(.towardZero)) else { break }
            return String(whole, radix: verb == "o" ? 8 : verb == "b" ? 2 : 16, uppercase: verb == "X")
        case "c":
            guard case .whole(let code) = value, let scalar = UInt32(exactly: code).flatMap(Unicode.Scalar.init)
            else { break }
            return String(Character(scalar))
        default:
            throw TemplateError(
                place, "printf: unknown verb '%\(verb)'; known are %v %s %q %d %f %e %g %t %x %o %b %c %%")
        }
        throw TemplateError(place, "printf: '%\(verb)' cannot write \(value.text.prefix(100))")
    }
}
