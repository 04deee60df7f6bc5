import FleetModel

/// Why a query has no answer.
public enum PromQLError: Error, Hashable, Sendable {
    /// The text is not PromQL: where (both from 1; columns count bytes, as promtool's do), and what was expected.
    case syntax(line: Int, column: Int, reason: String)
    /// The query is well-formed, but its type suits no query of this kind.
    case wrongType(reason: String)
    /// The query is well-formed, but cannot be evaluated over this data.
    case evaluation(reason: String)
    /// The query would load or make more samples than one query may.
    case tooManySamples(limit: Int)
    /// A range query asks for more steps than one may have.
    case tooManySteps(count: Int, limit: Int)
    /// The query took longer than one may.
    case timedOut
    /// Whoever asked no longer wants the answer.
    case cancelled
    /// Too many queries run and wait already.
    case busy(limit: Int)
    /// The stored data cannot be read.
    case storage(reason: String)
}

extension PromQLError {
    /// What a source said when it was asked to select.
    init(selecting error: any Error) {
        let isOfTheSelection = (error as? any SelectionError)?.isOfTheSelection ?? false
        self = isOfTheSelection ? .evaluation(reason: "\(error)") : .storage(reason: "\(error)")
    }
}

extension PromQLError: CustomStringConvertible {
    /// What is wrong, where, and what to do.
    public var description: String {
        switch self {
        case .syntax(let line, let column, let reason): "\(line):\(column): parse error: \(reason)"
        case .evaluation(let reason), .wrongType(let reason): reason
        case .tooManySamples(let limit):
            "query processing would load too many samples into memory (more than \(limit)); "
                + "select fewer series or a shorter range"
        case .tooManySteps(let count, let limit):
            "exceeded maximum resolution: \(count) points per series, at most \(limit); use a longer step"
        case .timedOut: "query timed out; select fewer series or a shorter range"
        case .cancelled: "query was cancelled"
        case .busy(let limit): "too many queries at once: \(limit) run and wait already; try again later"
        case .storage(let reason): "cannot read stored data: \(reason)"
        }
    }
}
