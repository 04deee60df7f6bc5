import FleetModel
import FleetState
import Foundation
import TimeSeriesStore

/// Writes backups of a running server: series, fleet state and the rules' memory, each as it was at one moment after the
/// backup began.
struct ServerBackup: Sendable {
    let series: TimeSeriesStore
    let state: FleetStateStore
    /// The server's data folder.
    let data: String
    let version: String
    let clock: any Clock

    /// Writes a backup to the folder `path`, which must be absolute, and not be there or be empty. When it throws nothing
    /// is left that looks whole.
    func write(to path: String, report: @escaping MaintenanceReport) async throws -> BackupManifest {
        let target = try BackupFolder(path: path)
        do {
            let made = clock.now
            var files = try await series.copy(to: target.partial + "/series", report: report)
            for place in files.indices { files[place].name = "series/" + files[place].name }
            files.append(try copyState(to: target.partial))
            if let rules = try copyRules(to: target.partial) { files.append(rules) }
            let manifest = BackupManifest(
                format: BackupManifest.currentFormat, version: version, made: made, files: files)
            try write(manifest, to: target.partial)
            try target.finish()
            return manifest
        } catch {
            target.discard()
            throw error
        }
    }

    private func copyState(to folder: String) throws -> StoredFile {
        let name = "fleet.sqlite"
        try state.copy(to: folder + "/" + name)
        try BackupFolder.sync(folder + "/" + name)
        return try StoredFile(name: name, in: folder)
    }

    private func copyRules(to folder: String) throws -> StoredFile? {
        let name = "rules.json"
        // The server replaces the file in one step, so what is read is whole.
        guard let content = FileManager.default.contents(atPath: data + "/" + name) else { return nil }
        try content.write(to: URL(fileURLWithPath: folder + "/" + name))
        try BackupFolder.sync(folder + "/" + name)
        return try StoredFile(name: name, in: folder)
    }

    private func write(_ manifest: BackupManifest, to folder: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let path = folder + "/" + BackupManifest.fileName
        try encoder.encode(manifest).write(to: URL(fileURLWithPath: path))
        try BackupFolder.sync(path)
    }
}
