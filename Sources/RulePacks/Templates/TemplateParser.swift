/// Builds a template's tree: blocks, pipelines, commands, operands.
struct TemplateParser {
    /// Depth of blocks and parentheses, so that no input can exhaust the stack.
    private static let deepest = 32

    private var pieces: ArraySlice<TemplatePiece>
    private var tokens: ArraySlice<PlacedTemplateToken> = []
    private var place = TemplatePlace()
    private var variables: [Set<String>] = [Template.rootVariables]

    static func parse(_ source: String) throws(TemplateError) -> [TemplateNode] {
        var parser = TemplateParser(pieces: try TemplateLexer.pieces(of: source)[...])
        let (nodes, end) = try parser.nodes(depth: 0)
        if let end { throw TemplateError(end.place, "'\(end.keyword)' without a block that it belongs to") }
        return nodes
    }

    private init(pieces: ArraySlice<TemplatePiece>) { self.pieces = pieces }

    /// What closes a list of nodes.
    private struct Closing {
        var keyword: String
        var place: TemplatePlace
    }

    // MARK: Blocks

    private mutating func nodes(depth: Int) throws(TemplateError) -> ([TemplateNode], Closing?) {
        var nodes: [TemplateNode] = []
        while let piece = pieces.popFirst() {
            switch piece {
            case .text(let text): nodes.append(.text(text))
            case .action(let words, let start):
                tokens = words[...]
                place = start
                if depth > Self.deepest { throw TemplateError(start, "blocks are nested too deeply") }
                guard case .identifier(let word) = words.first?.token, Self.keywords.contains(word) else {
                    nodes.append(try output())
                    continue
                }
                tokens.removeFirst()
                if word == "end" || word == "else" { return (nodes, Closing(keyword: word, place: start)) }
                nodes.append(try block(word, start, depth: depth))
            }
        }
        return (nodes, nil)
    }

    private static let keywords: Set<String> = [
        "if", "else", "end", "range", "with", "define", "template", "block", "break", "continue",
    ]

    private mutating func block(
        _ word: String, _ start: TemplatePlace, depth: Int
    ) throws(TemplateError) -> TemplateNode {
        guard ["if", "range", "with"].contains(word) else {
            throw TemplateError(start, "'\(word)' cannot be used in a rule's or a tip's template")
        }
        variables.append([])
        defer { variables.removeLast() }
        var names: [String] = []
        while word != "if", let name = declaration() { names.append(name) }
        variables[variables.count - 1].formUnion(names)
        let subject = try pipeline(depth: depth)
        try finish()
        let (then, closing) = try nodes(depth: depth + 1)
        let otherwise = try self.otherwise(closing, word, start, depth: depth)
        if word == "if" { return .condition(subject, then: then, otherwise: otherwise) }
        return .unsupported(word, start)
    }

    /// What follows `else` up to `end`; `else if` is a block inside it that shares its `end`.
    private mutating func otherwise(
        _ closing: Closing?, _ word: String, _ start: TemplatePlace, depth: Int
    ) throws(TemplateError) -> [TemplateNode] {
        guard let closing else { throw TemplateError(start, "'\(word)' has no 'end'") }
        if closing.keyword == "end" {
            try finish()
            return []
        }
        if case .identifier(let next) = tokens.first?.token, next == "if" || next == "with" {
            if depth > Self.deepest { throw TemplateError(start, "blocks are nested too deeply") }
            tokens.removeFirst()
            return [try block(next, closing.place, depth: depth + 1)]
        }
        try finish()
        let (nodes, end) = try nodes(depth: depth + 1)
        guard let end, end.keyword == "end" else { throw TemplateError(start, "'\(word)' has no 'end'") }
        try finish()
        return nodes
    }

    /// `$a, $b :=` and `$a :=`, one name at a time; leaves anything else untouched.
    private mutating func declaration() -> String? {
        guard case .variable(let name) = tokens.first?.token, tokens.count >= 2 else { return nil }
        let next = tokens[tokens.startIndex + 1].token
        guard next == .assign || next == .comma, !name.isEmpty else { return nil }
        tokens.removeFirst(2)
        return name
    }

    // MARK: Actions

    private mutating func output() throws(TemplateError) -> TemplateNode {
        let name = declaration()
        let value = try pipeline(depth: 0)
        try finish()
        if let name { variables[variables.count - 1].insert(name) }
        return .output(value, declares: name)
    }

    private func finish() throws(TemplateError) {
        if let extra = tokens.first { throw TemplateError(extra.place, "unexpected \(Self.describe(extra.token))") }
    }

    private mutating func pipeline(depth: Int) throws(TemplateError) -> TemplatePipeline {
        let start = tokens.first?.place ?? place
        if depth > Self.deepest { throw TemplateError(start, "parentheses are nested too deeply") }
        var commands = [try command(isFirst: true, depth: depth)]
        while tokens.first?.token == .pipe {
            tokens.removeFirst()
            commands.append(try command(isFirst: false, depth: depth))
        }
        return TemplatePipeline(commands: commands, place: start)
    }

    private mutating func command(isFirst: Bool, depth: Int) throws(TemplateError) -> TemplateCommand {
        let start = tokens.first?.place ?? place
        var function: TemplateFunction?
        if case .identifier(let name) = tokens.first?.token {
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
            guard operands.count == 1 else {
                throw TemplateError(
                    start, operands.isEmpty ? "a value is missing" : "the first of several values is no function")
            }
            return TemplateCommand(function: nil, operands: operands, place: start)
        }
        let given = operands.count + (isFirst ? 0 : 1)
        guard function.arity.contains(given) else {
            throw TemplateError(start, "\(function.rawValue) takes \(Self.describe(function.arity)), not \(given)")
        }
        return TemplateCommand(function: function, operands: operands, place: start)
    }

    private mutating func operand(depth: Int) throws(TemplateError) -> TemplateOperand? {
        guard let next = tokens.first else { return nil }
        switch next.token {
        case .text(let text):
            tokens.removeFirst()
            return .text(text)
        case .number(let number):
            tokens.removeFirst()
            return .number(number)
        case .variable(let name):
            tokens.removeFirst()
            guard variables.contains(where: { $0.contains(name) }) else {
                throw TemplateError(next.place, "undefined variable \"$\(name)\"")
            }
            return .variable(name, fields: fields(), next.place)
        case .dot:
            tokens.removeFirst()
            return .variable("", fields: [], next.place)
        case .field(let name):
            tokens.removeFirst()
            return .variable("", fields: [name] + fields(), next.place)
        case .leftParenthesis:
            tokens.removeFirst()
            let inner = try pipeline(depth: depth + 1)
            guard tokens.popFirst()?.token == .rightParenthesis else {
                throw TemplateError(next.place, "'(' has no ')'")
            }
            return .pipeline(inner, fields: fields())
        case .identifier(let name):
            guard let function = TemplateFunction(rawValue: name), function.arity.contains(0) else {
                throw TemplateError(next.place, "unexpected '\(name)'; a call inside a call needs parentheses")
            }
            tokens.removeFirst()
            let call = TemplateCommand(function: function, operands: [], place: next.place)
            return .pipeline(TemplatePipeline(commands: [call], place: next.place), fields: [])
        case .pipe, .rightParenthesis, .comma, .assign: return nil
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
        arity.count == 1 ? "\(arity.lowerBound) values" : "at least \(arity.lowerBound) values"
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
        }
    }
}
