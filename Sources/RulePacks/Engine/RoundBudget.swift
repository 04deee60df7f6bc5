import FleetModel

/// How long the rules of each pack may take in one round. A pack whose time is over fails by itself; the round goes on
/// with the others.
struct RoundBudget: Sendable {
    /// What each pack may take; `nil` for as long as it wants.
    let limit: Duration?
    private let stopwatch: @Sendable () -> Duration
    private let spent = Shared()

    private final class Shared: Sendable {
        let byPack = Locked<[String: Duration]>([:])
    }

    init(_ options: RuleEngineOptions) {
        limit = options.packLimit
        stopwatch = options.stopwatch
    }

    /// A meter that runs from now on.
    func meter(of pack: String) -> Meter { Meter(budget: self, pack: pack, began: stopwatch()) }

    /// Counts the time of a pack from its making to `stop`.
    struct Meter: Sendable {
        fileprivate let budget: RoundBudget
        fileprivate let pack: String
        fileprivate let began: Duration

        /// How long it has run.
        var elapsed: Duration { budget.stopwatch() - began }

        /// What the pack may still take; `nil` for as long as it wants.
        var left: Duration? {
            budget.limit.map { $0 - elapsed - (budget.spent.byPack.withLock { $0[pack] } ?? .zero) }
        }

        /// Whether the pack's time is over.
        var isSpent: Bool { left.map { $0 <= .zero } ?? false }

        /// Throws where the pack's time is over.
        func check() throws(RuleProblem) { if isSpent { throw problem } }

        /// What `body` gives, if it does so within the pack's time; it is cancelled otherwise.
        func within<Result: Sendable>(
            _ body: @escaping @Sendable () async throws -> Result
        ) async throws -> Result {
            guard let left else { return try await body() }
            return try await withThrowingTaskGroup(of: Result?.self) { group in
                group.addTask { try await body() }
                group.addTask {
                    try await Task.sleep(for: max(left, .zero))
                    return nil
                }
                defer { group.cancelAll() }
                guard let first = try await group.next(), let result = first else { throw problem }
                return result
            }
        }

        private var problem: RuleProblem {
            let limit = (budget.limit ?? .zero).prometheusText
            return RuleProblem("the pack's rules have taken the \(limit) that they may take of a round")
        }

        /// Counts what has run against the pack's time.
        func stop() { budget.spent.byPack.withLock { $0[pack, default: .zero] += elapsed } }
    }
}
