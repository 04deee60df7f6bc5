import FleetModel
import Remediation
import RulePacks

/// What readers of the API see of the control loop: a copy made after every event.
struct FleetView: Sendable {
    var hosts: [HostRecord]
    var tips: [Tip]
    var operations: [Operation]
    var readings: LoadReadings?
    var automation: AutomationLevel
    /// What is held.
    var holds: [Hold]
    /// That the server's clock was set back, and until when that matters.
    var setBackText: String?
    /// That the server's clock went ahead.
    var wentAheadText: String?
    /// What operators want of the fleet.
    var policy: FleetPolicy
    /// Rules that could not be evaluated in the last round.
    var ruleFailures: [String] = []
    /// The same by pack.
    var packFailures: [String: [RuleFailure]] = [:]
    /// Where packs find what they need, as of the last round.
    var needs = NeedsWatch()
    /// How every rule group is doing, as of the last round; empty before the first.
    var ruleGroups: [RuleGroupState] = []
    /// How long the last round took, in seconds; `nil` before the first.
    var roundSeconds: Double?
    /// Why the fleet's state cannot be written, while it cannot.
    var problem: String?
    /// Why series cannot be written, while they cannot.
    var seriesProblem: String?

    init(_ loop: ControlLoop) {
        hosts = loop.hostRecords
        tips = loop.openTips
        operations = loop.openOperations
        readings = loop.lastReadings
        automation = loop.level(in: nil)
        holds = loop.openHolds
        setBackText = loop.setBackText
        wentAheadText = loop.wentAheadText
        policy = loop.policy
    }
}

extension FleetView {
    /// The open tip that empties a host.
    func drainTip(of host: HostName) -> Tip? {
        tips.first { tip in
            if case .host(host, _) = tip.subject { tip.isDrain } else { false }
        }
    }
}
