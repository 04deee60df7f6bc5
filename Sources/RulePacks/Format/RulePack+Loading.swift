import FleetModel
import Foundation

extension RulePack {
    private static let manifestName = "pack.yaml"

    /// Reads and checks the pack in `folder`: `pack.yaml` and every `*.rules.yaml` and `*.rules.yml` beside it. A
    /// folder without `pack.yaml` is an advice-only pack of the rule files in it (`*.yaml`, `*.yml`, but not
    /// `*.test.yaml`), and so is a rule file that is named instead of a folder.
    ///
    /// Throws everything that is wrong with it at once.
    public static func load(folder: String) throws(RulePackError) -> RulePack {
        let url = URL(filePath: folder)
        var isFolder: ObjCBool = false
        guard unsafe FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else {
            throw RulePackError([PackFinding(SourcePlace(file: folder), "there is no such pack")])
        }
        guard isFolder.boolValue else { return try plain([url], name: url.deletingPathExtension().lastPathComponent) }
        let files = try files(in: url)
        guard let manifest = files.first(where: { $0.lastPathComponent == manifestName }) else {
            let rules = files.filter { !$0.lastPathComponent.contains(/\.(test|tips)\.ya?ml$/) }
            return try plain(rules, name: url.lastPathComponent)
        }
        let rules = files.filter {
            $0.lastPathComponent.hasSuffix(".rules.yaml") || $0.lastPathComponent.hasSuffix(".rules.yml")
        }
        return try whole(manifest, rules, folder: url.lastPathComponent)
    }

    /// The folder's YAML files by name.
    static func files(in folder: URL) throws(RulePackError) -> [URL] {
        do {
            return try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
                .filter { ["yaml", "yml"].contains($0.pathExtension) }
                .sorted { $0.lastPathComponent < $1.lastPathComponent }
        } catch {
            throw RulePackError([PackFinding(SourcePlace(file: folder.path), "cannot be read: \(error)")])
        }
    }

    // MARK: The two kinds of pack

    private static func plain(_ files: [URL], name: String) throws(RulePackError) -> RulePack {
        var findings: [PackFinding] = []
        let groups = groups(files, .anyText, &findings)
        if files.isEmpty {
            findings.append(PackFinding(SourcePlace(file: name), "there is neither a \(manifestName) nor a rule file"))
        }
        guard findings.isEmpty else { throw RulePackError(findings) }
        return RulePack(
            name: packName(name), version: "", title: "Rules of \(name), advice only", author: "", licence: "",
            parameters: [], groups: groups, tips: [:])
    }

    private static func whole(_ manifest: URL, _ rules: [URL], folder: String) throws(RulePackError) -> RulePack {
        var findings: [PackFinding] = []
        var pack = PackManifest()
        if let text = text(of: manifest, &findings) {
            let read = PackManifestReader.read(text, file: manifestName)
            pack = read.manifest
            findings += read.findings
        }
        let groups = groups(rules, .classic, &findings)
        if rules.isEmpty {
            findings.append(PackFinding(SourcePlace(file: manifestName), "there is no *.rules.yaml beside it"))
        }
        if !pack.name.isEmpty, pack.name != folder {
            let message = "the pack's name is '\(pack.name)' and its folder's '\(folder)'; they must be the same"
            findings.append(PackFinding(SourcePlace(file: manifestName, line: 1, column: 1), message))
        }
        if findings.isEmpty { findings += mismatches(pack, groups) }
        guard findings.isEmpty else { throw RulePackError(findings) }
        return RulePack(
            name: pack.name, version: pack.version, title: pack.title, author: pack.author, licence: pack.licence,
            parameters: pack.parameters, groups: groups, tips: pack.tips, needs: pack.needs, targets: pack.targets)
    }

    /// Tips of alerts that no rule raises, and alerts that a tip names and no rule raises.
    private static func mismatches(_ pack: PackManifest, _ groups: [RuleGroup]) -> [PackFinding] {
        let alerts = Set(groups.flatMap(\.rules).filter(\.isAlert).map(\.name))
        var findings: [PackFinding] = []
        for (alert, tip) in pack.tips.sorted(by: { $0.key < $1.key }) {
            let place = pack.tipPlaces[alert] ?? SourcePlace(file: manifestName)
            for name in [alert] + tip.inhibits where !alerts.contains(name) {
                let hint = Spelling.nearest(to: name, among: alerts).map { "; did you mean '\($0)'?" } ?? ""
                findings.append(PackFinding(place, "no rule raises the alert '\(name)'\(hint)"))
            }
        }
        return findings
    }

    // MARK: Files

    private static func groups(
        _ files: [URL], _ names: RuleFileReader.NameRule, _ findings: inout [PackFinding]
    ) -> [RuleGroup] {
        var groups: [RuleGroup] = []
        for file in files {
            guard let text = text(of: file, &findings) else { continue }
            let read = RuleFileReader.read(text, file: file.lastPathComponent, names: names)
            groups += read.groups
            findings += read.findings
        }
        return groups
    }

    static func text(of file: URL, _ findings: inout [PackFinding]) -> String? {
        let place = SourcePlace(file: file.lastPathComponent)
        let size = (try? file.resourceValues(forKeys: [.fileSizeKey]))?.fileSize ?? 0
        if size > YAMLGuard.longest {
            findings.append(PackFinding(place, "the file is longer than \(YAMLGuard.longest >> 10) KiB"))
            return nil
        }
        guard let data = try? Data(contentsOf: file) else {
            findings.append(PackFinding(place, "the file cannot be read"))
            return nil
        }
        guard let text = String(data: data, encoding: .utf8) else {
            findings.append(PackFinding(place, "the file is not UTF-8"))
            return nil
        }
        return text
    }

    /// A name that may stand in series: what is no small letter, digit or '-' becomes '-'.
    private static func packName(_ text: String) -> String {
        String(text.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" }.prefix(63))
    }
}

extension Rule {
    /// Whether it raises an alert.
    public var isAlert: Bool {
        if case .alert = kind { return true }
        return false
    }
}
