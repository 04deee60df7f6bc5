/// A word of an action.
enum TemplateToken: Hashable {
    /// `.name`, directly after what it is a field of, or alone.
    case field(String)
    /// A `.` that stands alone: the whole of what the template is about.
    case dot
    /// `$name`, or `$` alone with an empty name.
    case variable(String)
    /// A function or keyword.
    case identifier(String)
    /// A quoted text, escapes resolved.
    case text(String)
    /// A number.
    case number(Double)
    case pipe, leftParenthesis, rightParenthesis, comma
    /// `=`: another value for a variable.
    case assign
    /// `:=`: a new variable.
    case declare
}

/// A token and where it begins.
struct PlacedTemplateToken: Hashable {
    let token: TemplateToken
    /// Whether white space or the action's beginning comes before it: `$a .b` is two operands, `$a.b` is one.
    let isSpaced: Bool
    let place: TemplatePlace
}

/// A place in a template, both from 1; columns count Unicode scalars.
struct TemplatePlace: Hashable {
    var line = 1
    var column = 1
}

/// A piece of a template: text, or the words of an action.
enum TemplatePiece: Hashable {
    case text(String)
    case action([PlacedTemplateToken], TemplatePlace)
}
