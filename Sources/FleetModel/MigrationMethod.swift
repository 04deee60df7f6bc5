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

/// What a migration is expected to take, before it begins.
public struct MigrationForecast: Hashable, Codable, Sendable {
    /// From the start of sending to its end, in milliseconds; `nil` where it is not expected to end by itself.
    public var totalMilliseconds: Int?
    /// How long the guest will be halted, in milliseconds; `nil` where it is not expected to end by itself.
    public var downtimeMilliseconds: Int?
    /// The longest time for which the guest will be kept from running at a stretch while it is slowed down, in
    /// milliseconds; 0 where it is not.
    public var throttleMilliseconds: Int
    /// What will go over the wire.
    public var transferred: Bytes
    /// What of that will be left when the guest is halted.
    public var remainder: Bytes
    /// What of that the guest will have written just before; `nil` in forecasts of earlier versions.
    public var rewritten: Bytes?
    /// How often the guest's memory will be gone through.
    public var passes: Int

    /// A forecast.
    public init(
        totalMilliseconds: Int?, downtimeMilliseconds: Int?, throttleMilliseconds: Int = 0, transferred: Bytes,
        remainder: Bytes = .zero, rewritten: Bytes? = nil, passes: Int
    ) {
        self.remainder = remainder
        self.rewritten = rewritten
        self.totalMilliseconds = totalMilliseconds
        self.downtimeMilliseconds = downtimeMilliseconds
        self.throttleMilliseconds = throttleMilliseconds
        self.transferred = transferred
        self.passes = passes
    }
}

extension MigrationForecast {
    /// Whether the total time came within a fifth of what was foretold; `nil` where no end was foretold.
    public func totalHeld(_ figures: MigrationFigures) -> Bool? {
        guard let totalMilliseconds else { return nil }
        let ratio = Double(totalMilliseconds) / Double(max(1, figures.totalMilliseconds))
        return (0.8...1.2).contains(ratio)
    }

    /// Whether the downtime came within a factor of two of what was foretold, or within 5 ms, which is about what it
    /// differs by from one time to the next; `nil` where none was foretold.
    public func downtimeHeld(_ figures: MigrationFigures) -> Bool? {
        guard let downtimeMilliseconds else { return nil }
        let (expected, seen) = (Double(downtimeMilliseconds), Double(figures.downtimeMilliseconds))
        return (seen / 2...seen * 2).contains(expected) || abs(expected - seen) <= 5
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
    /// The share of pages that hold nothing but zeros, which a migration need not send: for equal parts of memory in the
    /// order of addresses, in which they are sent.
    public var zeroShares: [Double]
    /// What had changed, shortest time first.
    public var changes: [Change]
    /// Memory that moves with the guest's and is not the guest's: firmware, tables, the display's; `nil` when unknown.
    public var beyond: Bytes?

    /// A survey.
    public init(time: Timestamp, pages: Int, zeroShares: [Double], changes: [Change], beyond: Bytes? = nil) {
        self.time = time
        self.pages = pages
        self.zeroShares = zeroShares
        self.changes = changes
        self.beyond = beyond
    }
}

/// How a VM will move, what that is expected to take, and why it was chosen: kept with the operation.
public struct ChosenMigration: Hashable, Codable, Sendable {
    /// How it moves.
    public var method: MigrationMethod
    /// What it is expected to take; `nil` where the guest's memory was not looked at yet.
    public var forecast: MigrationForecast?
    /// Upper bound of the stream in bytes a second; `nil` for QEMU's default.
    public var bandwidthLimit: Bytes?
    /// After how long without an end it is cancelled, in seconds.
    public var timeLimitSeconds: Int
    /// Why, a sentence each.
    public var reasons: [String]

    /// A choice.
    public init(
        method: MigrationMethod, forecast: MigrationForecast?, bandwidthLimit: Bytes?, timeLimitSeconds: Int,
        reasons: [String]
    ) {
        self.method = method
        self.forecast = forecast
        self.bandwidthLimit = bandwidthLimit
        self.timeLimitSeconds = timeLimitSeconds
        self.reasons = reasons
    }
}

extension MigrationMethod {
    /// The way in words, such as `pre-copy over 4 streams with zstd`.
    public var text: String {
        if kind == .quick { return "quick (save and restore)" }
        var text = "pre-copy"
        if channels > 0 { text += " over \(channels) streams" }
        if channels > 0, compression == .zstd { text += " with zstd" }
        if postCopy { text += ", post-copy when it stalls" }
        if autoConverge { text += ", the guest slowed down if need be" }
        return text
    }
}

/// What operators allow beyond pre-copy.
public struct MigrationPolicy: Hashable, Codable, Sendable {
    /// Whether the guest may go on at the destination before its memory is there.
    public var postCopy: Bool
    /// Whether the guest may be halted for as long as its memory takes over storage.
    public var quick: Bool

    /// By default neither.
    public init(postCopy: Bool = false, quick: Bool = false) {
        self.postCopy = postCopy
        self.quick = quick
    }
}
