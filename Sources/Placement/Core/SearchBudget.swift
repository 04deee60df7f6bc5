/// How long a search may go on. Asked every few thousand steps, so that it may look at a clock; the solver has none.
public protocol SearchBudget {
    /// The share that is used up after `steps` steps; 1 and more ends the search.
    mutating func used(after steps: Int) -> Double
}

/// So many steps and no more: the same answer on every machine.
public struct StepBudget: SearchBudget, Sendable {
    /// When the search ends.
    public let limit: Int

    /// At most `limit` steps.
    public init(_ limit: Int) { self.limit = limit }

    /// The share of `limit` that is used up.
    public mutating func used(after steps: Int) -> Double { limit <= 0 ? 1 : Double(steps) / Double(limit) }
}
