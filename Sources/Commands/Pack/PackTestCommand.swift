import ArgumentParser
import Foundation
import Remediation
import RulePacks

/// `evenkeel pack test`: runs the unit tests of packs.
struct PackTestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Runs the unit tests of packs: *.test.yaml and *.tips.yaml.",
        discussion: """
            *.test.yaml are promtool's ('promtool test rules' runs them as well); *.tips.yaml say which tips stand at \
            which moment, on what, with which evidence. Exit code 1 where anything is not as expected.
            Examples:
              evenkeel pack test rules/host-pressure
              evenkeel pack test rules/host-pressure/host-pressure.tips.yaml
            """)

    @Argument(help: "Packs' folders, or single test files.")
    var paths: [String]

    @OptionGroup var output: OutputOptions

    struct Report: Encodable {
        var path: String
        var files: [String]
        var tests: Int
        var findings: [PackReport.Finding]
    }

    func run() async throws {
        var reports: [Report] = []
        for path in paths { reports.append(await Self.report(of: path)) }
        try output.show(reports) { reports in reports.map(Self.text).joined(separator: "\n") }
        if reports.contains(where: { !$0.findings.isEmpty }) { throw CommandFailure(.no, "tests failed") }
        if let empty = reports.first(where: { $0.tests == 0 }) {
            throw CommandFailure(
                .no, "\(empty.path) has no tests: write \(empty.path)/NAME.test.yaml or NAME.tips.yaml")
        }
    }

    private static func report(of path: String) async -> Report {
        let isFile = path.hasSuffix(".yaml") || path.hasSuffix(".yml")
        let folder = isFile ? URL(filePath: path).deletingLastPathComponent().path : path
        do throws(RulePackError) {
            let tests = try await PackTests.run(path, planner: HistoryPlanner())
            return Report(
                path: path, files: tests.files, tests: tests.count,
                findings: tests.findings.map { PackReport.Finding($0, in: folder) })
        } catch {
            return Report(
                path: path, files: [], tests: 0, findings: error.findings.map { PackReport.Finding($0, in: folder) })
        }
    }

    private static func text(_ report: Report) -> String {
        if report.findings.isEmpty {
            return "\(report.path): \(report.tests) tests in \(report.files.joined(separator: ", ")): all as expected"
        }
        return report.findings.map(\.text).joined(separator: "\n")
    }
}
