import FleetModel
import Foundation
import TimeSeriesStore

/// What a backup holds: the file `backup.json` in it, which is written last, so that a folder without it is no backup.
///
///     backup.json        this
///     fleet.sqlite       hosts, tips, operations, commands, tokens, parameters, policies, the audit log
///     rules.json         the rules' memory, where there is one
///     events.json        the foreign alerts, where there were any
///     series/            the time series: catalogue.db and the other files of a store
public struct BackupManifest: Codable, Sendable {
    /// Its name in a backup.
    public static let fileName = "backup.json"
    /// The newest format that this version reads, and the one that it writes.
    public static let currentFormat = 1

    /// The format.
    public var format: Int
    /// The version of the server that wrote it.
    public var version: String
    /// When it was begun: what was acknowledged before is in it.
    public var made: Timestamp
    /// Every file but this one.
    public var files: [StoredFile]

    /// How many bytes the files have together.
    public var bytes: Int64 { files.reduce(0) { $0 + $1.bytes } }

    /// Reads the manifest of a backup; throws `BackupError` where the folder is none.
    static func read(_ folder: String) throws(BackupError) -> BackupManifest {
        let path = folder + "/" + fileName
        guard let data = FileManager.default.contents(atPath: path) else {
            throw .notABackup(path: folder, reason: "it has no readable file \(fileName)")
        }
        let manifest: BackupManifest
        do {
            manifest = try JSONDecoder().decode(BackupManifest.self, from: data)
        } catch {
            throw .damaged(path: path, reason: "\(error)")
        }
        guard manifest.format <= currentFormat else {
            throw .notABackup(
                path: folder,
                reason: "its format \(manifest.format) is newer than this program knows; "
                    + "use evenkeel \(manifest.version) or newer")
        }
        for file in manifest.files where !isPlain(file.name) {
            throw .damaged(path: path, reason: "it names '\(file.name)', which cannot be a file of a backup")
        }
        return manifest
    }

    /// Whether a name stays inside the backup: a file, or one in a folder.
    private static func isPlain(_ name: String) -> Bool {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        return parts.count <= 2 && parts.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." && !$0.contains("\0") }
    }
}

/// Why there is no backup, or none can be restored.
public enum BackupError: Error, Hashable, Sendable {
    /// The place is not one where a backup can be written or restored.
    case badPlace(path: String, reason: String)
    /// The folder is not a backup, or not one that this version can read.
    case notABackup(path: String, reason: String)
    /// A file of the backup is not what was written.
    case damaged(path: String, reason: String)
    /// The file system refused something.
    case failed(path: String, reason: String)
}

extension BackupError: CustomStringConvertible {
    /// What is wrong, where, and what to do.
    public var description: String {
        switch self {
        case .badPlace(let path, let reason): "\(path): \(reason)"
        case .notABackup(let path, let reason): "\(path) is not a backup to restore: \(reason)"
        case .damaged(let path, let reason): "\(path) is damaged: \(reason); use another backup"
        case .failed(let path, let reason): "\(path): \(reason)"
        }
    }
}
