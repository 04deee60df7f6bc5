import FleetModel
import FleetState
import Foundation
import TimeSeriesStore

/// Writes backups of a running server: series, fleet state, and the memory of rules and foreign
/// alerts, each as it was at one moment after the
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
            for name in ["rules.json", "events.json"] {
                if let memory = try copyMemory(name, to: target.partial) { files.append(memory) }
            }
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

    private func copyMemory(_ name: String, to folder: String) throws -> StoredFile? {
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
