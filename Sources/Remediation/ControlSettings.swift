import FleetModel
import Placement

/// What the control loop keeps to, apart from what packs and policies say. Durations are those of the fleet's clock.
public struct ControlSettings: Sendable, Hashable, Codable {
    /// Ceilings, reserves and cool-downs of every plan.
    public var planner: PlannerLimits
    /// A host whose last report is older than this takes no part in anything new.
    public var reportAgeLimit: Duration
    /// Loads that were read longer ago than this are unknown.
    public var readingsAgeLimit: Duration
    /// How often a tip that waits is planned anew when its plan no longer holds, or when it has none.
    public var replanInterval: Duration
    /// After how long without an answer the operation's log says who is awaited.
    public var awaitLimit: Duration
    /// Most migrations at a time in the fleet.
    public var concurrentMigrations: Int
    /// Most migrations at a time off one host.
    public var outgoingPerHost = 1
    /// Most migrations at a time to one host.
    public var incomingPerHost = 1
    /// Brakes of what policy does by itself.
    public var brakes: BrakeLimits
    /// How migrations are made.
    public var migration: MigrationSettings
    /// How far Evenkeel goes by itself where no policy was set.
    public var standardLevel: AutomationLevel

    /// Settings for production.
    public init(
        planner: PlannerLimits = PlannerLimits(), reportAgeLimit: Duration = .seconds(45),
        readingsAgeLimit: Duration = .seconds(90), replanInterval: Duration = .seconds(60),
        awaitLimit: Duration = .seconds(30), concurrentMigrations: Int = 4, brakes: BrakeLimits = BrakeLimits(),
        migration: MigrationSettings = MigrationSettings(), standardLevel: AutomationLevel = .operator
    ) {
        self.planner = planner
        self.reportAgeLimit = reportAgeLimit
        self.readingsAgeLimit = readingsAgeLimit
        self.replanInterval = replanInterval
        self.awaitLimit = awaitLimit
        self.concurrentMigrations = concurrentMigrations
        self.brakes = brakes
        self.migration = migration
        self.standardLevel = standardLevel
    }

    /// The same settings for a fleet whose packs run `speed` times as fast (see `RulePack.scaled(by:)`): waits that go
    /// with the rules' rhythm shrink, time limits of real work do not.
    public func scaled(by speed: Double) -> ControlSettings {
        var scaled = self
        scaled.planner.coolDown = planner.coolDown / speed
        scaled.planner.stabilityWindow = planner.stabilityWindow / speed
        scaled.replanInterval = replanInterval / speed
        scaled.brakes.window = brakes.window / speed
        return scaled
    }
}

/// How migrations are made.
public struct MigrationSettings: Sendable, Hashable, Codable {
    /// Upper bound of a stream in bytes a second; `nil` for QEMU's default.
    public var bandwidthLimit: Bytes?
    /// How long a guest may be halted, in milliseconds.
    public var downtimeLimitMilliseconds: Int
    /// After how long without an end an attempt is cancelled, in seconds.
    public var timeLimitSeconds: Int
    /// What is allowed beyond pre-copy.
    public var policy: MigrationPolicy

    /// Settings; by default as fast as QEMU goes, 300 ms, two minutes or twice what is expected, and pre-copy alone.
    public init(
        bandwidthLimit: Bytes? = nil, downtimeLimitMilliseconds: Int = 300, timeLimitSeconds: Int = 120,
        policy: MigrationPolicy = MigrationPolicy()
    ) {
        self.policy = policy
        self.bandwidthLimit = bandwidthLimit
        self.downtimeLimitMilliseconds = downtimeLimitMilliseconds
        self.timeLimitSeconds = timeLimitSeconds
    }
}

/// How much policy may do by itself before an operator is asked again.
public struct BrakeLimits: Sendable, Hashable, Codable {
    /// Over how long actions and failures are counted.
    public var window: Duration
    /// Most actions by policy within the window.
    public var budget: Int
    /// With so many operations of policy failed, or tips ineffective, within the window, policy approves nothing.
    public var failures: Int
    /// Most actions by policy within 24 windows.
    public var dailyBudget = 100
    /// After so many automatic tips of a pack in a row that did not help, its tips wait for an operator.
    public var ineffectiveTips = 3

    /// Limits; twenty actions and two failures an hour, a hundred actions a day.
    public init(window: Duration = .seconds(3600), budget: Int = 20, failures: Int = 2) {
        self.window = window
        self.budget = budget
        self.failures = failures
    }
}
