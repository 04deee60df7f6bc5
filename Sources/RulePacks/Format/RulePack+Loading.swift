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
        let (pack, findings) = read(folder: folder)
        guard let pack, findings.isEmpty else { throw RulePackError(findings) }
        return pack
    }

    /// The pack as far as it can be read and everything that is wrong with it, so that a check can look at the rest as
    /// well. Where there are findings the pack is nothing to run: what could not be read is missing or empty.
    public static func read(folder: String) -> (pack: RulePack?, findings: [PackFinding]) {
        do throws(RulePackError) {
            return try draft(folder: folder)
        } catch {
            return (nil, error.findings)
        }
    }

    private typealias Draft = (pack: RulePack?, findings: [PackFinding])

    private static func draft(folder: String) throws(RulePackError) -> Draft {
        let url = URL(filePath: folder)
        var isFolder: ObjCBool = false
        guard unsafe FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else {
            throw RulePackError([PackFinding(SourcePlace(file: folder), "there is no such pack")])
        }
        guard isFolder.boolValue else { return single(url) }
        let files = try files(in: url)
        let name = url.standardizedFileURL.lastPathComponent
        guard files.contains(manifestName) else {
            return plain(files.filter { !isTestFile($0) }, in: url, name: name)
        }
        let rules = files.filter { $0.hasSuffix(".rules.yaml") || $0.hasSuffix(".rules.yml") }
        return whole(rules, in: url, name: name)
    }

    static func isTestFile(_ name: String) -> Bool { name.contains(/\.(test|tips)\.ya?ml$/) }

    /// The names of the folder's YAML files, sorted.
    static func files(in folder: URL) throws(RulePackError) -> [String] {
        let found: [String]?
        do throws(PackFiles.Problem) {
            found = try PackFiles.names(in: folder.path)?.filter(PackFiles.isYAML)
        } catch {
            throw RulePackError([PackFinding(SourcePlace(file: "."), error.reason)])
        }
        guard let found, found.count <= PackFiles.mostFiles else {
            let reason =
                found.map { "the pack has \($0.count) YAML files; it may have \(PackFiles.mostFiles)" }
                ?? "the folder cannot be read"
            throw RulePackError([PackFinding(SourcePlace(file: "."), reason)])
        }
        return found
    }

    // MARK: The kinds of pack

    private static func single(_ file: URL) -> Draft {
        var findings: [PackFinding] = []
        var groups: [RuleGroup] = []
        if let text = text(of: file, &findings) {
            let read = RuleFileReader.read(text, file: file.lastPathComponent, names: .anyText)
            (groups, findings) = (read.groups, read.findings)
        }
        return (advice(groups, name: file.deletingPathExtension().lastPathComponent), findings)
    }

    private static func plain(_ files: [String], in folder: URL, name: String) -> Draft {
        var files = PackReading(folder: folder.path, files: files)
        let groups = files.groups(.anyText)
        if files.names.isEmpty {
            files.note(SourcePlace(file: "."), "there is neither a \(manifestName) nor a rule file")
        }
        return (advice(groups, name: name), files.findings)
    }

    private static func advice(_ groups: [RuleGroup], name: String) -> RulePack {
        RulePack(
            name: packName(name), version: "", title: "Rules of \(name), advice only", author: "", licence: "",
            parameters: [], groups: groups, tips: [:])
    }

    private static func whole(_ rules: [String], in folder: URL, name: String) -> Draft {
        var files = PackReading(folder: folder.path, files: rules)
        var pack = PackManifest()
        if let text = files.text(of: manifestName) {
            let read = PackManifestReader.read(text, file: manifestName)
            pack = read.manifest
            files.findings += read.findings
        }
        let groups = files.groups(.classic)
        if rules.isEmpty { files.note(SourcePlace(file: manifestName), "there is no *.rules.yaml beside it") }
        if !pack.name.isEmpty, pack.name != name {
            let message = "the pack's name is '\(pack.name)' and its folder's '\(name)'; they must be the same"
            files.note(pack.namePlace, message)
        }
        if files.isWhole, !rules.isEmpty { files.findings += mismatches(pack, groups) }
        files.findings += repetitions(groups)
        let draft = RulePack(
            name: pack.name, version: pack.version, title: pack.title, author: pack.author, licence: pack.licence,
            parameters: pack.parameters, groups: groups, tips: pack.tips, needs: pack.needs, targets: pack.targets)
        return (draft, files.findings.inOrder)
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

    /// Rules that would write the same series: of two such the later one fails at every evaluation, or wins by chance.
    private static func repetitions(_ groups: [RuleGroup]) -> [PackFinding] {
        var first: [RuleIdentity: SourcePlace] = [:]
        var findings: [PackFinding] = []
        // What could not be read has no expression that could be the same.
        for rule in groups.flatMap(\.rules) where !rule.expression.isEmpty {
            let identity = RuleIdentity(rule)
            if let place = first[identity] {
                findings.append(
                    PackFinding(
                        rule.place, "'\(rule.name)' is at \(place) already, with the same expression and labels"))
            } else {
                first[identity] = rule.place
            }
        }
        return findings
    }

    private struct RuleIdentity: Hashable {
        let isAlert: Bool
        let name: String
        let expression: String
        let labels: [String: String]

        init(_ rule: Rule) {
            (isAlert, name, expression) = (rule.isAlert, rule.name, rule.expression)
            labels = rule.labels.mapValues(\.source)
        }
    }

    // MARK: Files

    /// The text of a file that is named by itself, wherever it is.
    static func text(of file: URL, _ findings: inout [PackFinding]) -> String? {
        let place = SourcePlace(file: file.lastPathComponent)
        do throws(PackFiles.Problem) {
            let bytes = try PackFiles.bytes(at: file.path, limit: YAMLGuard.longest)
            if let text = String(validating: bytes, as: UTF8.self) { return text }
            findings.append(PackFinding(place, "the file is not UTF-8"))
        } catch {
            findings.append(PackFinding(place, error.reason))
        }
        return nil
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
