import FleetModel

/// What can happen to a tip.
public enum TipStep: Sendable, Hashable, CaseIterable {
    /// It has been thought about, and nobody may or can approve anything: advice, or no plan to be had.
    case advise
    /// There is a plan, and somebody must say yes; also when a plan that was approved had to change.
    case ask
    /// Somebody, or policy, said yes.
    case approve
    /// The next action's operation is written down.
    case begin
    /// Every action has succeeded.
    case finishActions
    /// The subject was measured healthy.
    case recover
    /// The subject was not measured healthy in time.
    case runOut
    /// An action did not succeed.
    case fail
    /// An operator does not want it.
    case dismiss
    /// Nobody answered in time, nothing could begin in time, or the subject has left the fleet.
    case expire
    /// A tip that says more took its place.
    case supersede
}

/// The life of a tip as a pure state machine: which step leads where, and that each is written into its history.
///
/// ```
/// raised -> planned <-> awaitingApproval -> approved -> running -> verifying -> resolved | ineffective
///    |         |               |    ^-----------'----------'  (the plan had to change)
///    |         |               |                              ^---(a part was approved and is done)---'
///    '---------'---------------'-> cleared | dismissed | expired | superseded        running -> failed
/// ```
public struct TipMachine: Sendable, Hashable {
    /// The tip as it stands.
    public private(set) var tip: Tip

    /// The life of `tip`, from where it stands.
    public init(_ tip: Tip) {
        self.tip = tip
    }

    /// The station after `step`; `nil` where `state` does not allow it.
    public static func next(_ state: TipState, _ step: TipStep) -> TipState? {
        switch state {
        case .raised, .planned, .awaitingApproval: nextWhileOpen(state, step)
        case .approved: nextWhenApproved(step)
        case .running: nextWhileRunning(step)
        case .verifying:
            switch step {
            case .recover: .resolved
            case .runOut: .ineffective
            // Only a part was approved and is done: the tip goes on with what is left.
            case .ask: .awaitingApproval
            case .advise: .planned
            default: nil
            }
        case .resolved, .ineffective, .failed, .dismissed, .expired, .superseded, .cleared: nil
        }
    }

    private static func nextWhileOpen(_ state: TipState, _ step: TipStep) -> TipState? {
        switch step {
        case .advise: .planned
        case .ask: .awaitingApproval
        case .approve: state == .awaitingApproval ? .approved : nil
        case .recover: .cleared
        case .dismiss: .dismissed
        case .expire: .expired
        case .supersede: .superseded
        case .begin, .finishActions, .runOut, .fail: nil
        }
    }

    private static func nextWhenApproved(_ step: TipStep) -> TipState? {
        switch step {
        case .advise: .planned
        case .ask: .awaitingApproval
        case .begin: .running
        case .recover: .cleared
        case .fail: .failed
        case .dismiss: .dismissed
        case .expire: .expired
        case .supersede: .superseded
        case .approve, .finishActions, .runOut: nil
        }
    }

    private static func nextWhileRunning(_ step: TipStep) -> TipState? {
        switch step {
        case .advise: .planned
        case .ask: .awaitingApproval
        case .begin: .running
        case .finishActions: .verifying
        case .fail: .failed
        case .approve, .recover, .runOut, .dismiss, .expire, .supersede: nil
        }
    }

    /// Takes a step and writes it down. `false`, and nothing changed, where the tip's state does not allow it.
    @discardableResult
    public mutating func take(_ step: TipStep, at time: Timestamp, by actor: String, _ note: String) -> Bool {
        guard let next = Self.next(tip.state, step) else { return false }
        tip.state = next
        tip.updated = time
        tip.history.append(TipEvent(time: time, state: next, actor: actor, note: note))
        return true
    }

    /// Writes down something that happened without a change of state.
    public mutating func note(_ text: String, at time: Timestamp) {
        tip.updated = time
        tip.history.append(TipEvent(time: time, state: tip.state, actor: Actor.evenkeel, note: text))
    }

    /// Writes down what the tip waits for. Of one wait only the latest reason is kept, since its figures change with
    /// every look. Returns whether the wait is new, and so worth a write to disk.
    public mutating func wait(for reason: String, at time: Timestamp) -> Bool {
        let text = TipEvent.waitPrefix + reason
        guard let last = tip.history.last, last.state == tip.state, last.waitsFor != nil else {
            note(text, at: time)
            return true
        }
        tip.history[tip.history.count - 1].note = text
        return false
    }

    /// Takes what is stamped later than `time` for having happened then. Returns whether anything was.
    mutating func settle(at time: Timestamp) -> Bool {
        guard max(tip.raised, tip.updated) > time else { return false }
        tip.raised.settle(at: time)
        tip.updated.settle(at: time)
        tip.since?.settle(at: time)
        tip.unmeasuredSince?.settle(at: time)
        for place in tip.history.indices { tip.history[place].time.settle(at: time) }
        return true
    }

    /// Changes what the tip says; its state changes only by steps.
    public mutating func update(_ change: (inout Tip) -> Void) {
        let state = tip.state
        change(&tip)
        tip.state = state
    }
}

/// Who does things by themselves, as tips, operations and the audit log name them.
public enum Actor {
    /// The automation level that an operator has set.
    public static let policy = "policy"
    /// The control loop.
    public static let evenkeel = "evenkeel"
}

extension Tip {
    /// Since when the tip has been in the state that it is in.
    public var inStateSince: Timestamp {
        let other = history.lastIndex { $0.state != state }
        let first = other.map { history.index(after: $0) } ?? history.startIndex
        return first < history.endIndex ? history[first].time : raised
    }

    /// Who approved it last, and when; `nil` where nobody has.
    public var approval: TipEvent? { history.last { $0.state == .approved && $0.actor != Actor.evenkeel } }

    /// The actions that are still to be done.
    public var remainingActions: ArraySlice<PlannedAction> { plan?.actions.dropFirst(actionsDone) ?? [] }
}
