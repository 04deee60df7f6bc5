/// How a VM moves: decided before it leaves, told to both hosts, and kept in the operation's record.
public struct MigrationMethod: Hashable, Codable, Sendable {
    /// What the guest sees of it.
    public enum Kind: String, Codable, Sendable, CaseIterable {
        /// Memory is sent while the guest runs; it is halted for the last part.
        case live
        /// The guest is halted, its memory saved on storage that both hosts see, and loaded on the other.
        case quick
    }
    /// How pages are packed on the way.
    public enum Compression: String, Codable, Sendable, CaseIterable { case none, zstd }

    /// What the guest sees of it.
    public var kind: Kind
    /// Parallel streams for memory (QEMU's multifd); 0 for one stream with everything.
    public var channels: Int
    /// How pages are packed on the way; needs channels.
    public var compression: Compression
    /// Whether a guest that writes faster than the network takes it is slowed down, more and more.
    public var autoConverge: Bool
    /// Whether the guest may go on at the destination before all of its memory is there, once sending ahead has stalled.
    /// If the source or the network then fails for good, the guest is lost.
    public var postCopy: Bool

    /// A way to move; by default live, over one stream, for as long as it takes.
    public init(
        kind: Kind = .live, channels: Int = 0, compression: Compression = .none, autoConverge: Bool = false,
        postCopy: Bool = false
    ) {
        self.kind = kind
        self.channels = channels
        self.compression = compression
        self.autoConverge = autoConverge
        self.postCopy = postCopy
    }
}

/// How a guest writes to its memory, as samples of its pages showed: what a migration can be foretold from.
public struct MemorySurvey: Hashable, Codable, Sendable {
    /// Which share of the pages differed after a while.
    public struct Change: Hashable, Codable, Sendable {
        /// After how long, in milliseconds.
        public var milliseconds: Int
        /// The share of all pages, 0...1, that had other content than at the beginning.
        public var share: Double

        /// `share` of the pages differed after `milliseconds`.
        public init(milliseconds: Int, share: Double) {
            self.milliseconds = milliseconds
            self.share = share
        }
    }

    /// When it began.
    public var time: Timestamp
    /// How many pages were looked at.
    public var pages: Int
    /// The share of pages that hold nothing but zeros, which a migration need not send.
    public var zeroShare: Double
    /// What had changed, shortest time first.
    public var changes: [Change]

    /// A survey.
    public init(time: Timestamp, pages: Int, zeroShare: Double, changes: [Change]) {
        self.time = time
        self.pages = pages
        self.zeroShare = zeroShare
        self.changes = changes
    }
}
