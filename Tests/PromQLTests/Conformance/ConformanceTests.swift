import Foundation
import Testing

/// Prometheus' conformance scripts: those beside the project, and those of the folder that `EVENKEEL_PROMQLTEST` names.
@Suite struct ConformanceTests {
    /// Where scripts may be; a folder that is not there is left out.
    static var scripts: [URL] {
        let package = URL(filePath: #filePath).resolvingSymlinksInPath()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        var folders = [package.appending(path: "../shared/data/promqltest")]
        if let further = ProcessInfo.processInfo.environment["EVENKEEL_PROMQLTEST"] {
            folders.append(URL(filePath: further))
        }
        return folders.flatMap { folder in
            let files = try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            return (files ?? []).filter { $0.pathExtension == "test" }
                .sorted { $0.lastPathComponent < $1.lastPathComponent }
        }
    }

    @Test(
        .enabled(
            if: !Self.scripts.isEmpty,
            "no scripts: ../shared/data/promqltest is missing and EVENKEEL_PROMQLTEST not set"))
    func everyScriptGivesWhatPrometheusGives() throws {
        var summary: [String] = []
        for file in Self.scripts {
            let name = file.lastPathComponent
            let outcome = Self.outcome(of: file)
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
