import FleetModel
import Placement

/// The limits in force: what an operator set, else what the server was configured with.
struct SafetyLimits: Sendable, Hashable {
    /// What "an hour" is: shorter where packs run faster than the clock.
    var hour: Duration
    var actionsPerHour: Int
    var actionsPerDay: Int
    var failuresPerHour: Int
    var machineCoolDown: Duration
    var hostCoolDown: Duration
    var clusterCoolDown: Duration
    /// Within which time no VM comes back to a host that it was moved off.
    var returnTime: Duration
    /// So many tips of a pack in a row that did not help put the pack back to approval.
    var ineffectiveTips: Int
    var concurrentMigrations: Int
    var concurrentPerCluster: Int
    var outgoingPerHost: Int
    var incomingPerHost: Int

    var day: Duration { hour * 24 }

    init(_ settings: ControlSettings, _ policy: FleetPolicy) {
        let hour = settings.brakes.window
        func count(_ name: LimitName, _ standard: Int) -> Int { policy.limits[name].map { Int($0) } ?? standard }
        func minutes(_ name: LimitName, _ standard: Duration) -> Duration {
            policy.limits[name].map { hour * ($0 / 60) } ?? standard
        }
        self.hour = hour
        actionsPerHour = count(.actionsPerHour, settings.brakes.budget)
        actionsPerDay = count(.actionsPerDay, settings.brakes.dailyBudget)
        failuresPerHour = count(.failuresPerHour, settings.brakes.failures)
        machineCoolDown = minutes(.machineCoolDownMinutes, settings.planner.coolDown)
        hostCoolDown = minutes(.hostCoolDownMinutes, settings.planner.coolDown)
        clusterCoolDown = minutes(.clusterCoolDownMinutes, .zero)
        returnTime = policy.limits[.returnHours].map { hour * $0 } ?? hour
        ineffectiveTips = count(.ineffectiveTips, settings.brakes.ineffectiveTips)
        concurrentMigrations = count(.concurrentMigrations, settings.concurrentMigrations)
        concurrentPerCluster = count(.concurrentPerCluster, settings.concurrentMigrations)
        outgoingPerHost = count(.outgoingPerHost, settings.outgoingPerHost)
        incomingPerHost = count(.incomingPerHost, settings.incomingPerHost)
    }
}
