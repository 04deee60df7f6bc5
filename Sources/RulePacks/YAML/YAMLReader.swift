import FleetModel
import Yams

/// Reads the values of one YAML file and gathers everything that is wrong with them.
struct YAMLReader {
    /// How many values a file may come to once its aliases are written out.
    private static let mostValues = 50_000
    /// How deep values may be inside each other; no format here needs more than eight.
    private static let deepest = 32
    /// How many findings are worth a look.
    private static let mostFindings = 200

    let file: String
    /// Whether anchors, aliases and merge keys are allowed: Prometheus' rule files may have them.
    let allowsAliases: Bool
    private var noted: [PackFinding] = []
    private var hasMore = false
    private var valuesLeft = mostValues
    /// Nodes know their anchors only as long as the parser lives.
    private var parser: Parser?

    init(file: String, allowsAliases: Bool) {
        self.file = file
        self.allowsAliases = allowsAliases
    }

    /// Everything that is wrong with the file, in the order of its lines; of very much the first of it.
    var findings: [PackFinding] {
        let sorted = noted.enumerated().sorted { left, right in
            let (one, other) = (left.element.place, right.element.place)
            return (one.line, one.column, left.offset) < (other.line, other.column, right.offset)
        }.map(\.element)
        if !hasMore { return sorted }
        let rest = PackFinding(SourcePlace(file: file), "there is more; only the first \(Self.mostFindings) are shown")
        return sorted + [rest]
    }

    /// What is found once the file's budget is spent is only that something is missing.
    mutating func note(_ place: SourcePlace, _ message: String) {
        if valuesLeft <= 0 { return }
        if noted.count < Self.mostFindings { noted.append(PackFinding(place, message)) } else { hasMore = true }
    }

    /// Whether the file comes to more values than are read: what is behind them is missing.
    var isSpent: Bool { valuesLeft <= 0 }

    private var isFull: Bool { valuesLeft <= 0 || noted.count >= Self.mostFindings }

    // MARK: The file

    /// The file's one document; `nil`, and a finding, where it is not YAML.
    mutating func document(_ text: String) -> YAMLValue? {
        if let finding = YAMLGuard.objection(to: text, file: file) {
            noted.append(finding)
            return nil
        }
        do {
            let parser = try Parser(yaml: text)
            self.parser = parser
            return try parser.singleRoot().flatMap { admit($0) }
        } catch let error as YamlError {
            noted.append(Self.finding(error, file: file))
        } catch {
            note(SourcePlace(file: file), "\(error)")
        }
        return nil
    }

