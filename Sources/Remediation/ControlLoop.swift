import FleetModel
import HostRuntime
import Placement
import RulePacks

/// The control round as a synchronous value: events go in, actions come out, in order. It turns what rules find into
/// tips, tips into plans, approved plans into operations on hosts, and closes a tip because a measurement says so.
///
/// What must survive is in a `.commit` before anything that rests on it. Since the loop is a value, a shell works on a
/// copy and keeps it only when the commit went through; an answer is acknowledged to its agent only then:
///
/// ```swift
/// var next = loop
/// for action in next.receive(event) { try await carryOut(action) }
/// loop = next
/// ```
public struct ControlLoop: Sendable {
    /// What the loop keeps to.
    public let settings: ControlSettings
    private(set) var planner: Planner
    let builder: SnapshotBuilder

    /// The time of the latest event.
    var now = Timestamp(milliseconds: 0) {
        didSet {
            past.giveStampsBack(at: now)
            let leap = clock.note(now)
            if oldValue - now > settings.readingsAgeLimit {
                settleStamps(because: "the server's clock was set back by \((oldValue - now).text)")
            }
            guard let leap else { return }
            audit(
                Actor.evenkeel, "clock.set",
                "the server's clock went ahead by \(leap.text) since \(oldValue.text): no tip expires for that")
        }
    }
    /// What the server's clock did, in this run of the server.
    private(set) var clock = ClockWatch()
    /// The latest time that was seen: a clock that was set back shows by it.
    var latest: Timestamp { clock.latest }
    var numbers = LastNumbers()
    var hosts: [HostName: HostRecord] = [:]
    var claims = Claims()
    /// Clusters that hosts asked to change to, and were refused: said once in the audit log.
    var refusedClusters: [HostName: ClusterName] = [:]
    /// What operators want of the fleet.
    public internal(set) var policy = FleetPolicy() {
        didSet { usePolicy() }
    }
    private(set) var limits: SafetyLimits
    private(set) var calendar = PolicyCalendar([])
    /// When this run of the server took up what another left; `nil` where there was nothing to go on with.
    var startedAt: Timestamp?
    /// What is held, until somebody lets go.
    var holds: [HoldScope: Hold] = [:]
    /// That everything is stopped, as long as the store does not take it.
    var unstoredStop: Hold?
    var movers = MoverWatch()
    /// The alerts of every pack that the server has; `nil` before the first round.
    var packAlerts: [String: Set<String>]?
    /// Packs whose plug-ins may be run.
    var allowedPlugIns: Set<String> = []
    /// Tips that have not ended.
    var tips: [Int64: TipMachine] = [:]
    /// How a tip was planned last, in this run of the server.
    var plannings: [Int64: Planning] = [:]
    /// By host, the number of the last change of its VMs.
    private(set) var changes: [HostName: Int64] = [:]
    private(set) var lastChange: Int64 = 0
    /// Operations that have not ended.
    var executions: [Int64: any OperationExecution] = [:]
    /// Commands that have not been answered.
    var commands: [Int64: AgentCommand] = [:]
    /// Commands whose long wait is in their operation's log already.
    var awaited: Set<Int64> = []
    var past = Past()
    /// What migrations have shown of the way between hosts.
    var experiences = Experiences()
    var readings: LoadReadings?
    /// What VMs were seen to want, for forecasts.
    var demand: DemandBook
    /// When rules were evaluated last, in this run of the server.
    var lastRound: Timestamp?
    var snapshotVersion: Int64 = 0
    /// The fleet as the planner sees it during one event, by the tip whose own moves start no cool-down.
    var pictures: [Int64?: PreparedFleet] = [:]
    /// The last of them that was for no tip: what has not changed since need not be worked out again.
    private(set) var lastPicture: PreparedFleet?
    var outbox = Outbox()

    /// A loop that knows nothing; its first event is `.restored`.
    public init(settings: ControlSettings = ControlSettings()) {
        self.settings = settings
        planner = Planner(limits: settings.planner)
        demand = DemandBook(window: settings.planner.stabilityWindow)
        builder = SnapshotBuilder(
            reportAgeLimit: settings.reportAgeLimit, readingsAgeLimit: settings.readingsAgeLimit)
        limits = SafetyLimits(settings, policy)
    }

    /// Other VMs are on the host, or they are in other states: what was planned for it may not be what it needs.
    mutating func noteChange(of host: HostName) {
        lastChange += 1
        changes[host] = lastChange
    }

