import ConfigurationFile
import Foundation

/// Finds rule packs on disk.
public enum PackFolders {
    /// The folders and rule files in `parent`, by name: a pack each. None without a parent.
    public static func inside(_ parent: String?, file: String) throws(ConfigurationError) -> [String] {
        guard let parent else { return [] }
        guard let packs = found(in: parent) else {
            throw ConfigurationError(place: file, reason: "packs: \(parent) cannot be read as a folder")
        }
        return packs
    }

    /// What may be a pack in `parent`, by name: folders and YAML files but for hidden ones and tests; `nil` where it is
    /// no folder that can be read.
    static func found(in parent: String) -> [String]? {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: parent) else { return nil }
        return names.sorted().filter { !$0.hasPrefix(".") }.map { parent + "/" + $0 }.filter { path in
            var isFolder: ObjCBool = false
            guard unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return false }
            return isFolder.boolValue || path.contains(/\.ya?ml$/) && !path.contains(/\.(test|tips)\.ya?ml$/)
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
