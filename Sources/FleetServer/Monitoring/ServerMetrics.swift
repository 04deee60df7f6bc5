import FleetModel
import MetricsWire
import Notifications
import RulePacks
import SampleExport
import TimeSeriesStore

/// The server's own metrics: what `/metrics` shows and what the server keeps of itself as series.
struct ServerMetrics: Sendable {
    let controller: FleetController
    let series: TimeSeriesStore
    let exports: SampleExports
    let notifications: NotificationDesk
    let version: String
    /// A host that has said nothing for longer counts as silent.
    let reportAgeLimit: Duration
    let clock: any Clock

    /// All of it as of now.
    func page(_ format: ExpositionFormat = .text) -> TextExposition {
        var page = TextExposition(format)
        page.family("evenkeel_build_info", .gauge, help: "The server's version; always 1.")
        page.sample(1, ["version": version])
        let (view, tally) = (controller.view.withLock { $0 }, controller.tally.withLock { $0 })
        writeHosts(view, to: &page)
        writeTips(view, tally, to: &page)
        writeOperations(view, tally, to: &page)
        writeRules(view, to: &page)
        series.writeMetrics(to: &page)
        exports.writeMetrics(to: &page)
        notifications.writeMetrics(to: &page)
        ProcessFigures.own()?.write(to: &page)
        return page
    }

    private func writeHosts(_ view: FleetView, to page: inout TextExposition) {
        page.family("evenkeel_hosts", .gauge, help: "Hosts that ever reported, by whether they still do.")
        let now = clock.now
        let clusters = Dictionary(grouping: view.hosts, by: \.report.cluster.text)
        for (cluster, hosts) in clusters.sorted(by: { $0.key < $1.key }) {
            let reporting = hosts.count { now - $0.received <= reportAgeLimit }
            page.sample(Double(reporting), ["cluster": cluster, "state": "reporting"])
            page.sample(Double(hosts.count - reporting), ["cluster": cluster, "state": "silent"])
        }
        // By the server's clock: what a host with a wrong one sends of itself may lie where nobody looks.
        page.family(
            "evenkeel_host_clock_skew_seconds", .gauge,
            help: "How far a host's clock is ahead of the server's, as its agent measured it.")
        for record in view.hosts where now - record.received <= reportAgeLimit {
            guard let skew = record.report.clockSkewMilliseconds else { continue }
            page.sample(
                Double(skew) / 1000, ["cluster": record.report.cluster.text, "host": record.report.host.text])
        }
    }

    private func writeTips(_ view: FleetView, _ tally: FleetTally, to page: inout TextExposition) {
        page.family("evenkeel_tips_open", .gauge, help: "Tips that have not ended, by cluster, level and state.")
        let clusters = Set(view.hosts.map(\.report.cluster.text) + view.tips.map(\.subject.cluster.text)).sorted()
        for cluster in clusters {
            for level in TipLevel.allCases {
                for state in TipState.allCases where !state.isFinal {
                    let count = view.tips.count {
                        $0.subject.cluster.text == cluster && $0.level == level && $0.state == state
                    }
                    page.sample(
                        Double(count), ["cluster": cluster, "level": level.rawValue, "state": state.rawValue])
                }
            }
        }
        page.family("evenkeel_tips_ended_total", .counter, help: "Tips that ended since the server started.")
        for (end, count) in tally.tips.sorted(by: { "\($0.key)" < "\($1.key)" }) {
            page.sample(
                Double(count),
                [
                    "cluster": end.cluster, "pack": end.pack, "level": end.level.rawValue,
                    "outcome": end.outcome.rawValue,
                ])
        }
    }

    private func writeOperations(_ view: FleetView, _ tally: FleetTally, to page: inout TextExposition) {
        page.single(
            "evenkeel_operations_running", .gauge, help: "Operations that have not ended.",
            Double(view.operations.count))
        page.family(
            "evenkeel_operations_ended_total", .counter, help: "Operations that ended since the server started.")
        for (end, count) in tally.operations.sorted(by: { "\($0.key)" < "\($1.key)" }) {
            page.sample(Double(count), ["cluster": end.cluster, "outcome": end.outcome.rawValue])
        }
        let rows: [(name: String, help: String, value: (FleetTally.Migrations) -> Double)] = [
            ("migrations_total", "Migrations that handed a guest over.", { Double($0.count) }),
            (
                "migration_seconds_total", "Time from the start of sending to its end.",
                { Double($0.milliseconds) / 1e3 }
            ),
            (
                "migration_downtime_seconds_total", "Time that guests were halted, as QEMU counts it.",
                { Double($0.downtimeMilliseconds) / 1e3 }
            ),
            ("migration_sent_bytes_total", "Bytes that migrations sent.", { Double($0.bytes) }),
            (
                "migration_forecasts_total", "Migrations that had been foretold to end, and did.",
                { Double($0.foretold) }
            ),
            (
                "migration_total_forecasts_held_total", "Of those, whose time came within a fifth of the forecast.",
                { Double($0.totalsHeld) }
            ),
            (
                "migration_downtime_forecasts_held_total",
                "Of those, whose downtime came within a factor of two of the forecast, or 5 ms.",
                { Double($0.downtimesHeld) }
            ),
        ]
        for row in rows {
            page.family("evenkeel_\(row.name)", .counter, help: row.help)
            for (cluster, migrations) in tally.migrations.sorted(by: { $0.key < $1.key }) {
                page.sample(row.value(migrations), ["cluster": cluster])
            }
        }
    }

    private func writeRules(_ view: FleetView, to page: inout TextExposition) {
        let families: [(String, TextExposition.Kind, String, (RuleGroupState) -> Double)] = [
            ("iterations_total", .counter, "Evaluations of the group.", { Double($0.iterations) }),
            (
                "iterations_missed_total", .counter, "Evaluations that were due while an earlier one went on.",
                { Double($0.missedIterations) }
            ),
            (
                "evaluation_failures_total", .counter, "Evaluations of the group's rules that failed.",
                { Double($0.failures) }
            ),
            (
                "last_duration_seconds", .gauge, "How long the last evaluation took.",
                { $0.evaluationTime.inSeconds }
            ),
            (
                "last_evaluation_timestamp_seconds", .gauge, "The moment that was evaluated last.",
                { $0.lastEvaluation?.seconds ?? 0 }
            ),
        ]
        for (name, kind, help, value) in families where !view.ruleGroups.isEmpty {
            page.family("evenkeel_rule_group_\(name)", kind, help: help)
            for group in view.ruleGroups {
                page.sample(value(group), ["pack": group.pack, "file": group.file, "rule_group": group.name])
            }
        }
        page.single(
            "evenkeel_rules_failing", .gauge, help: "Rules that could not be evaluated in the last round.",
            Double(view.ruleFailures.count))
        guard let seconds = view.roundSeconds else { return }
        page.single(
            "evenkeel_round_duration_seconds", .gauge,
            help: "How long the last round of rules took, reading the loads included.", seconds)
    }
}
