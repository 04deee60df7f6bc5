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

/// The body of `POST /fleet/v1/vms`.
public struct CreationOrder: Codable, Sendable {
    /// What the VM is made of. The CPU model `baseline` becomes the richest that every host of the cluster has.
    public var definition: VirtualMachineDefinition
    /// On which host.
    public var host: String?
    /// Whether it is started, too.
    public var start: Bool?

    /// An order to make a VM.
    public init(definition: VirtualMachineDefinition, host: String?, start: Bool?) {
        self.definition = definition
        self.host = host
        self.start = start
    }
}

/// The body of `POST /fleet/v1/vms/V/stop`.
public struct StopOrder: Codable, Sendable {
    /// Whether at once, and not by asking the guest.
    public var force: Bool?

    /// An order to stop a VM.
    public init(force: Bool?) { self.force = force }
}

/// The body of `POST /fleet/v1/vms/V/resize`.
public struct ResizeOrder: Codable, Sendable {
    /// How many virtual processors; `nil` for as many as it has.
    public var virtualProcessors: Int?
    /// How much memory; `nil` for as much as it has.
    public var memory: Bytes?

    /// An order to resize a VM.
    public init(virtualProcessors: Int?, memory: Bytes?) {
        self.virtualProcessors = virtualProcessors
        self.memory = memory
    }
}

/// The body of `POST /fleet/v1/vms/V/balloon`.
public struct BalloonOrder: Codable, Sendable {
    /// How much memory the guest is to keep.
    public var memory: Bytes

    /// An order to set a balloon.
    public init(memory: Bytes) { self.memory = memory }
}

/// The body of `POST /fleet/v1/vms/V/snapshot`.
public struct SnapshotOrder: Codable, Sendable {
    /// Folder of the host that the disks are copied into.
    public var folder: String

    /// An order to copy a VM's disks.
    public init(folder: String) { self.folder = folder }
}

/// The body of `POST /fleet/v1/tips/N/approve`.
public struct ApprovalOrder: Codable, Sendable {
    /// The version of the plan that was shown (`PlanView.version`); refused when the plan has changed since. `nil`
    /// approves whatever the plan is now.
    public var plan: Int64?
    /// Only these steps, counted from 1 over those that are still to be done; `nil` for all.
    public var steps: [Int]?
    /// Other destinations, by a step's place.
    public var destinations: [Int: String]?

    /// An approval of the plan of that version.
    public init(plan: Int64?, steps: [Int]? = nil, destinations: [Int: String]? = nil) {
        self.plan = plan
        self.steps = steps
        self.destinations = destinations
    }
}

/// The body of `POST /fleet/v1/tips/N/dismiss`.
public struct DismissalOrder: Codable, Sendable {
    /// Why, for the tip's history and the audit log.
    public var reason: String
    /// For how long the same finding raises no new tip; `nil` for as long as the pack says.
    public var seconds: Double?

    /// A dismissal for `reason`.
    public init(reason: String, seconds: Double? = nil) {
        self.reason = reason
        self.seconds = seconds
    }
}

/// The body of `POST /fleet/v1/silences`.
public struct SilenceOrder: Codable, Sendable {
    /// What must hold of a tip's labels, all of it: `cluster=lab`, `host=~"kvm.*"`.
    public var matchers: [String]
    /// For how long.
    public var seconds: Double
    /// Why.
    public var reason: String

    /// A silence of `seconds` for `reason`.
    public init(matchers: [String], seconds: Double, reason: String) {
        self.matchers = matchers
        self.seconds = seconds
        self.reason = reason
    }
}

/// The body of requests that need no words: `{}`.
public struct Empty: Codable, Sendable {
    /// No words.
    public init() {}
}
