/// The fleet's memory besides its time series: what must survive the server.
public protocol StateStore: Sendable {
    /// Everything that a server needs at start. Older tips and operations are read by `history`.
    func load() async throws -> StoredState

    /// Makes all changes or none; durable when it returns.
    func commit(_ changes: [StateChange]) async throws

    /// Tips and operations that have ended, newest first, at most `limit` of each.
    func history(limit: Int) async throws -> (tips: [Tip], operations: [Operation])

    /// The parameters that differ from their pack's default: asked for in every round of rules.
    func parameters() async throws -> [ParameterSetting]

    /// What was set of whole packs: asked for in every round of rules.
    func packs() async throws -> [PackSetting]
}

extension StateStore {
    /// Reads everything; stores that can do with less do.
    public func parameters() async throws -> [ParameterSetting] { try await load().parameters }
}

/// What a server finds at start.
public struct StoredState: Sendable {
    /// The hosts.
    public var hosts: [HostRecord]
    /// Tips that are not at their end.
    public var tips: [Tip]
    /// Operations that are not at their end.
    public var operations: [Operation]
    /// Commands without an answer.
    public var commands: [AgentCommand]
    /// Access tokens, revoked ones as well.
    public var tokens: [AccessToken]
    /// Parameters that differ from their pack's default.
    public var parameters: [ParameterSetting]
    /// What operators want of the fleet.
    public var policy: FleetPolicy
    /// What is held.
    public var holds: [Hold]
    /// What was set of whole packs.
    public var packs: [PackSetting] = []
    /// Highest number given to a tip, an operation, a command and an audit entry so far.
    public var lastNumbers: LastNumbers
    /// The newest tips that have ended, newest first: what cool-downs look back on.
    public var endedTips: [Tip]
    /// The newest operations that have ended, newest first: what budgets, cool-downs and the breaker look back on.
    public var endedOperations: [Operation]

    /// A state; empty without arguments.
    public init(
        hosts: [HostRecord] = [], tips: [Tip] = [], operations: [Operation] = [], commands: [AgentCommand] = [],
        tokens: [AccessToken] = [], parameters: [ParameterSetting] = [], policy: FleetPolicy = FleetPolicy(),
        holds: [Hold] = [], lastNumbers: LastNumbers = LastNumbers(), endedTips: [Tip] = [],
        endedOperations: [Operation] = []
    ) {
        self.hosts = hosts
        self.tips = tips
        self.operations = operations
        self.commands = commands
        self.tokens = tokens
        self.parameters = parameters
        self.policy = policy
        self.holds = holds
        self.lastNumbers = lastNumbers
        self.endedTips = endedTips
        self.endedOperations = endedOperations
    }
}

/// Highest numbers given so far; 0 before the first.
public struct LastNumbers: Hashable, Codable, Sendable {
    /// Of tips.
    public var tip: Int64 = 0
    /// Of operations.
    public var operation: Int64 = 0
    /// Of commands.
    public var command: Int64 = 0
    /// Of audit entries.
    public var audit: Int64 = 0

    /// Nothing given yet.
    public init() {}
}

/// One change of the stored state; saving what is there replaces it.
public enum StateChange: Hashable, Codable, Sendable {
    /// A host reported.
    case saveHost(HostRecord)
    /// A host left the fleet.
    case removeHost(HostName)
    /// A tip is new or changed.
    case saveTip(Tip)
    /// An operation is new or changed.
    case saveOperation(Operation)
    /// A command was issued, under a number that was never used: one that was is an error.
    case saveCommand(AgentCommand)
    /// A command was answered: the first answer counts, a later one changes nothing.
    case answerCommand(number: Int64, answer: HostTaskAnswer, time: Timestamp)
    /// A token is new or changed.
    case saveToken(AccessToken)
    /// A parameter was set.
    case saveParameter(ParameterSetting)
    /// A parameter goes back to its default.
    case removeParameter(pack: String, name: String, cluster: ClusterName?)
    /// A pack was switched on or off, or its plug-ins were allowed or not.
    case savePack(PackSetting)
    /// The policy has a new version.
    case savePolicy(PolicyVersion)
    /// Something is held from now on.
    case saveHold(Hold)
    /// Something is held no more.
    case removeHold(HoldScope)
    /// Something was done: appended for good.
    case audit(AuditEntry)
}

/// A bearer token as it is stored: never the secret itself.
public struct AccessToken: Hashable, Codable, Sendable {
    /// What a holder may do.
    public enum Role: String, Codable, Sendable {
        /// Writes its own host's series and answers its own host's commands.
        case agent
        /// Everything that the command line can do.
        case `operator`
    }
    /// The host's or the operator's name; with the role the token's identity.
    public var name: Name<TokenKind>
    /// What a holder may do.
    public var role: Role
    /// SHA-256 of the secret (which has 256 random bits, so no slower hash is called for), in hexadecimal.
    public var hash: String
    /// Names that no token bears: what Evenkeel does by itself, and what is done without a token, goes by them.
    public static let reservedNames: Set<String> = ["policy", "evenkeel", "local"]

    /// When it was made.
    public var created: Timestamp
    /// When it was revoked.
    public var revoked: Timestamp?

    /// A token.
    public init(name: Name<TokenKind>, role: Role, hash: String, created: Timestamp, revoked: Timestamp? = nil) {
        self.name = name
        self.role = role
        self.hash = hash
        self.created = created
        self.revoked = revoked
    }
}

/// Marks names of token holders.
public enum TokenKind: Sendable {}

/// A pack's parameter that somebody set.
public struct ParameterSetting: Hashable, Codable, Sendable {
    /// The pack.
    public var pack: String
    /// The parameter.
    public var name: String
    /// Where it holds; `nil` for every cluster that has no setting of its own.
    public var cluster: ClusterName?
    /// The value.
    public var value: Double

    /// A setting.
    public init(pack: String, name: String, cluster: ClusterName?, value: Double) {
        self.pack = pack
        self.name = name
        self.cluster = cluster
        self.value = value
    }
}

/// What somebody set of a whole pack. Without a setting a pack is on, and its plug-ins are not allowed.
public struct PackSetting: Hashable, Codable, Sendable {
    /// The pack.
    public var pack: String
    /// Whether its rules are evaluated.
    public var isEnabled: Bool
    /// Whether its executables may be run and its webhooks called.
    public var allowsPlugIns: Bool

    /// A setting.
    public init(pack: String, isEnabled: Bool = true, allowsPlugIns: Bool = false) {
        self.pack = pack
        self.isEnabled = isEnabled
        self.allowsPlugIns = allowsPlugIns
    }
}
