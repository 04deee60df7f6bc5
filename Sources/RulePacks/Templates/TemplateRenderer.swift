import FleetModel

/// Walks a template's tree and writes its text.
struct TemplateRenderer {
    /// Most parts that are written, so that loops inside loops end.
    private static let mostSteps = 100_000
    /// How deep templates may call each other.
    private static let deepest = 32

    private(set) var result = ""
    let scene: TemplateScene
    private let definitions: [String: [TemplateNode]]
    /// The newest last; a name may be there several times.
    private var variables: [(name: String, value: TemplateValue)]
    /// What `.` means here.
    private var dot = TemplateValue.root
    private var depth = 0
    private var steps = 0

    /// What ends a list of nodes early.
    private enum Flow {
        case goesOn, leavesLoop, nextTurn
    }

    init(_ scene: TemplateScene, definitions: [String: [TemplateNode]]) {
        self.scene = scene
        self.definitions = definitions
        variables = [
            ("", .root), ("labels", .labels(scene.labels)), ("value", .number(scene.value)),
            ("externalLabels", .labels(scene.external.labels)), ("externalURL", .text(scene.externalURL)),
        ]
    }

    mutating func write(_ nodes: [TemplateNode]) throws(TemplateError) { _ = try flow(nodes) }

    // MARK: Nodes

    private mutating func flow(_ nodes: [TemplateNode]) throws(TemplateError) -> Flow {
        let mark = variables.count
        defer { variables.removeSubrange(mark...) }
        for node in nodes {
            try countStep()
            let flow = try flow(node)
            if result.utf8.count > Template.longest {
                throw TemplateError(TemplatePlace(), "the text would be longer than \(Template.longest) bytes")
            }
            if flow != .goesOn { return flow }
        }
        return .goesOn
    }

    private mutating func flow(_ node: TemplateNode) throws(TemplateError) -> Flow {
        switch node {
        case .text(let text): result += text
        case .output(let pipeline):
            let value = try evaluate(pipeline)
            if pipeline.names.isEmpty { result += escaped(value.text) } else { try name(value, by: pipeline) }
        case .condition(let pipeline, let then, let otherwise):
            return try inBlock(pipeline, setsDot: false, then, otherwise)
        case .with(let pipeline, let then, let otherwise):
            return try inBlock(pipeline, setsDot: true, then, otherwise)
        case .range(let pipeline, let each, let otherwise): try loop(pipeline, each, otherwise)
        case .template(let name, let pipeline, let place):
            let value: TemplateValue = if let pipeline { try evaluate(pipeline) } else { .nothing }
            try call(name, about: value, place)
        case .leaveLoop: return .leavesLoop
        case .nextTurn: return .nextTurn
        }
        return .goesOn
    }

    private mutating func countStep(_ count: Int = 1) throws(TemplateError) {
        steps += count
        if steps > Self.mostSteps { throw TemplateError(TemplatePlace(), "the template goes on without end") }
    }

    /// Gives the value to the pipeline's variable.
    private mutating func name(_ value: TemplateValue, by pipeline: TemplatePipeline) throws(TemplateError) {
        guard let name = pipeline.names.last else { return }
        try set(name, value, declares: pipeline.declares, pipeline.place)
    }

    private mutating func set(
        _ name: String, _ value: TemplateValue, declares: Bool, _ place: TemplatePlace
    ) throws(TemplateError) {
        if declares {
            variables.append((name, value))
        } else if let known = variables.lastIndex(where: { $0.name == name }) {
            variables[known].value = value
        } else {
            throw TemplateError(place, "undefined variable \"$\(name)\"")
        }
    }

    private mutating func inBlock(
        _ pipeline: TemplatePipeline, setsDot: Bool, _ then: [TemplateNode], _ otherwise: [TemplateNode]
    ) throws(TemplateError) -> Flow {
        let (mark, outer) = (variables.count, dot)
        defer {
            variables.removeSubrange(mark...)
            dot = outer
        }
        let value = try evaluate(pipeline)
        try name(value, by: pipeline)
        guard value.isTrue else { return try flow(otherwise) }
        if setsDot { dot = value }
        return try flow(then)
    }

    private mutating func loop(
        _ pipeline: TemplatePipeline, _ each: [TemplateNode], _ otherwise: [TemplateNode]
    ) throws(TemplateError) {
        let value = try evaluate(pipeline)
        guard let turns = value.turns(limit: Self.mostSteps) else {
            throw TemplateError(pipeline.place, "range cannot go through \(value.text.prefix(100))")
        }
        let outer = dot
        defer { dot = outer }
        for turn in turns {
            try countStep()
            let mark = variables.count
            defer { variables.removeSubrange(mark...) }
            let values = pipeline.names.count == 2 ? [turn.key, turn.element] : [turn.element]
            for (name, value) in zip(pipeline.names, values) {
                try set(name, value, declares: pipeline.declares, pipeline.place)
            }
            dot = turn.element
            if try flow(each) == .leavesLoop { break }
        }
        dot = outer
        if turns.isEmpty { _ = try flow(otherwise) }
    }

    /// Writes the template `name`, which sees no variables but `$`.
    private mutating func call(
        _ name: String, about value: TemplateValue, _ place: TemplatePlace
    ) throws(TemplateError) {
        guard let nodes = definitions[name] else { throw TemplateError(place, "template \"\(name)\" not defined") }
        guard depth < Self.deepest else { throw TemplateError(place, "templates call each other too deeply") }
        let outer = (variables, dot)
        (variables, dot) = ([("", value)], value)
        depth += 1
        defer {
            (variables, dot) = outer
            depth -= 1
        }
        _ = try flow(nodes)
    }

