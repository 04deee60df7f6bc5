/// What a check of a store found.
public struct StoreFindings: Codable, Sendable {
    /// A file that was looked at.
    public struct File: Codable, Hashable, Sendable {
        /// Its name in the store's folder.
        public var name: String
        /// Its size, with SQLite's journal beside it.
        public var bytes: Int64
        /// What of it was read: series of the catalogue, pages of block files, records of the log.
        public var items: Int
        /// How many samples it has; 0 where it has series only.
        public var samples: Int
        /// How many damages are in it.
        public var damages = 0

        /// A file in which no damage is known.
        public init(name: String, bytes: Int64, items: Int, samples: Int) {
            (self.name, self.bytes, self.items, self.samples) = (name, bytes, items, samples)
        }
    }

    /// Something that is not as it was written.
    public struct Damage: Codable, Hashable, Sendable {
        /// The file's name in the store's folder.
        public var file: String
        /// Where in it, and what is wrong.
        public var reason: String
    }

    /// Every file of the store, by name.
    public var files: [File] = []
    /// What is wrong, and where.
    public var damages: [Damage] = []
    /// What is worth knowing and no damage: what a crash leaves and the next start puts in order.
    public var notes: [String] = []
    /// Damaged files that were set aside at an earlier start and are still there.
    public var quarantined: [String] = []

    /// Whether everything is as it was written.
    public var isSound: Bool { damages.isEmpty }

    /// Nothing looked at.
    public init() {}

    /// Adds a file with what is wrong in it.
    public mutating func add(_ file: File, _ reasons: [String]) {
        var file = file
        file.damages = reasons.count
        files.append(file)
        for reason in reasons { damages.append(Damage(file: file.name, reason: reason)) }
    }
}
