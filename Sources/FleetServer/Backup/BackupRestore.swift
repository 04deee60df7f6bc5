import FleetModel
import FleetState
import Foundation
import TimeSeriesStore

/// Puts a backup in place as the data folder of a server that does not run.
public struct BackupRestore: Sendable {
    /// The backup's folder.
    public let source: String
    /// The data folder to be.
    public let target: String

    /// The restoring of the backup in `source` as the data folder `target`.
    public init(from source: String, to target: String) {
        self.source = source
        self.target = target
    }

    /// Verifies every file against the manifest, copies, checks the copy page by page, and only then gives it its name.
    /// `report` hears how far it is. Returns what was restored. Throws `BackupError` or `StoreError`, and then has left
    /// nothing at `target`.
    public func run(report: @escaping MaintenanceReport = { _ in true }) async throws -> BackupManifest {
        let manifest = try BackupManifest.read(source)
        var progress = MaintenanceProgress()
        progress.files = manifest.files.count * 2
        progress.bytes = manifest.bytes * 2
        func verify(in folder: String) throws {
            for file in manifest.files {
                let found = try StoredFile(name: file.name, in: folder)
                guard found == file else {
                    throw BackupError.damaged(
                        path: folder + "/" + file.name, reason: "it is not what the backup wrote")
                }
                progress.filesDone += 1
                progress.bytesDone += file.bytes
                _ = report(progress)
            }
        }
        try verify(in: source)
        let folder = try BackupFolder(path: URL(fileURLWithPath: target).standardizedFileURL.path)
        do {
            try copy(manifest, to: folder.partial)
            try verify(in: folder.partial)
            try judge(folder.partial)
            try folder.finish()
        } catch {
            folder.discard()
            throw error
        }
        return manifest
    }

    private func copy(_ manifest: BackupManifest, to folder: String) throws {
        try FileManager.default.createDirectory(
            atPath: folder + "/series", withIntermediateDirectories: true, attributes: [.posixPermissions: 0o750])
        for file in manifest.files {
            let target = folder + "/" + file.name
            try FileManager.default.copyItem(atPath: source + "/" + file.name, toPath: target)
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: target)
            try BackupFolder.sync(target)
        }
    }

    /// Throws where a server would not start with the copy, or would find it damaged.
    private func judge(_ folder: String) throws {
        let findings = try StoreCheck(folder: folder + "/series").run()
        if let damage = findings.damages.first {
            throw BackupError.damaged(path: source + "/series/" + damage.file, reason: damage.reason)
        }
        try FleetStateStore(path: folder + "/fleet.sqlite").close()
    }
}