    private func escaped(_ text: String) -> String {
        scene.escaping == .query ? TextEscape.promQL(text) : text
    }

    // MARK: Values

    private mutating func evaluate(_ pipeline: TemplatePipeline) throws(TemplateError) -> TemplateValue {
        var value: TemplateValue?
        for command in pipeline.commands { value = try evaluate(command, piped: value) }
        guard let value else { throw TemplateError(pipeline.place, "a value is missing") }
        return value
    }

    private mutating func evaluate(
        _ command: TemplateCommand, piped: TemplateValue?
    ) throws(TemplateError) -> TemplateValue {
        guard let function = command.function else { return try method(command) }
        if function == .and || function == .or { return try firstThatDecides(function, command, piped) }
        var arguments: [TemplateValue] = []
        for operand in command.operands { arguments.append(try evaluate(operand)) }
        if let piped { arguments.append(piped) }
        if function == .tmpl { return try text(ofTemplate: arguments, command.place) }
        // A call counts by what it may cost: a search may go to PCRE2's limits.
        try countStep(function == .match || function == .reReplaceAll ? 500 : 1)
        let call = TemplateCall(function: function, arguments: arguments, scene: scene, place: command.place)
        let value = try call.result()
        try countStep(try Self.size(of: value, command.place) / 64)
        return value
    }

    /// How much there is to a text or to what `args` has put together; throws where that is more than a template may
    /// make. What variables hold is bounded by this: a value put into itself again and again doubles every time.
    private static func size(of value: TemplateValue, _ place: TemplatePlace) throws(TemplateError) -> Int {
        switch value {
        case .text, .map:
            let size = value.size(atMost: Template.longest)
            if size <= Template.longest { return size }
            throw TemplateError(place, "a value would be longer than \(Template.longest) bytes")
        default: return 0
        }
    }

    /// `and` and `or` look at no more operands than they need.
    private mutating func firstThatDecides(
        _ function: TemplateFunction, _ command: TemplateCommand, _ piped: TemplateValue?
    ) throws(TemplateError) -> TemplateValue {
        var last = TemplateValue.nothing
        for operand in command.operands {
            last = try evaluate(operand)
            if last.isTrue == (function == .or) { return last }
        }
        return piped ?? last
    }

    /// What another template writes, as a value.
    private mutating func text(
        ofTemplate arguments: [TemplateValue], _ place: TemplatePlace
    ) throws(TemplateError) -> TemplateValue {
        guard case .text(let name) = arguments[0] else { throw TemplateError(place, "tmpl needs a template's name") }
        let before = result
        result = ""
        defer { result = before }
        try call(name, about: arguments.count > 1 ? arguments[1] : .nothing, place)
        return .text(result)
    }

    /// An operand alone, or its last field as a method with arguments.
    private mutating func method(_ command: TemplateCommand) throws(TemplateError) -> TemplateValue {
        var arguments: [TemplateValue] = []
        for operand in command.operands.dropFirst() { arguments.append(try evaluate(operand)) }
        guard let operand = command.operands.first else { throw TemplateError(command.place, "a value is missing") }
        return try evaluate(operand, arguments)
    }

    private mutating func evaluate(
        _ operand: TemplateOperand, _ arguments: [TemplateValue] = []
    ) throws(TemplateError) -> TemplateValue {
        switch operand {
        case .constant(let value): return value
        case .dot(let fields, let place): return try field(fields, of: dot, arguments, place)
        case .variable(let name, let fields, let place):
            guard let value = variables.last(where: { $0.name == name })?.value else {
                throw TemplateError(place, "undefined variable \"$\(name)\"")
            }
            return try field(fields, of: value, arguments, place)
        case .pipeline(let pipeline, let fields):
            return try field(fields, of: try evaluate(pipeline), arguments, pipeline.place)
        }
    }

    private func field(
        _ path: [String], of start: TemplateValue, _ arguments: [TemplateValue], _ place: TemplatePlace
    ) throws(TemplateError) -> TemplateValue {
        var value = start
        for (number, name) in path.enumerated() {
            let given = number == path.count - 1 ? arguments : []
            guard let next = value.field(name, given, scene) else {
                throw TemplateError(place, "there is no field '.\(name)' here")
            }
            value = next
        }
        return value
    }
}

extension TemplateValue {
    /// A field, a key, or what a method gives; `nil` where there is none of that name.
    fileprivate func field(_ name: String, _ arguments: [TemplateValue], _ scene: TemplateScene) -> TemplateValue? {
        if case .moment(let moment) = self { return GoTime(moment).method(name, arguments) }
        guard arguments.isEmpty else { return nil }
        switch (self, name) {
        case (.labels, _), (.map, _): return element(.text(name))
        case (.sample(let labels, _), "Labels"): return .labels(labels)
        case (.sample(_, let value), "Value"): return .number(value)
        case (.root, "Labels"): return .labels(scene.labels)
        case (.root, "Value"): return .number(scene.value)
        case (.root, "ExternalLabels"): return .labels(scene.external.labels)
        case (.root, "ExternalURL"): return .text(scene.externalURL)
        case (.span(let seconds), "Seconds"): return .number(seconds)
        case (.span(let seconds), "Minutes"): return .number(seconds / 60)
        case (.span(let seconds), "Hours"): return .number(seconds / 3600)
        case (.span, "String"): return .text(text)
        default: return nil
        }
    }
}
