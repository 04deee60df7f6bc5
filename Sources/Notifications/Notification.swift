import FleetModel

/// One message to one receiver: everything that there is to say about a group at a moment.
public struct Notification: Hashable, Codable, Sendable {
    /// One tip in it.
    public struct Line: Hashable, Codable, Sendable {
        /// What is told.
        public var notice: TipNotice
        /// Whether the receiver has not heard this before.
        public var isNews: Bool
    }

    /// Never used again: the same message sent twice has the same.
    public var id: String
    /// Who is told.
    public var receiver: String
    /// What the tips have in common.
    public var group: Labels
    /// When it was made.
    public var time: Timestamp
    /// The tips: news first, then by number. The most important `mostLines`.
    public var lines: [Line]
    /// How many more there are.
    public var omitted: Int

    /// The most tips that one message tells of.
    public static let mostLines = 100

    /// Whether there is nothing new in it.
    public var isRepeat: Bool { !lines.contains(where: \.isNews) }
}
