import FleetModel

/// What became of tips and operations since the server started: the counters behind `/metrics`.
struct FleetTally: Sendable {
    /// A kind of tip and its end.
    struct TipEnd: Hashable, Sendable {
        let cluster: String
        let pack: String
        let level: TipLevel
        let outcome: TipState
    }

    /// An operation's end in a cluster; the cluster of a host that left is empty.
    struct OperationEnd: Hashable, Sendable {
        let cluster: String
        let outcome: OperationState
    }

    /// What migrations took, all together.
    struct Migrations: Hashable, Sendable {
        var count = 0
        var milliseconds = 0
        var downtimeMilliseconds = 0
        var bytes: Int64 = 0
        var foretold = 0
        var totalsHeld = 0
        var downtimesHeld = 0
    }

    private(set) var tips: [TipEnd: Int] = [:]
    private(set) var operations: [OperationEnd: Int] = [:]
    private(set) var migrations: [String: Migrations] = [:]
    /// Ended ones are told again when something of their record changes: each counts once.
    private var endedTips: Set<Int64> = []
    private var endedOperations: Set<Int64> = []

    /// Takes note of a tip that is new or changed.
    mutating func note(_ tip: Tip) {
        guard tip.state.isFinal, endedTips.insert(tip.number).inserted else { return }
        let end = TipEnd(cluster: tip.subject.cluster.text, pack: tip.pack, level: tip.level, outcome: tip.state)
        tips[end, default: 0] += 1
    }

    /// Takes note of an operation that is new or changed; `cluster` says where its hosts are.
    mutating func note(_ operation: Operation, cluster: String) {
        guard operation.state.isFinal, endedOperations.insert(operation.number).inserted else { return }
        operations[OperationEnd(cluster: cluster, outcome: operation.state), default: 0] += 1
        guard let figures = operation.figures else { return }
        migrations[cluster, default: Migrations()].count += 1
        migrations[cluster, default: Migrations()].milliseconds += figures.totalMilliseconds
        migrations[cluster, default: Migrations()].downtimeMilliseconds += figures.downtimeMilliseconds
        let bytes = migrations[cluster, default: Migrations()].bytes.addingReportingOverflow(figures.transferred.count)
        migrations[cluster, default: Migrations()].bytes = bytes.overflow ? .max : bytes.partialValue
        guard let forecast = operation.migration?.forecast, let held = forecast.totalHeld(figures) else { return }
        migrations[cluster, default: Migrations()].foretold += 1
        if held { migrations[cluster, default: Migrations()].totalsHeld += 1 }
        if forecast.downtimeHeld(figures) == true { migrations[cluster, default: Migrations()].downtimesHeld += 1 }
    }
}
