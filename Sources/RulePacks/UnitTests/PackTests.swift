import FleetModel
import Foundation

/// The unit tests of a pack: every `*.test.yaml` (promtool's format) and `*.tips.yaml` in its folder, or one such file.
public struct PackTests: Sendable {
    /// How many tests were run.
    public private(set) var count = 0
    /// The files that they are in.
    public private(set) var files: [String] = []
    /// What is wrong with the files and what is not as expected; empty where all is well.
    public private(set) var findings: [PackFinding] = []
    private var planner: (any TipPlanner)?

    /// Runs the tests of the pack in `folder`, or of the one file that is named instead. Throws what is wrong with the
    /// pack itself.
    /// `planner` says what tips would lead to; without one no plan may be expected.
    public static func run(
        _ path: String, planner: (any TipPlanner)? = nil
    ) async throws(RulePackError) -> PackTests {
        let url = URL(filePath: path)
        var tests = PackTests()
        tests.planner = planner
        if RulePack.isTestFile(url.lastPathComponent) {
            await tests.run(url, packFolder: url.deletingLastPathComponent())
            return tests
        }
        if ["yaml", "yml"].contains(url.pathExtension), !url.hasDirectoryPath, isFile(url) {
            let reason = "no file of tests: those are NAME.test.yaml and NAME.tips.yaml"
            throw RulePackError([PackFinding(SourcePlace(file: url.lastPathComponent), reason)])
        }
        let pack = try RulePack.load(folder: path)
        let files = try RulePack.files(in: url).filter(RulePack.isTestFile)
        for file in files { await tests.run(url.appending(path: file), packFolder: url, pack) }
        return tests
    }

    private static func isFile(_ url: URL) -> Bool {
        (try? url.resourceValues(forKeys: [.isRegularFileKey]))?.isRegularFile == true
    }

    private mutating func run(_ file: URL, packFolder: URL, _ known: RulePack? = nil) async {
        let name = file.lastPathComponent
        files.append(name)
        guard let text = RulePack.text(of: file, &findings) else { return }
        let kind: UnitTestFile.Kind = name.contains(/\.tips\.ya?ml$/) ? .tips : .promtool
        var pack = known
        if kind == .tips, pack == nil {
            do throws(RulePackError) {
                pack = try RulePack.load(folder: packFolder.path)
            } catch {
                findings += error.findings
                return
            }
        }
        let read = UnitTestReader.read(text, file: name, kind, parameters: pack?.parameters ?? [])
        findings += read.findings
        guard read.findings.isEmpty else { return }
        let rules = kind == .tips ? pack : self.rules(of: read.file, beside: file, pack)
        guard let rules else { return }
        for test in read.file.tests {
            findings += await UnitTestRun.findings(test, of: read.file, rules, planner)
            count += 1
        }
    }

    /// The rule files that a promtool file names, as a pack; with the pack's own tips where they are the pack's own.
    private mutating func rules(of tests: UnitTestFile, beside file: URL, _ pack: RulePack?) -> RulePack? {
        var groups: [RuleGroup] = []
        var problems: [PackFinding] = []
        for (name, place) in tests.ruleFiles {
            let matches = RuleFileSearch.files(matching: name, in: file.deletingLastPathComponent())
            if matches.isEmpty { problems.append(PackFinding(place, "there is no rule file '\(name)'")) }
            for match in matches {
                guard let text = RulePack.text(of: match, &problems) else { continue }
                let read = RuleFileReader.read(text, file: match.lastPathComponent, names: .anyText)
                groups += read.groups
                problems += read.findings
            }
        }
        findings += problems
        guard problems.isEmpty else { return nil }
        var rules =
            pack
            ?? RulePack(
                name: "test", version: "", title: "", author: "", licence: "", parameters: [], groups: [], tips: [:])
        // What promtool would see: every alert, whatever the pack's targets.
        rules.targets = PackTargets()
        rules.groups = groups
        return rules
    }
}

/// Finds the rule files that a test file names: a path from the test file's folder, `*` and `?` in its last part.
enum RuleFileSearch {
    static func files(matching name: String, in folder: URL) -> [URL] {
        let url = URL(filePath: name, relativeTo: folder.appending(path: "/")).standardizedFileURL
        let pattern = url.lastPathComponent
        guard pattern.contains(where: { "*?".contains($0) }) else {
            return FileManager.default.fileExists(atPath: url.path) ? [url] : []
        }
        let parent = url.deletingLastPathComponent()
        let names = (try? FileManager.default.contentsOfDirectory(atPath: parent.path)) ?? []
        return names.filter { matches($0[...], pattern[...]) }.sorted().map { parent.appending(path: $0) }
    }

    /// Whether `name` is what `pattern` says; the last star is the only one that is gone back to.
    private static func matches(_ name: Substring, _ pattern: Substring) -> Bool {
        var (name, pattern) = (name, pattern)
        var star: (name: Substring, pattern: Substring)?
        while let first = name.first {
            if pattern.first == "*" {
                pattern = pattern.dropFirst()
                star = (name, pattern)
            } else if let next = pattern.first, next == first || next == "?" {
                name = name.dropFirst()
                pattern = pattern.dropFirst()
            } else if let last = star {
                name = last.name.dropFirst()
                pattern = last.pattern
                star = (name, pattern)
            } else {
                return false
            }
        }
        return pattern.allSatisfy { $0 == "*" }
    }
}
