import FleetModel

extension TemplateParser {
    func finish() throws(TemplateError) {
        if let extra = tokens.first { throw TemplateError(extra.place, "unexpected \(Self.describe(extra.token))") }
    }

    mutating func pipeline(depth: Int, mostNames: Int = 0) throws(TemplateError) -> TemplatePipeline {
        let start = tokens.first?.place ?? place
        if depth > Self.deepest { throw TemplateError(start, "parentheses are nested too deeply") }
        let (names, declares) = try naming(most: mostNames)
        var commands = [try command(isFirst: true, depth: depth)]
        while tokens.first?.token == .pipe {
            tokens.removeFirst()
            commands.append(try command(isFirst: false, depth: depth))
        }
        if declares { variables[variables.count - 1].formUnion(names) }
        return TemplatePipeline(names: names, declares: declares, commands: commands, place: start)
    }

    /// `$a :=`, `$a, $b :=` and `$a =`; leaves anything else untouched.
    private mutating func naming(most: Int) throws(TemplateError) -> (names: [String], declares: Bool) {
        var names: [String] = []
        var place = tokens.startIndex
        while names.count < most, place + 1 < tokens.endIndex, case .variable(let name) = tokens[place].token,
            !name.isEmpty
        {
            names.append(name)
            let next = tokens[place + 1]
            place += 2
            switch next.token {
            case .comma: continue
            case .declare:
                tokens.removeFirst(place - tokens.startIndex)
                return (names, true)
            case .assign:
                for name in names { try requireKnown(name, next.place) }
                tokens.removeFirst(place - tokens.startIndex)
                return (names, false)
            default: return ([], false)
            }
        }
        return ([], false)
    }

    private func requireKnown(_ name: String, _ place: TemplatePlace) throws(TemplateError) {
        guard variables.contains(where: { $0.contains(name) }) else {
            throw TemplateError(place, "undefined variable \"$\(name)\"")
        }
    }

    private mutating func command(isFirst: Bool, depth: Int) throws(TemplateError) -> TemplateCommand {
        let start = tokens.first?.place ?? place
        var function: TemplateFunction?
        if case .identifier(let name) = tokens.first?.token, Self.constants[name] == nil {
            guard let known = TemplateFunction(rawValue: name) else {
                throw TemplateError(start, "function \"\(name)\" not defined\(Self.suggestion(for: name))")
            }
            function = known
            tokens.removeFirst()
        }
        var operands: [TemplateOperand] = []
        while let operand = try operand(depth: depth) { operands.append(operand) }
        guard let function else {
            guard isFirst else { throw TemplateError(start, "only a function can follow '|'") }
            guard let first = operands.first else { throw TemplateError(start, "a value is missing") }
            guard operands.count == 1 || !first.fields.isEmpty else {
                throw TemplateError(start, "the first of several values is no function")
            }
            return TemplateCommand(function: nil, operands: operands, place: start)
        }
        let given = operands.count + (isFirst ? 0 : 1)
        guard function.arity.contains(given) else {
            throw TemplateError(start, "\(function.rawValue) takes \(Self.describe(function.arity)), not \(given)")
        }
        return TemplateCommand(function: function, operands: operands, place: start)
    }

    private static let constants: [String: TemplateValue] = [
        "true": .boolean(true), "false": .boolean(false), "nil": .nothing,
    ]

    private mutating func operand(depth: Int) throws(TemplateError) -> TemplateOperand? {
        guard let next = tokens.first else { return nil }
        switch next.token {
        case .text(let text):
            tokens.removeFirst()
            return .constant(.text(text))
        case .number(let number):
            tokens.removeFirst()
            return .constant(Int(exactly: number).map { .whole($0) } ?? .number(number))
        case .variable(let name):
            tokens.removeFirst()
            try requireKnown(name, next.place)
            return .variable(name, fields: fields(), next.place)
        case .dot:
            tokens.removeFirst()
            return .dot(fields: [], next.place)
        case .field(let name):
            tokens.removeFirst()
            return .dot(fields: [name] + fields(), next.place)
        case .leftParenthesis:
            tokens.removeFirst()
            let inner = try pipeline(depth: depth + 1)
            guard tokens.popFirst()?.token == .rightParenthesis else {
                throw TemplateError(next.place, "'(' has no ')'")
            }
            return .pipeline(inner, fields: fields())
        case .identifier(let name):
            tokens.removeFirst()
            if let constant = Self.constants[name] { return .constant(constant) }
            guard let function = TemplateFunction(rawValue: name), function.arity.contains(0) else {
                throw TemplateError(next.place, "unexpected '\(name)'; a call inside a call needs parentheses")
            }
            let call = TemplateCommand(function: function, operands: [], place: next.place)
            return .pipeline(TemplatePipeline(commands: [call], place: next.place), fields: [])
        case .pipe, .rightParenthesis, .comma, .assign, .declare: return nil
        }
    }

    /// `.a.b` directly behind an operand.
    private mutating func fields() -> [String] {
        var fields: [String] = []
        while let next = tokens.first, !next.isSpaced, case .field(let name) = next.token {
            tokens.removeFirst()
            fields.append(name)
        }
        return fields
    }

    // MARK: Words

    private static func suggestion(for name: String) -> String {
        let near = Spelling.nearest(to: name, among: TemplateFunction.allCases.map(\.rawValue))
        return near.map { "; did you mean \"\($0)\"?" } ?? ""
    }

    private static func describe(_ arity: ClosedRange<Int>) -> String {
        arity.count == 1 ? "\(arity.lowerBound) values" : "\(arity.lowerBound) to \(arity.upperBound) values"
    }

    private static func describe(_ token: TemplateToken) -> String {
        switch token {
        case .field(let name): "'.\(name)'"
        case .dot: "'.'"
        case .variable(let name): "'$\(name)'"
        case .identifier(let name): "'\(name)'"
        case .text: "text"
        case .number: "number"
        case .pipe: "'|'"
        case .leftParenthesis: "'('"
        case .rightParenthesis: "')'"
        case .comma: "','"
        case .assign: "'='"
        case .declare: "':='"
        }
    }
}
