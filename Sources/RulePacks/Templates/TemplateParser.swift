/// Builds a template's tree: blocks and what they belong to.
struct TemplateParser {
    /// Depth of blocks and parentheses, so that no input can exhaust the stack.
    static let deepest = 32

    private var pieces: ArraySlice<TemplatePiece>
    var tokens: ArraySlice<PlacedTemplateToken> = []
    var place = TemplatePlace()
    var variables: [Set<String>] = [Template.rootVariables]
    private var loops = 0
    private var definitions: [String: [TemplateNode]] = [:]

    static func parse(
        _ source: String
    ) throws(TemplateError) -> (nodes: [TemplateNode], definitions: [String: [TemplateNode]]) {
        var parser = TemplateParser(pieces: try TemplateLexer.pieces(of: source)[...])
        let (nodes, end) = try parser.nodes(depth: 0)
        if let end { throw TemplateError(end.place, "'\(end.keyword)' without a block that it belongs to") }
        return (nodes, parser.definitions)
    }

    private init(pieces: ArraySlice<TemplatePiece>) { self.pieces = pieces }

    /// What closes a list of nodes.
    private struct Closing {
        var keyword: String
        var place: TemplatePlace
    }

    private static let keywords: Set<String> = [
        "if", "else", "end", "range", "with", "define", "template", "block", "break", "continue",
    ]

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
                    nodes.append(.output(try pipeline(depth: 0, mostNames: 1)))
                    try finish()
                    continue
                }
                tokens.removeFirst()
                if word == "end" || word == "else" { return (nodes, Closing(keyword: word, place: start)) }
                if let node = try action(word, start, depth: depth) { nodes.append(node) }
            }
        }
        return (nodes, nil)
    }

    private mutating func action(
        _ word: String, _ start: TemplatePlace, depth: Int
    ) throws(TemplateError) -> TemplateNode? {
        switch word {
        case "if", "with", "range": return try block(word, start, depth: depth)
        case "define":
            if depth > 0 { throw TemplateError(start, "'define' stands outside of every block") }
            try definition(named: try name(word, start), word, start, depth: depth)
            return nil
        case "block":
            let name = try name(word, start)
            let subject = try pipeline(depth: depth)
            try definition(named: name, word, start, depth: depth)
            return .template(name, subject, start)
        case "template":
            let name = try name(word, start)
            let subject = tokens.isEmpty ? nil : try pipeline(depth: depth)
            try finish()
            return .template(name, subject, start)
        default:
            if loops == 0 { throw TemplateError(start, "'\(word)' outside of 'range'") }
            try finish()
            return word == "break" ? .leaveLoop : .nextTurn
        }
    }

    // MARK: Blocks

    private mutating func block(
        _ word: String, _ start: TemplatePlace, depth: Int
    ) throws(TemplateError) -> TemplateNode {
        variables.append([])
        defer { variables.removeLast() }
        let subject = try pipeline(depth: depth, mostNames: word == "range" ? 2 : 1)
        try finish()
        loops += word == "range" ? 1 : 0
        let (then, closing) = try nodes(depth: depth + 1)
        loops -= word == "range" ? 1 : 0
        let otherwise = try otherwise(closing, word, start, depth: depth)
        switch word {
        case "if": return .condition(subject, then: then, otherwise: otherwise)
        case "with": return .with(subject, then: then, otherwise: otherwise)
        default: return .range(subject, each: then, otherwise: otherwise)
        }
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

    /// The body of `define` and `block`, which sees no variable but `$`.
    private mutating func definition(
        named name: String, _ word: String, _ start: TemplatePlace, depth: Int
    ) throws(TemplateError) {
        try finish()
        let outer = (variables, loops)
        (variables, loops) = ([[""]], 0)
        defer { (variables, loops) = outer }
        let (body, closing) = try nodes(depth: depth + 1)
        guard closing?.keyword == "end" else { throw TemplateError(start, "'\(word)' has no 'end'") }
        try finish()
        definitions[name] = body
    }

    private mutating func name(_ word: String, _ start: TemplatePlace) throws(TemplateError) -> String {
        guard case .text(let name) = tokens.popFirst()?.token else {
            throw TemplateError(start, "'\(word)' needs a template's name in quotes")
        }
        return name
    }
}
