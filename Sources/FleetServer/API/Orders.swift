/// The body of `POST /fleet/v1/vms/V/migrate`.
public struct MigrationOrder: Codable, Sendable {
    /// The host that the VM is to run on.
    public var to: String

    /// An order to move a VM to `to`.
    public init(to: String) {
        self.to = to
    }
}

/// The body of `POST /fleet/v1/tips/N/approve`.
public struct ApprovalOrder: Codable, Sendable {
    /// The version of the plan that was shown (`PlanView.version`); refused when the plan has changed since. `nil`
    /// approves whatever the plan is now.
    public var plan: Int64?

    /// An approval of the plan of that version.
    public init(plan: Int64?) {
        self.plan = plan
    }
}

/// The body of `POST /fleet/v1/tips/N/dismiss`.
public struct DismissalOrder: Codable, Sendable {
    /// Why, for the tip's history and the audit log.
    public var reason: String

    /// A dismissal for `reason`.
    public init(reason: String) {
        self.reason = reason
    }
}

/// The body of requests that need no words: `{}`.
public struct Empty: Codable, Sendable {
    /// No words.
    public init() {}
}
