/// An operator's word that certain tips are not to be told of for a while.
public struct Silence: Hashable, Codable, Sendable {
    /// Counts up from 1 and is never used again; 0 before the store has given it.
    public var number: Int64
    /// What must hold of a tip's labels, all of it, as written: `cluster="lab"`, `host=~"kvm.*"`.
    public var matchers: [String]
    /// When it was made, and since when it holds.
    public var created: Timestamp
    /// From when on it holds no more.
    public var until: Timestamp
    /// Who made it.
    public var actor: String
    /// Why.
    public var reason: String

    /// A silence.
    public init(
        number: Int64 = 0, matchers: [String], created: Timestamp, until: Timestamp, actor: String, reason: String
    ) {
        self.number = number
        self.matchers = matchers
        self.created = created
        self.until = until
        self.actor = actor
        self.reason = reason
    }
}
