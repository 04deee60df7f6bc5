import FleetModel

/// The body of `POST /fleet/v1/vms/V/migrate`.
public struct MigrationOrder: Codable, Sendable {
    /// The host that the VM is to run on.
    public var to: String
    /// How; `nil` for the way that suits it best.
    public var method: MigrationMethod?
    /// Whether only to say what it would take; nothing is done then.
    public var plan: Bool?

    /// An order to move a VM to `to`.
    public init(to: String, method: MigrationMethod? = nil, plan: Bool? = nil) {
        self.to = to
        self.method = method
        self.plan = plan
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
