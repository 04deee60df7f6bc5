import FleetModel

/// How often what goes wrong. Shares are 0...1.
public struct FaultRates: Sendable, Hashable {
    /// Crashes of one agent in an hour.
    public var agentCrashesPerHour = 0.0
    /// Times in an hour that one host cannot be reached.
    public var outagesPerHour = 0.0
    /// Share of the server's actions before which it crashes: between a commit and the command that rests on it, too.
    public var serverCrashShare = 0.0
    /// Share of the server's commits that fail.
    public var commitFailureShare = 0.0
    /// Share of messages that get lost: commands, answers, acknowledgements, reports.
    public var lossShare = 0.0
    /// Share of answers and reports that come twice.
    public var repetitionShare = 0.0
    /// Share of reports that are long under way: what they say is old when they come, and their agent says nothing else
    /// until then.
    public var lateReportShare = 0.0
    /// Share of hosts whose clock is off, by up to `longestSkew`.
    public var clockSkewShare = 0.0
    /// How far a host's clock is off at most, ahead or behind.
    public static let longestSkew = Duration.seconds(5)
    /// Longest time that a message is under way.
    public var longestDelay = Duration.milliseconds(200)
    /// Share of migrations that break in the middle.
    public var brokenStreamShare = 0.0
    /// Share of migrations whose destination dies right after the handover.
    public var destinationDeathShare = 0.0
    /// Share of commands that reach their agent twice.
    public var doubledCommandShare = 0.0
    /// Share of migrations that take up to sixty times as long, and so may run into their time limit.
    public var slowMigrationShare = 0.0
    /// Times in an hour that one host comes and goes, several times within a minute or two.
    public var flapsPerHour = 0.0
    /// Times in an hour that the server's disk is full for a while: no commit succeeds.
    public var fullDisksPerHour = 0.0
    /// Times in an hour that somebody sets the server's clock, by seconds up to a day, and back after a while.
    public var clockJumpsPerHour = 0.0
    /// Times in an hour that somebody else moves a VM.
    public var foreignMovesPerHour = 0.0
    /// Times in an hour that an operator stops everything, and lets it go on after a while.
    public var stopsPerHour = 0.0

    /// Nothing goes wrong.
    public init() {}

    /// A bad day.
    public static var rough: FaultRates {
        var rates = FaultRates()
        rates.agentCrashesPerHour = 0.5
        rates.outagesPerHour = 0.1
        rates.serverCrashShare = 0.003
        rates.commitFailureShare = 0.003
        rates.lossShare = 0.05
        rates.repetitionShare = 0.1
        rates.lateReportShare = 0.03
        rates.clockSkewShare = 0.5
        rates.longestDelay = .seconds(20)
        rates.brokenStreamShare = 0.1
        rates.destinationDeathShare = 0.1
        rates.doubledCommandShare = 0.1
        rates.slowMigrationShare = 0.1
        rates.flapsPerHour = 0.05
        rates.fullDisksPerHour = 0.2
        rates.clockJumpsPerHour = 0.1
        rates.foreignMovesPerHour = 0.05
        rates.stopsPerHour = 0.05
        return rates
    }
}