    private static func finding(_ error: YamlError, file: String) -> PackFinding {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            PackFinding(SourcePlace(file: file, line: mark.line, column: mark.column), "not YAML: \(problem)")
        case .duplicatedKeysInMapping(let keys, let context):
            PackFinding(
                SourcePlace(file: file, line: context.mark.line, column: context.mark.column),
                "\(keys.map { "'\($0)'" }.joined(separator: ", ")) is there twice")
        case .reader(let problem, let offset, _, _):
            PackFinding(SourcePlace(file: file), "not YAML: \(problem)\(offset.map { " at byte \($0)" } ?? "")")
        default: PackFinding(SourcePlace(file: file), "not YAML: \(error)")
        }
    }

    /// Counts the value against the file's budget.
    private mutating func admit(_ node: Node) -> YAMLValue? {
        let value = YAMLValue(node, file: file)
        if !allowsAliases, node.anchor != nil {
            note(value.place, "anchors and aliases are not allowed here; write the value out")
            return nil
        }
        if valuesLeft == 1 { note(value.place, "the file comes to more than \(Self.mostValues) values") }
        valuesLeft -= 1
        return valuesLeft > 0 ? value : nil
    }

    // MARK: Collections

    /// A mapping with words as keys; `nil`, and a finding, where it is something else.
    mutating func mapping(_ value: YAMLValue, _ what: String) -> YAMLMapping? {
        guard case .mapping(let mapping) = value.node else {
            note(value.place, "\(what) must be a mapping, not \(value.kind)")
            return nil
        }
        var entries: [(key: String, place: SourcePlace, value: YAMLValue)] = []
        var keys: Set<String> = []
        gather(mapping, depth: 0, &keys, into: &entries)
        return YAMLMapping(place: value.place, entries: entries)
    }

    /// The mapping's own entries first, then those that `<<` brings in and it does not have.
    private mutating func gather(
        _ mapping: Node.Mapping, depth: Int, _ keys: inout Set<String>,
        into entries: inout [(key: String, place: SourcePlace, value: YAMLValue)]
    ) {
        var merged: [Node] = []
        for (key, node) in mapping {
            guard case .scalar(let scalar) = key, let place = admit(key)?.place else {
                note(YAMLValue(key, file: file).place, "a key must be a word")
                continue
            }
            if scalar.string == "<<", allowsAliases {
                if case .sequence(let several) = node { merged += Array(several) } else { merged.append(node) }
            } else if keys.insert(scalar.string).inserted, let value = admit(node) {
                entries.append((scalar.string, place, value))
            }
        }
        for node in merged where valuesLeft > 0 && depth < Self.deepest {
            if case .mapping(let inner) = node { gather(inner, depth: depth + 1, &keys, into: &entries) }
        }
    }

    /// A list; `nil`, and a finding, where it is something else.
    mutating func list(_ value: YAMLValue, _ what: String) -> [YAMLValue]? {
        guard case .sequence(let sequence) = value.node else {
            note(value.place, "\(what) must be a list, not \(value.kind)")
            return nil
        }
        return sequence.compactMap { admit($0) }
    }

    /// Notes every key that nobody asked for, with what it may have meant.
    mutating func finish(_ mapping: YAMLMapping, _ what: String) {
        for (key, place) in mapping.unknown {
            if isFull {
                hasMore = true
                return
            }
            let near = Spelling.nearest(to: key, among: mapping.known)
            let hint = near.map { "did you mean '\($0)'?" } ?? "it knows \(mapping.known.joined(separator: ", "))"
            note(place, "unknown key '\(key)' in \(what); \(hint)")
        }
    }

    // MARK: Scalars

    /// A text; numbers and words count as written.
    mutating func text(_ value: YAMLValue, _ what: String) -> String? {
        guard case .scalar(let scalar) = value.node else {
            note(value.place, "\(what) must be a text, not \(value.kind)")
            return nil
        }
        return scalar.string
    }

    /// The text of a key that must be there.
    mutating func text(_ mapping: inout YAMLMapping, _ key: String, of what: String) -> String? {
        guard let value = mapping.take(key) else {
            note(mapping.place, "\(what) has no '\(key)'")
            return nil
        }
        return text(value, "'\(key)'")
    }

    /// Prometheus' way of writing spans: `90s`, `1h30m`, `0`.
    mutating func duration(_ value: YAMLValue, _ what: String) -> Duration? {
        guard let text = text(value, what) else { return nil }
        guard let duration = Duration(prometheus: text) else {
            note(value.place, "\(what) is '\(text)', not a span of time; write 30s, 5m or 1h30m")
            return nil
        }
        return duration
    }

    /// The span of a key, or `standard` where it is not there.
    mutating func duration(_ mapping: inout YAMLMapping, _ key: String, else standard: Duration) -> Duration {
        guard let value = mapping.take(key) else { return standard }
        return duration(value, "'\(key)'") ?? standard
    }

    mutating func whole(_ value: YAMLValue, _ what: String) -> Int? {
        guard let text = text(value, what) else { return nil }
        guard let number = Int(text), number >= 0 else {
            note(value.place, "\(what) is '\(text)', not a whole number")
            return nil
        }
        return number
    }

    /// One of the words of an enumeration.
    mutating func word<Words: RawRepresentable & CaseIterable>(
        _ value: YAMLValue, _ what: String
    ) -> Words? where Words.RawValue == String {
        guard let text = text(value, what) else { return nil }
        if let word = Words(rawValue: text) { return word }
        let known = Words.allCases.map(\.rawValue)
        let near = Spelling.nearest(to: text, among: known)
        let hint = near.map { "did you mean '\($0)'?" } ?? "it is one of \(known.joined(separator: ", "))"
        note(value.place, "\(what) is '\(text)'; \(hint)")
        return nil
    }

    /// A template, read and checked.
    mutating func template(_ value: YAMLValue, _ what: String) -> Template? {
        guard let text = text(value, what) else { return nil }
        do throws(TemplateError) {
            return try Template(text)
        } catch {
            note(value.place, "\(what): template: \(error)")
            return nil
        }
    }

    /// A PromQL expression, read and checked; given back as written.
    mutating func expression(_ value: YAMLValue, _ what: String) -> String? {
        guard let text = text(value, what) else { return nil }
        if let problem = ExpressionCheck.problem(of: text) {
            note(value.place, "\(what): could not parse expression: \(problem)")
            return nil
        }
        return text
    }
}
