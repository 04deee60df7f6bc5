import FleetModel

/// Walks a template's tree and writes its text.
struct TemplateRenderer {
    private(set) var result = ""
    private let scene: TemplateScene
    private var variables: [String: TemplateValue]

    init(_ scene: TemplateScene) {
        self.scene = scene
        variables = [
            "": .root, "labels": .labels(scene.labels), "value": .number(scene.value), "externalLabels": .labels([:]),
            "externalURL": .text(""),
        ]
    }

    mutating func write(_ nodes: [TemplateNode]) throws(TemplateError) {
        for node in nodes {
            switch node {
            case .text(let text): result += text
            case .output(let pipeline, let name):
                let value = try evaluate(pipeline)
                if let name { variables[name] = value } else { result += escaped(value.text) }
            case .condition(let pipeline, let then, let otherwise):
                try write(try evaluate(pipeline).isTrue ? then : otherwise)
            case .unsupported(let word, let place):
                throw TemplateError(place, "'\(word)' cannot be filled in yet")
            }
            if result.utf8.count > Template.longest {
                throw TemplateError(TemplatePlace(), "the text would be longer than \(Template.longest) bytes")
            }
        }
    }

    private func escaped(_ text: String) -> String {
        guard scene.escaping == .query else { return text }
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": escaped += "\\\\"
            case "\"": escaped += "\\\""
            case "\n": escaped += "\\n"
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }

    // MARK: Values

    private func evaluate(_ pipeline: TemplatePipeline) throws(TemplateError) -> TemplateValue {
        var value: TemplateValue?
        for command in pipeline.commands {
            var arguments: [TemplateValue] = []
            for operand in command.operands { arguments.append(try evaluate(operand)) }
            if let value { arguments.append(value) }
            guard let function = command.function else {
                value = arguments.first
                continue
            }
            let call = TemplateCall(function: function, arguments: arguments, scene: scene, place: command.place)
            value = try call.result()
        }
        guard let value else { throw TemplateError(pipeline.place, "a value is missing") }
        return value
    }

    private func evaluate(_ operand: TemplateOperand) throws(TemplateError) -> TemplateValue {
        switch operand {
        case .text(let text): return .text(text)
        case .number(let number): return Int(exactly: number).map { .whole($0) } ?? .number(number)
        case .variable(let name, let fields, let place):
            guard let value = variables[name] else { throw TemplateError(place, "undefined variable \"$\(name)\"") }
            return try field(fields, of: value, place)
        case .pipeline(let pipeline, let fields):
            return try field(fields, of: try evaluate(pipeline), pipeline.place)
        }
    }

    private func field(
        _ path: [String], of start: TemplateValue, _ place: TemplatePlace
    ) throws(TemplateError) -> TemplateValue {
        var value = start
        for name in path {
            switch (value, name) {
            case (.labels(let labels), _): value = .text(labels[name] ?? "")
            case (.root, "Labels"): value = .labels(scene.labels)
            case (.root, "Value"): value = .number(scene.value)
            case (.root, "ExternalLabels"): value = .labels([:])
            case (.root, "ExternalURL"): value = .text("")
            default: throw TemplateError(place, "there is no field '.\(name)' here")
            }
        }
        return value
    }
}
