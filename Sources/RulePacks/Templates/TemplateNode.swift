/// A part of a parsed template.
indirect enum TemplateNode: Hashable, Sendable {
    case text(String)
    /// Writes what the pipeline gives; a declaration writes nothing and names it instead.
    case output(TemplatePipeline, declares: String?)
    case condition(TemplatePipeline, then: [TemplateNode], otherwise: [TemplateNode])
    /// A block that is understood and cannot be filled in yet: `range`, `with`.
    case unsupported(String, TemplatePlace)
}

/// Commands, each of which gets what the one before gives as its last argument.
struct TemplatePipeline: Hashable, Sendable {
    var commands: [TemplateCommand]
    var place: TemplatePlace
}

/// An operand alone, or a function and its arguments.
struct TemplateCommand: Hashable, Sendable {
    var function: TemplateFunction?
    var operands: [TemplateOperand]
    var place: TemplatePlace
}

/// A value that a command starts from.
indirect enum TemplateOperand: Hashable, Sendable {
    case text(String)
    case number(Double)
    /// `$name.a.b`; `$` and `.` alone have an empty name.
    case variable(String, fields: [String], TemplatePlace)
    case pipeline(TemplatePipeline, fields: [String])
}
