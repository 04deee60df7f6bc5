import FleetModel
import Foundation
import Logging
import Remediation
import RulePacks
import ServiceLifecycle

/// Evaluates the rules and reads the loads, both of one instant, and hands them to the control loop; again and again.
struct EvaluationLoop: Service {
    let shelf: PackShelf
    let interval: Duration
    let queries: LoadQueries
    let engine: any QueryEngine
    let sink: any SeriesSink
    let state: any StateStore
    let controller: FleetController
    let checkpoint: RuleCheckpointFile
    /// What an earlier run of the server left.
    let earlier: RuleCheckpoint?
    let events: EventDesk
    let external: ExternalIdentity
    let clock: any Clock
    let logger: Logger

    /// What leads to a tip, from ten windows of loads before it on.
    private var evidence: EvidenceCollector { EvidenceCollector(engine: engine, lead: queries.window * 10) }

    /// Groups that are evaluated side by side: as many as the engine answers at once without making operators wait.
    private static let groupsAtOnce = 4

    /// What the rules of a pack may take of a round at least; a third of the round where that is more.
    private static let leastPackLimit: Duration = .seconds(5)
    /// The shortest that rounds may follow each other, whatever the interval of a group says.
    private static let leastStep: Duration = .seconds(1)

    func run() async throws {
        var rules = RuleEngine(packs: shelf.packs(try await state.packs()), options: options)
        if let earlier { rules.restore(earlier, at: clock.now) }
        var needs = NeedsWatch()
        var moment = clock.now
        while !Task.isShuttingDownGracefully && !Task.isCancelled {
            do {
                try await evaluate(&rules, &needs, at: moment)
            } catch {
                logger.error("this round of rules led to nothing", metadata: ["reason": "\(error)"])
            }
            let turn = next(after: moment, rules, now: clock.now)
            try? await cancelWhenGracefulShutdown { try await clock.sleep(until: turn) }
            moment = turn
        }
    }

    private var options: RuleEngineOptions {
        var options = RuleEngineOptions()
        options.interval = interval
        options.groupsAtOnce = Self.groupsAtOnce
        options.spreadsTurns = true
        options.packLimit = max(Self.leastPackLimit, interval / 3)
        options.external = external
        let start = ContinuousClock.now
        options.stopwatch = { ContinuousClock.now - start }
        return options
    }

    /// The next moment on the time line of rounds: what was too late for its turn is left out, and a clock that was set
    /// back stops nothing.
    private func next(after moment: Timestamp, _ rules: RuleEngine, now: Timestamp) -> Timestamp {
        let soonest = moment + min(interval, Self.leastStep)
        let turn = max(soonest, min(moment + interval, rules.nextTurn ?? moment + interval))
        if turn > now { return min(turn, now + interval) }
        let step = max(1, (turn - moment).milliseconds)
        return turn + .milliseconds((now - turn).milliseconds / step * step)
    }

    private func evaluate(
        _ rules: inout RuleEngine, _ needs: inout NeedsWatch, at moment: Timestamp
    ) async throws {
        let began = clock.now
        let reports = controller.view.withLock { $0.hosts.map(\.report) }
        let watched = await controller.look { loop, _ in loop.watchedFindings }
        await events.write(at: moment, naming: EventNames(reports), to: sink)
        let clusters = Set(reports.map(\.cluster)).sorted()
        let settings = try await state.parameters()
        // What changed on disk or by an operator holds from a round on, for all of its rules.
        let packs = shelf.packs(try await state.packs())
        if packs != rules.packs { rules.replace(packs: packs) }
        try await sink.append(rules.parameterSeries(clusters: clusters, settings: settings, at: moment))
        await needs.look(packs, in: clusters, engine: engine, at: moment)
        let abilities = FleetAbilities(reports)
        let alerts = needs.applied(
            to: await rules.evaluate(
                at: moment, engine: engine, sink: sink, settings: settings, openTips: watched), of: packs, abilities)
        let readings = try await queries.readings(from: engine, at: moment)
        try await controller.receive(
            .round(ControlRound(alerts: alerts, readings: readings, packs: shelf.alerts)))
        try checkpoint.write(rules.checkpoint)
        try await evidence.collect(for: controller, at: moment)
        let seconds = (clock.now - began).inSeconds
        let groups = rules.groupStates
        controller.view.withLock { [needs] view in
            view.ruleFailures = alerts.failures.map { "\($0)" }
            view.needs = needs
            view.packFailures = Dictionary(grouping: alerts.failures, by: \.pack)
            view.roundSeconds = seconds
            view.ruleGroups = groups
        }
    }
}

/// Takes over what changes of packs on disk, beside the rounds: however long a pack takes to be read, no round waits.
struct PackWatch: Service {
    let shelf: PackShelf
    let interval: Duration
    let clock: any Clock

    func run() async throws {
        while !Task.isShuttingDownGracefully && !Task.isCancelled {
            try? await cancelWhenGracefulShutdown { try await clock.sleep(for: interval) }
            shelf.refresh()
        }
    }
}

/// Tells the control loop that time passes, so that limits and expiries are kept when nothing else happens.
struct Heartbeat: Service {
    static let interval: Duration = .seconds(1)

    let controller: FleetController
    let clock: any Clock
    let logger: Logger

    func run() async throws {
        while !Task.isShuttingDownGracefully && !Task.isCancelled {
            do {
                try await controller.receive(.tick(clock.now))
            } catch {
                logger.error("time passes, and it cannot be written down", metadata: ["reason": "\(error)"])
            }
            try? await cancelWhenGracefulShutdown { try await clock.sleep(for: Self.interval) }
        }
    }
}
