import Foundation

/// A folder that is filled under a temporary name, synced, and given its own name when it is whole. One that is not
/// finished is thrown away; if nobody lives to do that, it keeps a name that says so.
struct BackupFolder {
    /// Where it will be.
    let path: String
    /// Where it is until then.
    let partial: String

    /// Makes the folder under its temporary name. `path` must be absolute, and not be there or be an empty folder.
    init(path given: String) throws(BackupError) {
        path = try Self.judge(given)
        partial = path + ".partial"
        try Self.removeLeftover(partial)
        do {
            try FileManager.default.createDirectory(
                atPath: partial, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        } catch {
            throw .badPlace(path: partial, reason: "cannot be made: \(error.localizedDescription)")
        }
    }

    /// The path without detours. Throws where it is not absolute, or is anything but an empty folder or nothing.
    @discardableResult
    static func judge(_ given: String) throws(BackupError) -> String {
        guard given.hasPrefix("/"), !given.contains("\0") else {
            throw .badPlace(path: given, reason: "write the path on the server's machine from its root on")
        }
        let path = (given as NSString).standardizingPath
        var isFolder: ObjCBool = false
        guard unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return path }
        guard isFolder.boolValue, let content = try? FileManager.default.contentsOfDirectory(atPath: path) else {
            throw .badPlace(path: path, reason: "is there already and is no folder that can be read")
        }
        if !content.isEmpty { throw .badPlace(path: path, reason: "is not empty; name a new folder") }
        return path
    }

    /// Removes what an earlier attempt that was killed has left, and nothing else.
    private static func removeLeftover(_ partial: String) throws(BackupError) {
        guard let content = try? FileManager.default.contentsOfDirectory(atPath: partial) else { return }
        let own = [
            BackupManifest.fileName, "fleet.sqlite", "fleet.sqlite-journal", "rules.json", "events.json", "series",
        ]
        if let other = content.first(where: { !own.contains($0) }) {
            throw .badPlace(path: partial, reason: "is in the way, and has '\(other)' in it, which no backup has")
        }
        do {
            try FileManager.default.removeItem(atPath: partial)
        } catch {
            throw .badPlace(path: partial, reason: "is in the way: \(error.localizedDescription)")
        }
    }

    /// Gives the folder its name, durably.
    func finish() throws(BackupError) {
        for folder in [partial + "/series", partial] { try Self.sync(folder) }
        guard unsafe rename(partial, path) == 0 else {
            throw .failed(path: path, reason: unsafe String(cString: strerror(errno)))
        }
        try Self.sync((path as NSString).deletingLastPathComponent)
    }

    /// Throws the folder away.
    func discard() { try? FileManager.default.removeItem(atPath: partial) }

    /// Makes what a file holds, or a folder lists, survive a power cut.
    static func sync(_ path: String) throws(BackupError) {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .failed(path: path, reason: unsafe String(cString: strerror(errno))) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else {
            throw .failed(path: path, reason: unsafe String(cString: strerror(errno)))
        }
    }
}