    private mutating func usePolicy() {
        limits = SafetyLimits(settings, policy)
        calendar = PolicyCalendar(policy.windows)
        var planning = settings.planner
        planning.coolDown = limits.machineCoolDown
        planning.returnTime = limits.returnTime
        planning.movesInCluster = min(limits.concurrentPerCluster, limits.concurrentMigrations)
        planning.movesAtATime = max(1, min(limits.outgoingPerHost, limits.incomingPerHost))
        planner = Planner(limits: planning)
        pictures = [:]
    }

    /// Takes one event and says what to do about it.
    public mutating func receive(_ event: ControlEvent) -> [ControlAction] {
        defer {
            outbox = Outbox()
            if let picture = pictures[nil] { lastPicture = picture }
            pictures = [:]
        }
        switch event {
        case .restored(let state, let time):
            now = time
            restore(state)
        case .report(let record):
            now = record.received
            take(record)
        case .round(let round):
            // A round tells of the moment that was asked about, which lies a little back.
            now = max(now, round.alerts.time)
            take(round)
        case .request(let request):
            now = request.time
            outbox.reply(to: request.id, answer(to: request))
        case .answered(let command, let answer, let time):
            now = time
            take(answer, to: command)
        case .handedOut(let commands, let time):
            now = time
            noteHandedOut(commands)
        case .progress(let command, let progress, let time):
            now = time
            take(progress, of: command)
        case .plugInEnded(let operation, let end, let time):
            now = time
            take(end, of: operation)
        case .plugInSaid(let operation, let text, let time):
            now = time
            note(text, ofPlugIn: operation)
        case .stopNotStored(let actor, let reason, let time):
            now = time
            unstoredStop = unstoredStop ?? Hold(scope: .fleet, actor: actor, since: time, reason: reason)
        case .evidence(let tip, let windows, let time):
            now = max(now, time)
            keep(windows, of: tip)
        case .tick(let time):
            now = time
            expireTips()
            takeBackUnheard()
            giveUpSilentSteps()
            giveUpPreparations()
            sayWhoIsAwaited()
            advance()
        }
        return outbox.actions()
    }

    private mutating func expireTips() {
        for number in tips.keys.sorted() {
            guard let tip = tips[number]?.tip else { continue }
            let since = tip.state == .approved ? tip.inStateSince : tip.raised
            let limit = Duration.seconds(tip.terms.expirySeconds)
            guard clock.age(of: since, at: now) > limit else { continue }
            let what = tip.state == .approved ? "its first action could not begin" : "nobody approved it"
            step(number, .expire, by: Actor.evenkeel, "\(what) within \(limit.text)")
        }
    }
}

// MARK: - Views

extension ControlLoop {
    /// The tips that have not ended, by number.
    public var openTips: [Tip] { tips.values.map(\.tip).sorted { $0.number < $1.number } }

    /// The operations that have not ended, by number.
    public var openOperations: [FleetModel.Operation] {
        executions.values.map(\.operation).sorted { $0.number < $1.number }
    }

    /// The hosts by name, each with its last report.
    public var hostRecords: [HostRecord] { hosts.values.sorted { $0.report.host < $1.report.host } }

    /// What is held, by scope.
    public var openHolds: [Hold] {
        var held = holds
        if var stop = unstoredStop, held[.fleet] == nil {
            stop.reason += " (not on disk yet: it holds while this server runs)"
            held[.fleet] = stop
        }
        return held.values.sorted { $0.scope < $1.scope }
    }

    /// How loaded everything was in the last round; `nil` before the first.
    public var lastReadings: LoadReadings? { readings }

    /// The tip with that number, open or among the last that ended.
    public func tip(_ number: Int64) -> Tip? { tips[number]?.tip ?? past.tips[number] }

    /// The operation with that number, running or among the last that ended.
    public func operation(_ number: Int64) -> FleetModel.Operation? {
        executions[number]?.operation ?? past.operations[number]
    }

    /// The commands that `host` has not answered, by number.
    public func openCommands(of host: HostName) -> [AgentCommand] {
        commands.values.filter { $0.host == host }.sorted { $0.number < $1.number }
    }

    /// Whether an answer to the command is still waited for.
    public func isOpen(command number: Int64) -> Bool { commands[number] != nil }

    /// What the planner would do about `request` at `time`; nothing is changed.
    public func plan(_ request: PlanRequest, at time: Timestamp) -> PlanOutcome {
        var copy = self
        copy.now = time
        return planner.plan(request, on: copy.snapshot(for: nil))
    }
}
