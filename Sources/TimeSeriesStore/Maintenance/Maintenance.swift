import Dispatch
import FleetModel

/// Work on the store as a whole (a backup, a check, a deletion): one piece at a time, beside writes and queries.
final class Maintenance: Sendable {
    private let queue = DispatchQueue(label: "evenkeel.store.maintenance", qos: .utility)
    private let current = Locked<String?>(nil)

    /// Begins a piece of work, which must `end`. Throws `StoreError.underWay` while another goes on.
    func begin(_ what: String) throws(StoreError) {
        try current.withLock { current throws(StoreError) in
            if let current { throw .underWay(current) }
            current = what
        }
    }

    /// Ends the piece of work.
    func end() { current.withLock { $0 = nil } }

    /// Runs `body`, which may take as long as it likes, on a thread that nobody else waits for.
    func perform<Value: Sendable>(
        _ body: @escaping @Sendable () throws(StoreError) -> Value
    ) async -> Result<Value, StoreError> {
        await withCheckedContinuation { reply in
            queue.async { reply.resume(returning: Result { () throws(StoreError) in try body() }) }
        }
    }
}

/// How far a piece of work on the store as a whole has come.
public struct MaintenanceProgress: Hashable, Sendable {
    /// How many files there are to work on.
    public var files = 0
    /// How many of them are done.
    public var filesDone = 0
    /// How many bytes these files have together, as far as that is known.
    public var bytes: Int64 = 0
    /// How many of them are done.
    public var bytesDone: Int64 = 0

    /// Nothing done.
    public init() {}
}

/// Told how far the work has come; says whether it shall go on.
public typealias MaintenanceReport = @Sendable (MaintenanceProgress) -> Bool
