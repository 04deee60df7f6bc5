import FleetModel

/// Why the store did not do what it was asked.
public enum StoreError: Error, Hashable, Sendable {
    /// The request, or a series in it, breaks a rule or is one too many; sending it again cannot help (HTTP 400). What
    /// was right in it is stored all the same, unless the request as a whole could not be read.
    case invalid(reason: String)
    /// The same of some series of a request whose others are taken, `stored` samples: `taken` is a request of those alone.
    case partlyInvalid(reason: String, stored: Int, taken: [UInt8])
    /// Samples were right in form and refused for their time or value; the others are stored (HTTP 400).
    case refused(WriteSummary, example: String)
    /// A series is not one that the sender may write; nothing of the request is stored (HTTP 403). The reason begins with
    /// "the series".
    case forbidden(reason: String)
    /// Memory is full, and nothing of the request is stored; later may help (HTTP 429).
    case overLimit(reason: String)
    /// The store is being closed (HTTP 503).
    case shuttingDown
    /// The file system has no room for what was sent; nothing of it is acknowledged (HTTP 503).
    case noSpace(path: String)
    /// Another process has the folder open.
    case inUse(folder: String, owner: String)
    /// The operating system refused an operation on a file.
    case fileFailed(path: String, operation: String, reason: String)
    /// SQLite refused an operation on a database file.
    case databaseFailed(path: String, reason: String)
    /// What is stored at a place is not what was written there.
    case damaged(path: String, reason: String)
    /// A matcher of a selection cannot be used.
    case badMatcher(reason: String)
    /// A selection has more series than one may (HTTP 422).
    case selectionTooLarge(series: Int, limit: Int)
    /// Something that works on the store as a whole is under way, and a second one has to wait (HTTP 409).
    case underWay(String)
    /// A folder or file is not what an operation on the store as a whole needs (HTTP 400).
    case unsuitable(path: String, reason: String)
}

extension StoreError {
    /// After how many seconds a sender should try again; `nil` where that cannot help.
    public var retryAfterSeconds: Int? {
        switch self {
        case .overLimit, .noSpace, .fileFailed, .databaseFailed: 10
        case .shuttingDown: 5
        case .invalid, .partlyInvalid, .refused, .forbidden, .inUse, .damaged, .badMatcher, .selectionTooLarge,
            .underWay, .unsuitable:
            nil
        }
    }
}

extension StoreError: SelectionError {
    /// Whether a selection asks for what it may not.
    public var isOfTheSelection: Bool {
        switch self {
        case .badMatcher, .selectionTooLarge: true
        default: false
        }
    }
}

extension StoreError: CustomStringConvertible {
    /// What is wrong, where, and what to do.
    public var description: String {
        switch self {
        case .partlyInvalid(let reason, _, _): reason
        case .invalid(let reason), .overLimit(let reason), .forbidden(let reason), .badMatcher(let reason): reason
        case .refused(let summary, let example): "\(summary.refusals); first: \(example)"
        case .shuttingDown: "the store is shutting down; send again in a moment"
        case .noSpace(let path): "no space left for \(path); free some, the sender will try again"
        case .inUse(let folder, let owner):
            "\(folder) is in use by \(owner); stop that process or choose another folder"
        case .fileFailed(let path, let operation, let reason): "cannot \(operation) \(path): \(reason)"
        case .databaseFailed(let path, let reason): "\(path): \(reason)"
        case .damaged(let path, let reason): "\(path) is damaged: \(reason)"
        case .selectionTooLarge(let series, let limit):
            "the selection has \(series) series, and may have \(limit); select fewer, or a shorter time"
        case .underWay(let what): "\(what) is under way; try again when it is done"
        case .unsuitable(let path, let reason): "\(path): \(reason)"
        }
    }
}

/// What became of the samples of a write.
public struct WriteSummary: Hashable, Sendable {
    /// Stored, durable.
    public var stored = 0
    /// Known already with the same value: nothing to do.
    public var duplicates = 0
    /// Another value is stored for the same series and time.
    public var conflicting = 0
    /// Older than retention, or further behind the newest sample of the series than the out-of-order window.
    public var tooOld = 0
    /// Further in the future than the bound.
    public var tooNew = 0

    /// Nothing written.
    public init() {}

    /// How many samples were refused.
    public var refused: Int { conflicting + tooOld + tooNew }

    /// The refusals, for a person.
    var refusals: String {
        let counts = [
            (conflicting, "with another value than is stored for that time"), (tooOld, "too old"),
            (tooNew, "too far in the future"),
        ]
        let listed = counts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
        return "\(refused) samples refused (\(listed.joined(separator: ", "))), \(stored) stored"
    }

    mutating func add(_ other: WriteSummary) {
        stored += other.stored
        duplicates += other.duplicates
        conflicting += other.conflicting
        tooOld += other.tooOld
        tooNew += other.tooNew
    }
}
