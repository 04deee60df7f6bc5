/// A part of a parsed template.
indirect enum TemplateNode: Hashable, Sendable {
    case text(String)
    /// Writes what the pipeline gives; one that names what it gives writes nothing.
    case output(TemplatePipeline)
    case condition(TemplatePipeline, then: [TemplateNode], otherwise: [TemplateNode])
    case with(TemplatePipeline, then: [TemplateNode], otherwise: [TemplateNode])
    case range(TemplatePipeline, each: [TemplateNode], otherwise: [TemplateNode])
    /// Writes another template, about what the pipeline gives.
    case template(String, TemplatePipeline?, TemplatePlace)
    case leaveLoop
    case nextTurn
}

/// Commands, each of which gets what the one before gives as its last argument.
struct TemplatePipeline: Hashable, Sendable {
    /// The variables that get what it gives: of `range` index and element, else one.
    var names: [String] = []
    /// Whether the variables are new (`:=`), or known ones get another value (`=`).
    var declares = false
    var commands: [TemplateCommand]
    var place: TemplatePlace
}

/// An operand alone, a method of one with its arguments, or a function and its arguments.
struct TemplateCommand: Hashable, Sendable {
    var function: TemplateFunction?
    var operands: [TemplateOperand]
    var place: TemplatePlace
}

/// A value that a command starts from.
indirect enum TemplateOperand: Hashable, Sendable {
    case constant(TemplateValue)
    /// `.a.b`: what the template, or the block around, is about.
    case dot(fields: [String], TemplatePlace)
    /// `$name.a.b`; `$` alone has an empty name.
    case variable(String, fields: [String], TemplatePlace)
    case pipeline(TemplatePipeline, fields: [String])

    /// The fields and methods that are asked of it.
    var fields: [String] {
        switch self {
        case .constant: []
        case .dot(let fields, _), .variable(_, let fields, _), .pipeline(_, let fields): fields
        }
    }
}
