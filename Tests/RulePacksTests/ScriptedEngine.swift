import FleetModel

@testable import RulePacks

/// Answers expressions as a test tells it to.
final class ScriptedEngine: QueryEngine, SeriesSink {
    enum Answer: Sendable {
        case vector([(Labels, Double)])
        case scalar(Double)
        case matrix([SeriesSamples])
        case text
        case failure(String)
    }

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private struct State {
        var answers: [String: Answer] = [:]
        var asked: [String] = []
        var written: [(Labels, Int64, Double)] = []
        var sinkFails = false
    }

    private let state = Locked(State())

    func answer(_ expression: String, _ answer: Answer) {
        state.withLock { $0.answers[expression] = answer }
    }

    func failWrites() { state.withLock { $0.sinkFails = true } }

    var asked: [String] { state.withLock { $0.asked } }

    var written: [(Labels, Int64, Double)] { state.withLock { $0.written } }

    func instant(_ expression: String, at moment: Timestamp) async throws -> QueryAnswer {
        let answer = state.withLock { state in
            state.asked.append(expression)
            return state.answers[expression] ?? .vector([])
        }
        switch answer {
        case .vector(let elements):
            return QueryAnswer(.vector(elements.map { InstantSample(labels: $0.0, time: moment, value: $0.1) }))
        case .matrix(let series): return QueryAnswer(.matrix(series))
        case .scalar(let value): return QueryAnswer(.scalar(moment, value))
        case .text: return QueryAnswer(.string(moment, "x"))
        case .failure(let reason): throw Failure(description: reason)
        }
    }

    func lookingBack(_ lookBack: Duration) -> any QueryEngine { self }

    func range(
        _ expression: String, from first: Timestamp, through last: Timestamp, step: Duration
    ) async throws -> QueryAnswer {
        throw Failure(description: "rules ask no ranges")
    }

    func append(_ series: [SeriesSamples]) async throws {
        try state.withLock { state throws(Failure) in
            if state.sinkFails { throw Failure(description: "disk full") }
            for one in series {
                for (time, value) in zip(one.samples.times, one.samples.values) {
                    state.written.append((one.labels, time, value))
                }
            }
        }
    }
}

extension Timestamp {
    static func at(_ seconds: Int64) -> Timestamp { Timestamp(milliseconds: 1_000_000_000 + seconds * 1000) }
}
