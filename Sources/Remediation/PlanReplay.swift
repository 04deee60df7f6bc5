import FleetModel
import Placement
import RulePacks

/// What the plans for a backtest's tips would have come to, held against what happened.
public struct PlanReplay: Sendable, Hashable {
    /// What came of one tip.
    public struct Outcome: Sendable, Hashable {
        /// The tip.
        public var tip: BacktestTip
        /// The moves that the planner would have made; empty where there were none.
        public var moves: [PlannedAction]
        /// Why there were none.
        public var problem: String?
        /// By how much the source's processors were expected to be less busy, 0...1; `nil` where unknown or not asked.
        public var predictedGain: Double?
        /// How long the hosts of the moves were over the ceiling while the tip was open, all of them together.
        public var overload = Duration.zero
        /// How much of that the moves would have spared; negative where they would have made it worse.
        public var avoided = Duration.zero
    }

    /// By tip, oldest first.
    public private(set) var outcomes: [Outcome] = []
    /// Tips that were not looked at, since there were too many.
    public private(set) var skipped = 0

    /// The most tips that are planned for.
    private static let mostTips = 500
    /// The longest that a tip's effect is followed.
    private static let longestSpan = Duration.seconds(6 * 3600)
    private static let step = Duration.seconds(60)

    /// Plans for every tip that moves VMs, on the fleet as its series say it was. `progress` is told the share that is
    /// done and says whether to go on. Throws what `engine` throws.
    public static func run(
        _ tips: [BacktestTip], over engine: any QueryEngine, until end: Timestamp,
        limits: PlannerLimits = PlannerLimits(), policy: FleetPolicy = FleetPolicy(),
        progress: @Sendable (Double) -> Bool = { _ in true }
    ) async throws -> PlanReplay {
        var replay = PlanReplay()
        replay.skipped = max(0, tips.count - mostTips)
        for (place, tip) in tips.suffix(mostTips).enumerated() {
            guard progress(Double(place) / Double(min(tips.count, mostTips))) else { break }
            replay.outcomes.append(try await outcome(of: tip, engine, end, limits, policy))
        }
        return replay
    }

    private static func outcome(
        of tip: BacktestTip, _ engine: any QueryEngine, _ end: Timestamp, _ limits: PlannerLimits, _ policy: FleetPolicy
    ) async throws -> Outcome {
        let stored = Tip(
            number: 0, pack: tip.key.pack, alert: tip.key.alert, subject: tip.key.subject, level: tip.level,
            title: tip.title, body: "", knowledge: "", evidence: [], remediation: tip.remediation,
            terms: TipTerms(arguments: tip.arguments), raised: tip.raised, updated: tip.raised)
        let fleet = try await HistoryFleet(at: tip.raised, from: engine, policy: policy)
        switch fleet.plan(stored, limits: limits) {
        case .impossible(let reason, _): return Outcome(tip: tip, moves: [], problem: reason)
        case .plan(let plan):
            var outcome = Outcome(tip: tip, moves: plan.actions)
            if plan.actions.isEmpty { outcome.problem = plan.explanation }
            let changes = plan.actions.compactMap(\.prediction.sourceProcessor)
            if let first = changes.first, let last = changes.last { outcome.predictedGain = first.before - last.after }
            try await compare(&outcome, fleet, engine, end, limits)
            return outcome
        }
    }

    /// Plays the recorded loads on with the moved VMs' share taken off their sources and put onto their destinations.
    private static func compare(
        _ outcome: inout Outcome, _ fleet: HistoryFleet, _ engine: any QueryEngine, _ end: Timestamp,
        _ limits: PlannerLimits
    ) async throws {
        let moves = outcome.moves.compactMap { action in
            action.migration.flatMap { move in action.virtualMachine.map { (machine: $0, from: move.from, to: move.to) }
            }
        }
        if moves.isEmpty { return }
        let queries = LoadQueries()
        let last = min(outcome.tip.ended ?? end, outcome.tip.raised + longestSpan, end)
        var time = outcome.tip.raised
        while time < last {
            let readings = try await queries.readings(from: engine, at: time)
            var shift: [HostName: Double] = [:]
            for move in moves {
                // Where history moved it as well, its load is not on the source any more.
                let use = readings.virtualMachineShares[move.machine]?[move.from]?.use ?? 0
                shift[move.from, default: 0] -= use
                shift[move.to, default: 0] += use
            }
            for host in shift.keys {
                guard let use = readings.hostProcessorUse[host],
                    let processors = fleet.snapshot.host(host)?.logicalProcessors, processors > 0
                else { continue }
                let other = use + (shift[host] ?? 0) / Double(processors)
                if use > limits.processorCeiling { outcome.overload += step }
                if use > limits.processorCeiling { outcome.avoided += step }
                if other > limits.processorCeiling { outcome.avoided -= step }
            }
            time = time + step
        }
    }

    // MARK: Sums

    /// Tips for which there was a plan.
    public var planned: Int { outcomes.count { !$0.moves.isEmpty } }
    /// Moves of all plans.
    public var moves: Int { outcomes.reduce(0) { $0 + $1.moves.count } }
    /// The mean of what the plans were expected to take off their sources; `nil` where nothing was expected.
    public var meanGain: Double? {
        let gains = outcomes.compactMap(\.predictedGain)
        return gains.isEmpty ? nil : gains.reduce(0, +) / Double(gains.count)
    }
    /// Overload of the hosts of all plans while their tips were open.
    public var overload: Duration { outcomes.reduce(.zero) { $0 + $1.overload } }
    /// What of it the plans would have spared.
    public var avoided: Duration { outcomes.reduce(.zero) { $0 + $1.avoided } }
}
