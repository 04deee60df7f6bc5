import ArgumentParser
import Foundation
import PlugIns
import RulePacks

/// `evenkeel pack check`: everything that is wrong with packs, before a server sees them.
struct PackCheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Says everything that is wrong with packs, each with its place.",
        discussion: """
            A pack is a folder with pack.yaml, or a Prometheus rule file, which is a pack of advice. Exit code 1 where \
            anything is wrong.
            Examples:
              evenkeel pack check rules/host-pressure
              evenkeel pack check rules/*/ alerts.yaml --json
            """)

    @Argument(help: "Folders or rule files.")
    var paths: [String]

    @OptionGroup var output: OutputOptions

    func run() async throws {
        let reports = paths.map(PackReport.init)
        try output.show(reports) { reports in reports.map(\.text).joined(separator: "\n") }
        let wrong = reports.filter { !$0.findings.isEmpty }.map(\.path)
        guard wrong.isEmpty else {
            throw CommandFailure(
                .no, "\(wrong.count) of \(reports.count) pack(s) cannot be used: \(wrong.joined(separator: ", "))")
        }
    }
}

/// What a check found.
struct PackReport: Encodable {
    /// A finding in JSON.
    struct Finding: Encodable {
        var file: String
        var line: Int
        var column: Int
        var message: String

        init(_ finding: PackFinding, in folder: String) {
            file = Self.path(finding.place.file, in: folder)
            line = finding.place.line
            column = finding.place.column
            message = finding.message
        }

        var text: String { "\(line == 0 ? file : "\(file):\(line):\(column)"): \(message)" }

        /// The file as it is reached from where the command runs.
        private static func path(_ file: String, in folder: String) -> String {
            var isFolder: ObjCBool = false
            _ = unsafe FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder)
            guard isFolder.boolValue else { return folder }
            if file == "." { return folder }
            return "\(folder.hasSuffix("/") ? String(folder.dropLast()) : folder)/\(file)"
        }
    }

    var path: String
    var name: String?
    var version: String?
    var rules = 0
    var alerts = 0
    var tips = 0
    var parameters = 0
    /// Metrics that Evenkeel does not make itself.
    var foreignMetrics: [String] = []
    var findings: [Finding] = []

    init(_ path: String) {
        self.path = path
        let (draft, found) = RulePack.read(folder: path)
        guard let pack = draft else {
            findings = found.map { Finding($0, in: path) }
            return
        }
        let metrics = MetricCheck(pack, known: KnownMetrics.all)
        let all = pack.groups.flatMap(\.rules)
        name = pack.name
        version = pack.version
        rules = all.count
        alerts = all.count(where: \.isAlert)
        tips = pack.tips.count
        parameters = pack.parameters.count
        foreignMetrics = metrics.foreign.sorted()
        findings = (found + metrics.findings + Self.programs(of: pack, in: path)).inOrder.map { Finding($0, in: path) }
    }

    /// Programs that the server would not start, by the same rules as the server's.
    private static func programs(of pack: RulePack, in folder: String) -> [PackFinding] {
        pack.tips.values.sorted { ($0.place.line, $0.place.column) < ($1.place.line, $1.place.column) }
            .compactMap { tip in
                guard case .word(let command)? = tip.remediation.arguments["command"],
                    let objection = ProgramPlugIn(folder: folder).objection(to: command)
                else { return nil }
                return PackFinding(tip.place, "the program would not be started: \(objection)")
            }
    }

    var text: String {
        if !findings.isEmpty { return findings.map(\.text).joined(separator: "\n") }
        var line =
            "\(path): \(alerts) alerts of \(rules) rules, \(tips) tips, \(parameters) parameters; nothing is wrong"
        if !foreignMetrics.isEmpty {
            line +=
                "\n  from elsewhere: " + foreignMetrics.prefix(20).joined(separator: ", ")
                + (foreignMetrics.count > 20 ? " and \(foreignMetrics.count - 20) more" : "")
        }
        return line
    }
}
