import ConfigurationFile
import Foundation

/// Finds rule packs on disk.
public enum PackFolders {
    /// The folders in `parent`, by name: a pack each. None without a parent.
    public static func inside(_ parent: String?, file: String) throws(ConfigurationError) -> [String] {
        guard let parent else { return [] }
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: parent).sorted()
        } catch {
            throw ConfigurationError(place: file, reason: "packs: \(parent) cannot be read as a folder")
        }
        return names.map { parent + "/" + $0 }.filter { path in
            var isFolder: ObjCBool = false
            return unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
        }
    }

    /// The packs that come with the executable at `executable`: `../share/evenkeel/rules` beside an installed one, the
    /// folder `rules` of the checkout that it was built in otherwise; `nil` where there is neither.
    public static func bundled(with executable: String) -> String? {
        var folder = URL(fileURLWithPath: executable).resolvingSymlinksInPath().deletingLastPathComponent()
        let installed = folder.deletingLastPathComponent().path + "/share/evenkeel/rules"
        if FileManager.default.fileExists(atPath: installed) { return installed }
        while folder.path != "/" {
            let isCheckout = FileManager.default.fileExists(atPath: folder.path + "/Package.swift")
            if isCheckout, FileManager.default.fileExists(atPath: folder.path + "/rules") {
                return folder.path + "/rules"
            }
            folder.deleteLastPathComponent()
        }
        return nil
    }
}
