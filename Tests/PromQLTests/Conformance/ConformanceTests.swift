import Foundation
import Testing

/// Conformance scripts: Prometheus' own, which lie beside the project and in the folder that `EVENKEEL_PROMQLTEST`
/// names, and ours.
@Suite(.serialized) struct ConformanceTests {
    private static let package = URL(filePath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Ours, for what Prometheus' do not say or what is kept from us.
    private static let ours = scripts(in: package.appending(path: "Tests/QueryScripts"))

    /// Prometheus'; a folder that is not there is left out.
    private static var theirs: [URL] {
        let further = ProcessInfo.processInfo.environment["EVENKEEL_PROMQLTEST"]
        return scripts(in: package.appending(path: "../shared/data/promqltest"))
            + (further.map { scripts(in: URL(filePath: $0)) } ?? [])
    }

    /// Every script there is.
    static var scripts: [URL] { ours + theirs }

    private static func scripts(in folder: URL) -> [URL] {
        let files = try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        return (files ?? []).filter { $0.pathExtension == "test" }
            .sorted { $0.lastPathComponent < $1.lastPathComponent }
    }

    @Test func everyScriptOfOursHolds() {
        #expect(Self.ours.count > 3)
        Self.run(Self.ours)
    }

    @Test(
        .enabled(
            if: !Self.theirs.isEmpty,
            "no scripts: ../shared/data/promqltest is missing and EVENKEEL_PROMQLTEST names no folder of them"))
    func everyScriptGivesWhatPrometheusGives() { Self.run(Self.theirs) }

    /// Runs scripts and ends with one line for each.
    private static func run(_ scripts: [URL]) {
        var summary: [String] = []
        for file in scripts {
            let name = file.lastPathComponent
            let outcome = outcome(of: file)
            for failure in outcome.failures { Issue.record("\(name) \(failure)") }
            for reason in outcome.skipped { print("\(name) skipped \(reason)") }
            summary.append(
                "\(name): \(outcome.passed) passed, \(outcome.failures.count) failed, \(outcome.skipped.count) skipped")
        }
        print(summary.joined(separator: "\n"))
    }

    /// A script that cannot be read is a failure of its own, and the others run all the same.
    private static func outcome(of file: URL) -> ScriptRunner.Outcome {
        var runner = ScriptRunner()
        do {
            runner.run(try Script(String(contentsOf: file, encoding: .utf8)))
            return runner.outcome
        } catch {
            return ScriptRunner.Outcome(failures: ["cannot be read: \(error)"])
        }
    }
}
