import FleetModel
import PromQL

/// The real evaluator on the caller's own thread, with queries that are parsed once: in a simulation nobody waits for
/// anybody, and the same few queries are asked thousands of times a day.
final class SimulatedEngine: QueryEngine {
    private let source: any SeriesSource
    private let options: QueryOptions
    private let parsed = Locked<[String: Expression]>([:])

    init(source: any SeriesSource, options: QueryOptions = QueryOptions()) {
        self.source = source
        self.options = options
    }

    func instant(_ expression: String, at moment: Timestamp) async throws -> QueryAnswer {
        try Evaluator(source: source, options: options)
            .instant(try expressionOf(expression), at: moment, text: expression)
    }

    func range(
        _ expression: String, from first: Timestamp, through last: Timestamp, step: Duration
    ) async throws -> QueryAnswer {
        try Evaluator(source: source, options: options)
            .range(try expressionOf(expression), from: first, through: last, step: step, text: expression)
    }

    func lookingBack(_ lookBack: Duration) -> any QueryEngine {
        var options = options
        options.lookBack = lookBack
        return SimulatedEngine(source: source, options: options)
    }

    private func expressionOf(_ text: String) throws(PromQLError) -> Expression {
        if let known = parsed.withLock({ $0[text] }) { return known }
        let expression = try parse(text)
        parsed.withLock { known in
            if known.count > 1000 { known = [:] }
            known[text] = expression
        }
        return expression
    }
}
