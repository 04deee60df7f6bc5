/// What can be wrong with a regular expression, or with matching it.
public enum PatternError: Error, Hashable, Sendable {
    /// The expression is not one: what is wrong, and at which byte of it.
    case invalid(pattern: String, offset: Int, reason: String)
    /// Matching was given up: the expression backtracks more on this text than the limits allow.
    case tooCostly(pattern: String, reason: String)
}

extension PatternError: CustomStringConvertible {
    /// What is wrong, where, and what to do.
    public var description: String {
        switch self {
        case .invalid(let pattern, let offset, let reason):
            "invalid regular expression \"\(pattern)\" at byte \(offset): \(reason)"
        case .tooCostly(let pattern, let reason):
            "gave up on regular expression \"\(pattern)\": \(reason); "
                + "write it without nested repetitions such as (a+)+"
        }
    }
}
