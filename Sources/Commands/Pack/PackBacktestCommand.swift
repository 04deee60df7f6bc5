import ArgumentParser
import FleetModel
import FleetServer
import Foundation
import RulePacks

/// `evenkeel pack backtest`: what a pack would have said of recorded history.
struct PackBacktestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backtest", abstract: "Plays recorded history through a pack: which tips, on what, for how long.",
        discussion: """
            The server plays its raw samples; a span that they do not reach back to, or in which there are none, is refused, \
            and gaps are told of. Nothing is raised and nothing is \
            written. --set plays the same with another value of a parameter, beside what is set.
            Examples:
              evenkeel pack backtest rules/host-pressure --since 7d
              evenkeel pack backtest my-rules --since 30d --step 1m --set load_limit=6
            """)

    @Argument(help: "The pack's folder, or a rule file.")
    var path: String

    @Option(help: "How far back to begin, such as 12h, 7d or 30d.")
    var since: String = "7d"

    @Option(help: "How far back to end; now without it.")
    var until: String?

    @Option(help: "From one evaluation to the next.")
    var step: String = "1m"

    @Option(name: .customLong("set"), help: "NAME=VALUE: play it with this value as well. May be given several times.")
    var variants: [String] = []

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let now = WallClock().now
        let order = BacktestOrder(
            files: try files(), name: URL(filePath: path).standardizedFileURL.lastPathComponent,
            start: now - (try span(since, "--since")), end: try until.map { now - (try span($0, "--until")) },
            stepSeconds: try span(step, "--step").inSeconds, variants: variants)
        let client = try server.client()
        let begun: StoreJobView = try await client.post("/fleet/v1/packs/backtest", order)
        let job = try await StoreJobWatch(client: client).end(of: begun)
        try output.show(job.backtests ?? []) { views in views.map(Self.text).joined(separator: "\n\n") }
    }

    private func span(_ text: String, _ option: String) throws -> Duration {
        guard let span = Duration(prometheus: text), span > .zero else {
            throw CommandFailure(
                .wrongUse, "\(option): '\(PlainText.oneLine(text))' is not a span of time such as 30m or 7d")
        }
        return span
    }

    private func files() throws -> [String: String] {
        var isFolder: ObjCBool = false
        guard unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw CommandFailure(.wrongUse, "there is no \(path)")
        }
        let names =
            isFolder.boolValue
            ? try FileManager.default.contentsOfDirectory(atPath: path).filter {
                ($0.hasSuffix(".yaml") || $0.hasSuffix(".yml")) && !$0.contains(/\.(test|tips)\.ya?ml$/)
            } : [URL(filePath: path).lastPathComponent]
        var files: [String: String] = [:]
        for name in names {
            let file = isFolder.boolValue ? "\(path)/\(name)" : path
            guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
                throw CommandFailure(.wrongUse, "\(file) cannot be read as UTF-8 text")
            }
            files[name] = text
        }
        return files
    }

    static func text(_ view: BacktestView) -> String {
        var lines = [
            view.variant.isEmpty
                ? "With what is set: \(view.count) tip(s)" : "With \(view.variant): \(view.count) tip(s)"
        ]
        if let gap = view.unmeasuredSeconds, gap > 0 {
            lines.append("no samples of what it reads for \(span(gap)) of the span: of that time nothing is known")
        }
        var table = TextTable("ALERT", ">TIPS", ">OBJECTS", ">MEDIAN", ">LONGEST", ">FLAPS", ">HELD BACK", "PROPOSES")
        for alert in view.alerts {
            table.add(
                alert.alert, "\(alert.tips)", "\(alert.objects)", span(alert.medianSeconds), span(alert.longestSeconds),
                "\(alert.flaps)", "\(alert.heldBack)", alert.remediation)
        }
        if !view.alerts.isEmpty { lines.append(table.text) }
        if let plans = view.plans, view.count > 0 { lines += Self.plans(plans) }
        for (rule, reason) in view.failures.sorted(by: { $0.key < $1.key }) {
            lines.append("failed: \(rule): \(reason)")
        }
        return lines.joined(separator: "\n")
    }

    /// What the planner would have made of the tips.
    private static func plans(_ plans: BacktestView.Plans) -> [String] {
        let gain = plans.meanGain.map { ", \(Phrases.percent($0)) of a source's processors expected on average" } ?? ""
        var lines = ["plans: \(plans.planned) with \(plans.moves) move(s)\(gain)"]
        if plans.moves > 0 {
            lines.append(
                "overload while the tips were open: \(Int(plans.overloadMinutes)) min; the moves would have spared "
                    + "\(Int(plans.avoidedMinutes)) min")
        }
        for (reason, count) in plans.unplanned.sorted(by: { ($0.value, $1.key) > ($1.value, $0.key) }).prefix(10) {
            lines.append("no plan for \(count): \(reason)")
        }
        if plans.skipped > 0 { lines.append("\(plans.skipped) more tips were not planned for") }
        return lines
    }

    private static func span(_ seconds: Double) -> String {
        Duration.seconds(seconds >= 60 ? (seconds / 60).rounded() * 60 : seconds.rounded()).prometheusText
    }
}
