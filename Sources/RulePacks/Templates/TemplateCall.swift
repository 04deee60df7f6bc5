import FleetModel
import Patterns

/// One call of a function inside a template.
struct TemplateCall {
    let function: TemplateFunction
    let arguments: [TemplateValue]
    let scene: TemplateScene
    let place: TemplatePlace

    func result() throws(TemplateError) -> TemplateValue {
        switch function {
        case .humanize: .text(Humanize.decimal(try number(0)))
        case .humanize1024: .text(Humanize.binary(try number(0)))
        case .humanizeDuration: .text(Humanize.duration(try number(0)))
        case .humanizePercentage: .text(Humanize.percentage(try number(0)))
        case .humanizeTimestamp: .text(Humanize.timestamp(try number(0)))
        case .toTime: .moment(try moment())
        case .toDuration: .span(try number(0))
        case .now: .number(scene.moment.seconds)
        case .parseDuration: .number(try seconds())
        case .query, .first, .label, .value, .strvalue, .sortByLabel: try ofAnswer()
        case .parameter: .number(try parameter())
        case .pathPrefix: .text(scene.externalPath)
        case .externalURL: .text(scene.externalURL)
        case .not: .boolean(!(arguments.first?.isTrue ?? false))
        case .equal: .boolean(arguments.dropFirst().contains(where: isEqualToFirst))
        case .notEqual: .boolean(!isEqualToFirst(arguments[1]))
        case .less: .boolean(try ordered { $0 < $1 })
        case .lessOrEqual: .boolean(try ordered { $0 <= $1 })
        case .greater: .boolean(try ordered { $0 > $1 })
        case .greaterOrEqual: .boolean(try ordered { $0 >= $1 })
        case .match: .boolean(try isFound())
        case .args: .map(numbered())
        case .index: try indexed()
        case .slice: try sliced()
        case .length: .whole(try length())
        case .and, .or, .tmpl:
            throw TemplateError(place, "'\(function.rawValue)' is carried out elsewhere; this is a defect of Evenkeel")
        default: .text(try ofText())
        }
    }

    /// Functions that give texts.
    private func ofText() throws(TemplateError) -> String {
        switch function {
        case .printf: try formatted()
        case .print: printed()
        case .println: arguments.map(\.text).joined(separator: " ") + "\n"
        case .title: capitalised(try text(0))
        case .toUpper: try text(0).uppercased()
        case .toLower: try text(0).lowercased()
        case .stripPort: HostText.withoutPort(try text(0))
        case .stripDomain: HostText.withoutDomain(try text(0))
        case .reReplaceAll: try replaced()
        case .graphLink: "/graph?g0.expr=\(TextEscape.query(try text(0)))&g0.tab=0"
        case .tableLink: "/graph?g0.expr=\(TextEscape.query(try text(0)))&g0.tab=1"
        case .urlQueryEscape, .urlquery: TextEscape.query(printed())
        case .html: TextEscape.html(printed())
        case .js: TextEscape.javaScript(printed())
        default: try text(0)
        }
    }

    // MARK: Arguments

    func number(_ index: Int) throws(TemplateError) -> Double {
        guard index < arguments.count, let number = arguments[index].number else {
            throw TemplateError(place, "\(function.rawValue) needs a number")
        }
        return number
    }

    func text(_ index: Int) throws(TemplateError) -> String {
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

    // MARK: Comparisons

    private func isEqualToFirst(_ other: TemplateValue) -> Bool {
        guard let first = arguments.first else { return false }
        if case .text = first { return first == other }
        if let left = first.number, let right = other.number { return left == right }
        return first == other
    }

    private func ordered(_ holds: (Double, Double) -> Bool) throws(TemplateError) -> Bool {
        if case .text(let left) = arguments[0], case .text(let right) = arguments[1] {
            return holds(left < right ? 0 : left == right ? 1 : 2, 1)
        }
        return holds(try number(0), try number(1))
    }

    // MARK: Times

    private func moment() throws(TemplateError) -> Timestamp {
        let seconds = try number(0)
        guard seconds.magnitude < 2.5e11, let moment = Timestamp(seconds: seconds) else {
            throw TemplateError(place, "\(NumberText.shortest(seconds)) seconds are no moment")
        }
        return moment
    }

    private func seconds() throws(TemplateError) -> Double {
        let text = try text(0)
        let span = Duration(prometheus: text.hasPrefix("-") ? String(text.dropFirst()) : text)
        guard let span else { throw TemplateError(place, "'\(text)' is not a span of time such as 5m or 1h30m") }
        return Double(span.milliseconds) / (text.hasPrefix("-") ? -1000 : 1000)
    }

    // MARK: Texts

    private func parameter() throws(TemplateError) -> Double {
        let name = try text(0)
        guard let value = scene.parameters[name] else {
            throw TemplateError(place, "the pack has no parameter '\(name)'")
        }
        return value
    }

    /// As Go's `strings.Title`: the first letter behind whatever is neither letter, digit nor `_`.
    private func capitalised(_ text: String) -> String {
        var atStart = true
        return String(
            text.map { character in
                defer {
                    atStart =
                        character.isASCII
                        ? !(character.isLetter || character.isNumber || character == "_") : character.isWhitespace
                }
                return atStart ? Character(character.uppercased().prefix(1).description) : character
            })
    }

    private func isFound() throws(TemplateError) -> Bool {
        let (pattern, candidate) = (try text(0), try text(1))
        do throws(PatternError) {
            return try TextSearch(pattern).isFound(in: candidate)
        } catch {
            throw TemplateError(place, "\(error)")
        }
    }

    private func replaced() throws(TemplateError) -> String {
        let (pattern, replacement, candidate) = (try text(0), try text(1), try text(2))
        do throws(PatternError) {
            return try TextSearch(pattern).replacingAll(in: candidate, with: replacement)
        } catch {
            throw TemplateError(place, "\(error)")
        }
    }

    // MARK: Collections

    private func numbered() -> [String: TemplateValue] {
        Dictionary(
            arguments.enumerated().map { ("arg\($0.offset)", $0.element) }, uniquingKeysWith: { first, _ in first })
    }

    private func length() throws(TemplateError) -> Int {
        guard let length = arguments[0].length else { throw TemplateError(place, "len of what has no length") }
        return length
    }

    private func indexed() throws(TemplateError) -> TemplateValue {
        var value = arguments[0]
        for key in arguments.dropFirst() {
            guard let inner = value.element(key) else {
                throw TemplateError(place, "index: there is no \(key.text) in \(value.text.prefix(100))")
            }
            value = inner
        }
        return value
    }

    private func sliced() throws(TemplateError) -> TemplateValue {
        guard let count = arguments[0].length else { throw TemplateError(place, "slice of what has no parts") }
        var bounds = [0, count]
        for (place, argument) in arguments.dropFirst().enumerated() {
            if case .whole(let number) = argument { bounds[place] = number }
        }
        guard bounds[0] >= 0, bounds[0] <= bounds[1], bounds[1] <= count else {
            throw TemplateError(place, "slice: \(bounds[0]) to \(bounds[1]) of \(count)")
        }
        switch arguments[0] {
        case .text(let text): return .text(String(decoding: Array(text.utf8)[bounds[0]..<bounds[1]], as: UTF8.self))
        case .list(let values): return .list(Array(values[bounds[0]..<bounds[1]]))
        default: throw TemplateError(place, "slice needs a text or a list")
        }
    }
}
