import FleetModel
import Placement

/// The policy as the API shows it.
public struct PolicyView: Codable, Sendable {
    /// The policy.
    public var policy: FleetPolicy
    /// What of it is broken as things are, or names what nobody knows.
    public var warnings: [String]
    /// What is held.
    public var holds: [Hold]
    /// Names of VMs that it speaks of, by UUID.
    public var names: [String: String]
    /// The limits in force, those that nobody set included.
    public var limits: [String: Double]
    /// The windows that it is the time of now, by name; `nil` from an older server.
    public var currentWindows: [String]?
}

/// The body of `POST /fleet/v1/policy`.
public struct PolicyOrder: Codable, Sendable {
    /// What is to change.
    public var change: PolicyChange
    /// The version that it was decided on; refused where the policy has another one by now. `nil` for whatever it is.
    public var version: Int64?

    /// A change.
    public init(change: PolicyChange, version: Int64? = nil) {
        self.change = change
        self.version = version
    }
}

/// What comes of a change of the policy.
public struct PolicyAnswer: Codable, Sendable {
    /// The version that it has now.
    public var version: Int64
    /// What of it is broken as things are.
    public var warnings: [String]
}

/// The body of `POST /fleet/v1/holds`.
public struct HoldOrder: Codable, Sendable {
    /// `fleet`, `cluster:NAME`, `host:NAME` or `pack:NAME`.
    public var scope: HoldScope
    /// Why.
    public var reason: String
    /// Whether what is under way there is called off, too.
    public var cancel: Bool?

    /// A hold for `reason`.
    public init(scope: HoldScope, reason: String, cancel: Bool? = nil) {
        self.scope = scope
        self.reason = reason
        self.cancel = cancel
    }
}

/// What comes of a hold.
public struct HoldAnswer: Codable, Sendable {
    /// The tip that empties a host.
    public var tip: Int64?
    /// What is held now.
    public var holds: [Hold]
    /// Operations that were called off for it; `nil` where nobody asked for that, or nothing could be called off yet.
    public var cancelled: [Int64]?
    /// Why a stop is not on disk yet: it holds while this server runs, and is written, and what is to be called off is
    /// called off, as soon as the disk takes it.
    public var unstored: String?
}

/// Whether a cluster can lose hosts, as the API shows it.
public struct ReserveView: Codable, Sendable {
    /// The cluster.
    public var cluster: String
    /// How many hosts at a time.
    public var failures: Int
    /// How many the policy asks for.
    public var wanted: Int
    /// Whether it was proved that the cluster can lose any so many, or those that were asked about.
    public var holds: Bool
    /// Whether neither that nor the contrary was proved, which counts as no; `nil` for a decided verdict.
    public var undecided: Bool?
    /// The proof, or what stands against it.
    public var reason: String
    /// VMs that rules bind to one host, or whose disks are lost with it: no reserve covers them.
    public var uncovered: [String]
    /// Whether SCVMM's formula, which counts slots, would call the cluster over-committed; for one host only.
    public var isOverCommittedBySlots: Bool?
    /// How many sets of hosts were proved to be survivable.
    public var proved: Int?
    /// Where each VM would start, for each set of hosts that may fail; where that was asked for.
    public var witness: [ReserveWitness]?
    /// Whether there are more sets than the witness lists.
    public var isWitnessCut: Bool?
}

/// How well a host would do for a new VM, as the API shows it.
public struct PlaceView: Codable, Sendable {
    /// The host.
    public var host: String
    /// Its cluster.
    public var cluster: String
    /// 0 (it cannot be there) to 5.
    public var stars: Double
    /// What the stars rest on.
    public var reasons: [String]
}
