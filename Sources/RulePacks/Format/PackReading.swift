/// Reads the YAML files of one pack's folder and gathers everything that is wrong with them.
struct PackReading {
    /// Most rules of a pack.
    private static let mostRules = 5_000

    let folder: String
    /// The rule files' names.
    let names: [String]
    var findings: [PackFinding] = []
    /// Whether every rule file gave the rules that are in it, even if something is wrong with them.
    private(set) var isWhole = true
    private var bytesLeft = PackFiles.mostBytes

    init(folder: String, files: [String]) {
        self.folder = folder
        names = files
    }

    mutating func note(_ place: SourcePlace, _ message: String) { findings.append(PackFinding(place, message)) }

    /// The groups of all rule files, in the order of the files' names.
    mutating func groups(_ rule: RuleFileReader.NameRule) -> [RuleGroup] {
        var groups: [RuleGroup] = []
        var count = 0
        for name in names {
            guard let text = text(of: name) else {
                isWhole = false
                continue
            }
            let read = RuleFileReader.read(text, file: name, names: rule)
            findings += read.findings
            if !read.isWhole { isWhole = false }
            count += read.groups.reduce(0) { $0 + $1.rules.count }
            guard count <= Self.mostRules else {
                note(SourcePlace(file: name), "with this file the pack has more than \(Self.mostRules) rules")
                isWhole = false
                return []
            }
            groups += read.groups
        }
        return groups
    }

    /// The text of one of the pack's own files; `nil`, and a finding, where it cannot be had.
    mutating func text(of name: String) -> String? {
        let place = SourcePlace(file: name)
        do throws(PackFiles.Problem) {
            let bytes = try PackFiles.bytes(of: name, in: folder, limit: YAMLGuard.longest)
            bytesLeft -= bytes.count
            guard bytesLeft >= 0 else {
                // Said once: what comes behind it is not read either.
                if bytesLeft + bytes.count >= 0 {
                    note(place, "with this file the pack is longer than \(PackFiles.mostBytes >> 20) MiB")
                }
                return nil
            }
            if let text = String(validating: bytes, as: UTF8.self) { return text }
            note(place, "the file is not UTF-8")
        } catch {
            note(place, error.reason)
        }
        return nil
    }
}
