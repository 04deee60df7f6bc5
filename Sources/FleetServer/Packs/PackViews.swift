import FleetModel
import RulePacks

/// A pack in a list.
public struct PackView: Codable, Sendable {
    /// Its name; empty where it could never be read.
    public var name: String
    /// The author's version.
    public var version: String
    /// One line.
    public var title: String
    /// Its folder or rule file on the server.
    public var path: String
    /// Whether its rules are evaluated.
    public var isEnabled: Bool
    /// Whether its plug-ins may be run.
    public var allowsPlugIns: Bool
    /// How many rules it has, alerts among them.
    public var rules: Int
    /// How many alerts.
    public var alerts: Int
    /// How many alerts fire now.
    public var firing: Int
    /// What the pack needs and clusters lack, a line each: where it rests, and where its tips are advice.
    public var remarks: [String] = []
    /// Why what lies on disk is not in force, or which rules failed in the last round; `nil` where all is well.
    public var problem: String?
}

/// Everything of a pack.
public struct PackDetails: Codable, Sendable {
    /// What a list says of it.
    public var pack: PackView
    /// Who wrote it.
    public var author: String
    /// Under which licence.
    public var licence: String
    /// Metrics that it cannot do without and that have no series now.
    public var missingMetrics: [String]
    /// What clusters may set, and have set.
    public var parameters: [Parameter]
    /// What its alerts lead to.
    public var tips: [TipTerms]

    /// A parameter.
    public struct Parameter: Codable, Sendable {
        /// Its name.
        public var name: String
        /// What it counts.
        public var type: String
        /// The unit of a plain number.
        public var unit: String
        /// Its value where nobody set one, in the unit that rules see.
        public var standard: Double
        /// What may be set.
        public var minimum: Double
        /// What may be set.
        public var maximum: Double
        /// What it does.
        public var help: String
        /// What was set, by cluster; `""` is the fleet.
        public var set: [String: Double]
    }

    /// What an alert leads to.
    public struct TipTerms: Codable, Sendable {
        /// The alert.
        public var alert: String
        /// How bad it is; of an alert without a tip of its own, by its labels.
        public var level: String
        /// What it proposes.
        public var remediation: String
        /// Whether Evenkeel can carry that out; it is advice otherwise.
        public var isAvailable: Bool
        /// Why it is advice; `nil` where Evenkeel carries it out.
        public var reason: String?
        /// Who may approve at most.
        public var approval: String
        /// What it means, causes, what the remediation does, when not to.
        public var knowledge: String
    }
}

/// The body of `POST /fleet/v1/packs/P/enable`.
public struct PackOrder: Codable, Sendable {
    /// Whether its plug-ins may be run; `nil` leaves that as it is.
    public var allowsPlugIns: Bool?

    /// An order to switch a pack on.
    public init(allowsPlugIns: Bool?) { self.allowsPlugIns = allowsPlugIns }
}

/// The body of `POST /fleet/v1/packs/P/parameters`.
public struct ParameterOrder: Codable, Sendable {
    /// The parameter.
    public var name: String
    /// Its value as people write it, such as `75%` or `5m`; `nil` for none of its own.
    public var value: String?
    /// Where; `nil` for the fleet.
    public var cluster: String?

    /// An order to set a parameter.
    public init(name: String, value: String?, cluster: String?) {
        self.name = name
        self.value = value
        self.cluster = cluster
    }
}
