import FleetModel
import FleetState
import PromQL
import Remediation
import RulePacks

/// The server as its shell would run it: the real loop, rules, evaluator and store, with crashes between its actions.
struct SimulatedServer: Sendable {
    /// How taking an event ended.
    enum Result: Sendable {
        /// Everything was carried out; these commands go out to hosts. `changed`: there was something to carry out.
        case done(issued: [AgentCommand], changed: Bool)
        /// The commit failed: nothing of the event has happened.
        case failed
        /// The server died at some point: these commands went out before it did.
        case crashed(issued: [AgentCommand])
    }

    let store: FleetStateStore
    let engine: SimulatedEngine
    let series: SimulatedSeries
    let settings: ControlSettings
    let queries: LoadQueries
    private let packs: [RulePack]
    private var rules: RuleEngine
    /// What a server writes down after each round.
    private var ruleCheckpoint: RuleCheckpoint?
    /// `nil` while the server is down.
    private(set) var loop: ControlLoop?

    init(store: FleetStateStore, packs: [RulePack], settings: ControlSettings, queries: LoadQueries) {
        self.store = store
        self.settings = settings
        self.queries = queries
        self.packs = packs
        series = SimulatedSeries()
        engine = SimulatedEngine(source: series)
        rules = RuleEngine(packs: packs)
    }

    var isUp: Bool { loop != nil }

    mutating func crash() { loop = nil }

    /// Starts on what the store holds.
    mutating func start(at time: Timestamp, faults: FaultRates, using generator: inout SeededGenerator) async throws
        -> Result
    {
        loop = ControlLoop(settings: settings)
        rules = RuleEngine(packs: packs)
        if let ruleCheckpoint { rules.restore(ruleCheckpoint, at: time) }
        let result = try await take(.restored(try await store.load(), time: time), faults: faults, using: &generator)
        guard case .failed = result else { return result }
        // A server that cannot take up its state does not start; whoever watches over it tries again.
        loop = nil
        return .crashed(issued: [])
    }

    /// Carries out what an event brings about. A crash may come before each action, and a commit may fail.
    mutating func take(
        _ event: ControlEvent, faults: FaultRates, using generator: inout SeededGenerator
    ) async throws -> Result {
        guard var next = loop else { return .failed }
        var issued: [AgentCommand] = []
        let actions = next.receive(event)
        for action in actions {
            if generator.chance(faults.serverCrashShare) {
                loop = nil
                return .crashed(issued: issued)
            }
            switch action {
            case .commit(let changes):
                if generator.chance(faults.commitFailureShare) { return .failed }
                try await store.commit(changes)
            case .issue(let command): issued.append(command)
            case .withdraw: break  // Agents ask the loop for what is open.
            case .reply, .publish: break
            case .runPlugIn, .stopPlugIn: break  // No pack of a simulation may run any.
            }
        }
        loop = next
        return .done(issued: issued, changed: !actions.isEmpty)
    }

    /// Evaluates rules and reads loads, both of one instant.
    mutating func round(at time: Timestamp) async throws -> ControlRound {
        let clusters = Set((loop?.hostRecords ?? []).map(\.report.cluster)).sorted()
        try await series.append(rules.parameterSeries(clusters: clusters, settings: [], at: time))
        let alerts = await rules.evaluate(
            at: time, engine: engine, sink: series, openTips: loop?.watchedFindings ?? [])
        ruleCheckpoint = rules.checkpoint
        return ControlRound(alerts: alerts, readings: try await queries.readings(from: engine, at: time))
    }
}
