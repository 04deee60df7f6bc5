import FleetModel
import PromQL

/// Answers which series, label names and values there are, on threads of its own, a few requests at a time.
final class SeriesLister: Sendable {
    /// What to look among: series that any of the selectors picks (all without one), with a sample in the span.
    struct Scope: Sendable {
        var selectors: [[LabelMatcher]]
        var first: Int64
        var last: Int64
    }

    private let source: any SeriesSource
    private let timeLimit: Duration
    private let gate: QueryGate
    private let threads: WorkerThreads

    init(source: any SeriesSource, options: QueryOptions) {
        self.source = source
        timeLimit = options.timeLimit
        let concurrency = max(1, options.concurrency / 2)
        gate = QueryGate(running: concurrency, waiting: options.queueLimit)
        threads = WorkerThreads(name: "series", limit: concurrency)
    }

    /// The series, each once, sorted by labels.
    func series(_ scope: Scope) async throws -> [Labels] {
        try await run { source, check in
            var found: Set<Labels> = []
            try Self.visit(scope, source, check) { found.insert($0) }
            return found.sorted()
        }
    }

    /// The names of labels, sorted.
    func labelNames(_ scope: Scope) async throws -> [String] {
        try await run { source, check in
            try Self.merged(scope, check) { try source.labelNames(of: $0, from: scope.first, through: scope.last) }
        }
    }

    /// The values of a label, sorted.
    func values(of name: String, _ scope: Scope) async throws -> [String] {
        try await run { source, check in
            try Self.merged(scope, check) { try source.values(of: name, $0, from: scope.first, through: scope.last) }
        }
    }

    /// The newest sample of each series in the scope that has not ended, sorted by labels.
    func newest(_ scope: Scope) async throws -> [(labels: Labels, time: Int64, value: Double)] {
        try await run { source, check in
            var found: [Labels: (Int64, Double)] = [:]
            var columns = SampleColumns()
            for selector in scope.selectors {
                let set = try source.select(selector, from: scope.first, through: scope.last)
                for index in 0..<set.count {
                    try check()
                    try set.read(index, into: &columns)
                    guard let time = columns.times.last, let value = columns.values.last else { continue }
                    if !Staleness.isMarker(value) { found[set.labels(at: index)] = (time, value) }
                }
            }
            return found.sorted { $0.key < $1.key }.map { ($0.key, $0.value.0, $0.value.1) }
        }
    }

    /// What any of the selectors finds, sorted.
    private static func merged(
        _ scope: Scope, _ check: () throws -> Void, _ find: ([LabelMatcher]) throws -> [String]
    ) throws -> [String] {
        guard scope.selectors.count > 1 else { return try find(scope.selectors.first ?? []) }
        var found: Set<String> = []
        for selector in scope.selectors {
            try check()
            found.formUnion(try find(selector))
        }
        return found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    private static func visit(
        _ scope: Scope, _ source: any SeriesSource, _ check: () throws -> Void, _ body: (Labels) -> Void
    ) throws {
        for selector in scope.selectors.isEmpty ? [[]] : scope.selectors {
            let set = try source.select(selector, from: scope.first, through: scope.last)
            for index in 0..<set.count {
                try check()
                body(set.labels(at: index))
            }
        }
    }

    /// Runs `work` on a thread of its own, until the time is up or the asker has gone.
    private func run<Value: Sendable>(
        _ work: @escaping @Sendable (any SeriesSource, _ check: () throws -> Void) throws -> Value
    ) async throws -> Value {
        try await APIError.translating {
            try await ConnectionWatch.whilePresent { [self] in try await runHere(work) }
        }
    }

    private func runHere<Value: Sendable>(
        _ work: @escaping @Sendable (any SeriesSource, _ check: () throws -> Void) throws -> Value
    ) async throws -> Value {
        let deadline = ContinuousClock.now + timeLimit
        try await gate.enter()
        defer { gate.leave() }
        let source = source
        let isCancelled = Locked(false)
        let result: Result<Value, any Error> = await withTaskCancellationHandler {
            await threads.run {
                Result {
                    var count = 0
                    return try work(source) {
                        count += 1
                        guard count % 256 == 0 else { return }
                        if isCancelled.withLock({ $0 }) { throw PromQLError.cancelled }
                        if ContinuousClock.now > deadline { throw PromQLError.timedOut }
                    }
                }
            }
        } onCancel: {
            isCancelled.withLock { $0 = true }
        }
        return try result.get()
    }
}
