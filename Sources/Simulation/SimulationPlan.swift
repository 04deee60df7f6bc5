import FleetModel
import Remediation

/// What is played: everything that happens follows from it.
public struct SimulationPlan: Sendable {
    /// Where all randomness comes from.
    public var seed: UInt64
    /// When it begins.
    public var start: Timestamp
    /// How long it lasts.
    public var duration: Duration
    /// For how long at the end nothing goes wrong any more, so that everything can come to its end.
    public var calm: Duration
    /// What goes wrong until then.
    public var faults: FaultRates
    /// How far Evenkeel goes by itself.
    public var level: AutomationLevel
    /// How often an operator moves a VM by hand, in an hour.
    public var operatorMovesPerHour: Double
    /// What the control loop keeps to.
    public var settings: ControlSettings
    /// How often agents measure.
    public var sampleInterval: Duration
    /// How often agents report their inventory.
    public var reportInterval: Duration
    /// How often rules are evaluated.
    public var roundInterval: Duration
    /// How often the control loop hears of the time.
    public var tickInterval: Duration
    /// What operators want besides `level`.
    public var policy = FleetPolicy()
    /// The command that plays it again, for whoever sees it fail.
    public var replay: String

    /// A day without faults, begun at midnight.
    public init(
        seed: UInt64, start: Timestamp = Timestamp(milliseconds: 1_800_000_000_000 / 86_400_000 * 86_400_000),
        duration: Duration = .seconds(86_400), calm: Duration = .seconds(3600), faults: FaultRates = FaultRates(),
        level: AutomationLevel = .automatic, operatorMovesPerHour: Double = 0,
        settings: ControlSettings = ControlSettings(), sampleInterval: Duration = .seconds(20),
        reportInterval: Duration = .seconds(20), roundInterval: Duration = .seconds(60),
        tickInterval: Duration = .seconds(10)
    ) {
        self.seed = seed
        replay = "SIMULATION_SEED=\(seed) swift test --filter SimulationTests"
        self.start = start
        self.duration = duration
        self.calm = calm
        self.faults = faults
        self.level = level
        self.operatorMovesPerHour = operatorMovesPerHour
        self.settings = settings
        self.sampleInterval = sampleInterval
        self.reportInterval = reportInterval
        self.roundInterval = roundInterval
        self.tickInterval = tickInterval
    }

    /// When faults stop.
    var calmFrom: Timestamp { start + duration - calm }
    /// When it is over.
    var end: Timestamp { start + duration }
}

/// What has happened.
public struct SimulationReport: Sendable, Hashable {
    /// Events that were played.
    public var events = 0
    /// Crashes of the server.
    public var serverCrashes = 0
    /// Crashes of agents.
    public var agentCrashes = 0
    /// Times that a host could not be reached.
    public var outages = 0
    /// Rounds of rules.
    public var rounds = 0
    /// VMs that somebody else moved.
    public var foreignMoves = 0
    /// Times that the disk was full.
    public var fullDisks = 0
    /// Times that the server's clock was set.
    public var clockJumps = 0
    /// Times that an operator stopped everything.
    public var stops = 0
    /// Migrations that ran into their time limit.
    public var stalls = 0
    /// Times that the loop stood down for another mover.
    public var standDowns = 0
    /// Times that a pack was put back to approval, since its actions did not help.
    public var packFallBacks = 0
    /// What went wrong with messages, migrations and commits.
    public var drawn: [DrawnFault: Int] = [:]
    /// Entries of the audit log.
    public var auditEntries: Int64 = 0
    /// Tips by the state that they are in at the end.
    public var tips: [TipState: Int] = [:]
    /// Operations by the state that they are in at the end.
    public var operations: [OperationState: Int] = [:]
    /// Seconds that hosts spent above the ceiling, all hosts together.
    public var hotSeconds = 0.0
}

/// What goes wrong with a message, a migration, a commit or a clock.
public enum DrawnFault: String, Sendable, Hashable, CaseIterable {
    /// A command, an answer, an acknowledgement or a report that nobody got.
    case lostMessage = "messages lost"
    /// One that came twice.
    case doubledMessage = "messages doubled"
    /// A report that was old when it came.
    case lateReport = "reports late"
    /// A stream that broke.
    case brokenStream = "streams broken"
    /// A destination that died right after the handover.
    case destinationDeath = "destinations died"
    /// A migration that took many times as long.
    case slowMigration = "migrations slow"
    /// A commit that failed, on a full disk too.
    case failedCommit = "commits failed"
    /// A host whose clock is off.
    case skewedClock = "clocks skewed"
    /// A host that went away within a minute or two of coming back.
    case flap = "flaps"
}
