import Foundation

/// Where the tests find what lies beside them.
enum Places {
    /// The package's root.
    static let root = URL(filePath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The bundled pack.
    static let hostPressure = root.appending(path: "rules/host-pressure").path

    /// The names of all bundled packs.
    static let bundledPacks = [
        "backup", "best-practice", "cluster-balance", "cluster-reserve", "hardware-health", "host-agent",
        "host-pressure", "network", "storage", "vm-health", "vm-rightsizing",
    ]

    /// Data that lies beside the checkout and not in it.
    static let sharedData = root.deletingLastPathComponent().appending(path: "shared/data")

    static func files(in folder: String) -> [URL] {
        let url = sharedData.appending(path: folder)
        let files = try? FileManager.default.contentsOfDirectory(at: url, includingPropertiesForKeys: nil)
        return (files ?? []).filter { ["yml", "yaml"].contains($0.pathExtension) }
            .sorted { $0.lastPathComponent < $1.lastPathComponent }
    }

    /// A folder for one test, gone with its end.
    static func withFolder<Result>(
        named name: String = "pack", _ files: [String: String], _ body: (String) throws -> Result
    ) throws -> Result {
        let parent = FileManager.default.temporaryDirectory.appending(path: "evenkeel-packs-\(UUID().uuidString)")
        let folder = parent.appending(path: name)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: parent) }
        for (file, text) in files { try Data(text.utf8).write(to: folder.appending(path: file)) }
        return try body(folder.path)
    }
}
