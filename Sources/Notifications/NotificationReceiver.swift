import FleetModel
import HTTPClient
import MailClient

/// Somebody who is told of tips, and how.
public struct NotificationReceiver: Sendable {
    /// Where to.
    public enum Target: Sendable {
        /// A JSON document by POST, signed with the secret where there is one.
        case webhook(url: String, access: HTTPAccess, secret: [UInt8]?)
        /// An Alertmanager at this base address: tips are alerts there.
        case alertmanager(url: String, access: HTTPAccess)
        /// Mail.
        case mail(MailServer, from: String, to: [String])
    }

    /// Its name in metrics, logs and notifications.
    public var name: String
    /// Where to.
    public var target: Target
    /// What goes together, and when.
    public var grouping: Grouping
    /// Which tips.
    public var conditions: [LabelCondition] = []
    /// Which phases are news.
    public var phases: Set<TipNotice.Phase> = [.raised, .waiting, .resolved, .failed, .closed]

    /// What goes together into one notification, and when it is sent: as Alertmanager's `group_by`, `group_wait`,
    /// `group_interval` and `repeat_interval`.
    public struct Grouping: Hashable, Sendable {
        /// Tips that agree on these labels go together.
        public var labels: [String]
        /// How long a new group waits for more.
        public var wait: Duration
        /// How long after a notification the next news of its group waits.
        public var interval: Duration
        /// After how long without news those told of are told again while they last.
        public var repeatInterval: Duration

        /// Alertmanager's defaults, by cluster.
        public init(
            labels: [String] = ["cluster"], wait: Duration = .seconds(30), interval: Duration = .seconds(300),
            repeatInterval: Duration = .seconds(4 * 3600)
        ) {
            self.labels = labels
            self.wait = wait
            self.interval = interval
            self.repeatInterval = repeatInterval
        }

        /// For an Alertmanager, which groups by itself and forgets what it does not hear of: everything at once, and
        /// every minute, as Prometheus does.
        public static let alertmanager = Grouping(
            labels: [], wait: .zero, interval: .zero, repeatInterval: .seconds(60))
    }

    /// A receiver.
    public init(name: String, target: Target) {
        self.name = name
        self.target = target
        if case .alertmanager = target { grouping = .alertmanager } else { grouping = Grouping() }
    }

    /// Whether it is told of a tip with `labels`.
    func wants(_ labels: Labels) -> Bool { conditions.allSatisfy { $0.holds(of: labels) } }

    /// Whether it is told when a tip is in `phase`. `working` is no news; whoever has not heard of the tip hears of it.
    func hears(_ phase: TipNotice.Phase) -> Bool { phases.contains(phase == .working ? .raised : phase) }

    /// Whether it is told of a tip before its end: then it hears of the end only where it has.
    var hearsOfBeginnings: Bool { phases.contains(.raised) || phases.contains(.waiting) }
}
