/// One call of a function inside a template.
struct TemplateCall {
    let function: TemplateFunction
    let arguments: [TemplateValue]
    let scene: TemplateScene
    let place: TemplatePlace

    func result() throws(TemplateError) -> TemplateValue {
        switch function {
        case .humanize: return .text(Humanize.decimal(try number(0)))
        case .humanize1024: return .text(Humanize.binary(try number(0)))
        case .humanizeDuration: return .text(Humanize.duration(try number(0)))
        case .humanizePercentage: return .text(Humanize.percentage(try number(0)))
        case .humanizeTimestamp: return .text(Humanize.timestamp(try number(0)))
        case .printf: return .text(try formatted())
        case .print: return .text(printed())
        case .title: return .text(capitalised(try text(0)))
        case .toUpper: return .text(try text(0).uppercased())
        case .toLower: return .text(try text(0).lowercased())
        case .stripPort: return .text(String(try text(0).prefix { $0 != ":" }))
        case .stripDomain: return .text(String(try text(0).prefix { $0 != "." }))
        case .length: return .whole(try text(0).utf8.count)
        case .parameter: return .number(try parameter())
        case .not: return .boolean(!(arguments.first?.isTrue ?? false))
        case .and: return arguments.first { !$0.isTrue } ?? arguments.last ?? .boolean(true)
        case .or: return arguments.first { $0.isTrue } ?? arguments.last ?? .boolean(false)
        case .equal: return .boolean(arguments.dropFirst().contains(where: isEqualToFirst))
        case .notEqual: return .boolean(!isEqualToFirst(arguments[1]))
        case .less: return .boolean(try ordered { $0 < $1 })
        case .lessOrEqual: return .boolean(try ordered { $0 <= $1 })
        case .greater: return .boolean(try ordered { $0 > $1 })
        case .greaterOrEqual: return .boolean(try ordered { $0 >= $1 })
        default: throw TemplateError(place, "'\(function.rawValue)' cannot be used in a rule's or a tip's template yet")
        }
    }

    // MARK: Arguments

    private func number(_ index: Int) throws(TemplateError) -> Double {
        guard index < arguments.count, let number = arguments[index].number else {
            throw TemplateError(place, "\(function.rawValue) needs a number")
        }
        return number
    }

    private func text(_ index: Int) throws(TemplateError) -> String {
        guard index < arguments.count, case .text(let text) = arguments[index] else {
            throw TemplateError(place, "\(function.rawValue) needs a text")
        }
        return text
    }

    /// As Go's `Sprint`: a space between two values of which neither is a text.
    private func printed() -> String {
        var result = ""
        var afterText = true
        for argument in arguments {
            var isText = false
            if case .text = argument { isText = true }
            if !afterText, !isText { result += " " }
            result += argument.text
            afterText = isText
        }
        return result
    }

    private func isEqualToFirst(_ other: TemplateValue) -> Bool {
        guard let first = arguments.first else { return false }
        if case .text = first { return first == other }
        if let left = first.number, let right = other.number { return left == right }
        return first == other
    }

    private func ordered(_ holds: (Double, Double) -> Bool) throws(TemplateError) -> Bool {
        holds(try number(0), try number(1))
    }

    private func parameter() throws(TemplateError) -> Double {
        let name = try text(0)
        guard let value = scene.parameters[name] else {
            throw TemplateError(place, "the pack has no parameter '\(name)'")
        }
        return value
    }

    private func capitalised(_ text: String) -> String {
        var atStart = true
        return String(
            text.map { character in
                defer { atStart = character.isWhitespace }
                return atStart ? Character(character.uppercased().prefix(1).description) : character
            })
    }

    // MARK: printf

    /// Go's verbs `%v %s %q %d %f %e %g %%`, with width and precision.
    private func formatted() throws(TemplateError) -> String {
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
        default: throw TemplateError(place, "printf: unknown verb '%\(verb)'; known are %v %s %q %d %f %e %g %%")
        }
        throw TemplateError(place, "printf: '%\(verb)' needs a number")
    }
}
