import GRDB

/// What can go wrong with the fleet's state on disk.
public enum FleetStateError: Error, Hashable, Sendable {
    /// The file cannot be opened or made.
    case cannotOpen(path: String, reason: String)
    /// The file is not a database, or parts of it are gone.
    case damaged(path: String, reason: String)
    /// A newer Evenkeel has changed the file in ways that this one does not know.
    case newerVersion(path: String, unknownChange: String)
    /// A stored document cannot be read back.
    case unreadableDocument(path: String, table: String, key: String, reason: String)
    /// Another process held the file for too long.
    case busy(path: String)
    /// There is no room left on the disk.
    case diskFull(path: String)
    /// Anything else that the database refused.
    case refused(path: String, reason: String)
    /// A token of that name and role is in force already.
    case tokenExists(name: String, role: String)
    /// The name stands for Evenkeel itself, or for whoever needs no token.
    case reservedName(String)
}

extension FleetStateError: CustomStringConvertible {
    /// What is wrong, where, and what to do.
    public var description: String {
        switch self {
        case .cannotOpen(let path, let reason):
            "\(path): cannot open the fleet's state: \(reason). Check that the folder exists and that this user may write there."
        case .damaged(let path, let reason):
            "\(path): the fleet's state is damaged (\(reason)). Nothing was changed; put a backup in its place, "
                + "or move the file away to start with an empty fleet."
        case .newerVersion(let path, let change):
            "\(path): was written by a newer Evenkeel (it has the change '\(change)', which this one does not know). "
                + "Nothing was changed; run that version, or restore a backup made before the upgrade."
        case .unreadableDocument(let path, let table, let key, let reason):
            "\(path): \(table) \(key) cannot be read: \(reason). Nothing was changed; restore a backup."
        case .busy(let path):
            "\(path): another process holds the fleet's state. Try again; if it stays so, see which process has the file open."
        case .diskFull(let path):
            "\(path): no room left on the disk. Nothing was changed; free some space."
        case .refused(let path, let reason):
            "\(path): \(reason)"
        case .tokenExists(let name, let role):
            "there is a token for \(role) \(name) already; revoke it first, or choose another name"
        case .reservedName(let name):
            "'\(name)' is a name that Evenkeel uses itself in tips and the audit log; choose another name"
        }
    }

    /// The same finding in this room's words.
    static func from(_ error: any Error, path: String) -> FleetStateError {
        if let own = error as? FleetStateError { return own }
        guard let database = error as? DatabaseError else { return .refused(path: path, reason: "\(error)") }
        let reason = database.message ?? "SQLite result \(database.resultCode.rawValue)"
        switch database.resultCode {
        case .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_READONLY, .SQLITE_AUTH:
            return .cannotOpen(path: path, reason: reason)
        case .SQLITE_NOTADB, .SQLITE_CORRUPT: return .damaged(path: path, reason: reason)
        case .SQLITE_BUSY, .SQLITE_LOCKED: return .busy(path: path)
        case .SQLITE_FULL: return .diskFull(path: path)
        default: return .refused(path: path, reason: reason)
        }
    }
}
