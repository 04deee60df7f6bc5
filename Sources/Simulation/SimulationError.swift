import FleetModel

/// Why a simulation stopped.
public enum SimulationError: Error, Hashable, Sendable {
    /// Something happened that must never happen.
    case broken(replay: String, time: Timestamp, what: String)
    /// The series of a simulation do not understand that regular expression.
    case pattern(String)
}

extension SimulationError: CustomStringConvertible {
    /// What is wrong, and how to see it again.
    public var description: String {
        switch self {
        case .broken(let replay, let time, let what):
            "\(what), at \(time.milliseconds) ms of simulated time. Replay it with: \(replay)"
        case .pattern(let pattern):
            "the series of a simulation understand alternatives of plain words only, not the pattern '\(pattern)'"
        }
    }
}
