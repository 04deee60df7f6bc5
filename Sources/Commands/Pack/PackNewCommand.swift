import ArgumentParser
import Foundation
import RulePacks

/// `evenkeel pack new`: a pack to begin with.
struct PackNewCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new", abstract: "Makes a working pack with its tests, to begin with.",
        discussion: """
            Makes the folder NAME with a rule, its parameter, its tip and tests of both, all of which pass.
            Example: evenkeel pack new my-rules && evenkeel pack check my-rules && evenkeel pack test my-rules
            """)

    @Argument(help: "The pack's name: 1 to 63 small letters, digits and '-'.")
    var name: String

    @Option(name: .customLong("in"), help: "The folder to make it in.")
    var parent: String = "."

    func run() async throws {
        guard name.wholeMatch(of: /[a-z0-9][a-z0-9-]{0,62}/) != nil else {
            throw CommandFailure(
                .wrongUse, "'\(PlainText.oneLine(name))' is not a pack's name: 1 to 63 small letters, digits and '-'")
        }
        let folder = parent + "/" + name
        let files = FileManager.default
        if files.fileExists(atPath: folder) { throw CommandFailure(.no, "\(folder) is there already") }
        guard files.fileExists(atPath: parent) else { throw CommandFailure(.wrongUse, "there is no folder \(parent)") }
        do {
            try files.createDirectory(atPath: folder, withIntermediateDirectories: false)
            for (file, text) in PackSkeleton.files(name) {
                try Data(text.utf8).write(to: URL(filePath: "\(folder)/\(file)"), options: .withoutOverwriting)
            }
        } catch {
            throw CommandFailure(.no, "cannot make \(folder): \(error.localizedDescription)")
        }
        print("\(folder) is made; next: evenkeel pack check \(folder), evenkeel pack test \(folder)")
    }
}

/// A small pack whose check and tests pass.
enum PackSkeleton {
    static func files(_ name: String) -> [(name: String, text: String)] {
        [
            ("pack.yaml", manifest(name)), ("\(name).rules.yaml", rules(name)), ("\(name).test.yaml", tests(name)),
            ("\(name).tips.yaml", tips(name)),
        ]
    }

    private static func manifest(_ name: String) -> String {
        """
        # What the pack is, what clusters may set, and what tip each alert leads to. 'evenkeel pack schema' prints what
        # an editor needs to help with it.
        name: \(name)
        version: 0.1.0
        title: Hosts whose load is above a limit
        author: you
        licence: Apache-2.0

        needs:
          metrics: [evenkeel_host_load, evenkeel_host_logical_processors]

        parameters:
          load_limit:
            type: number
            unit: tasks for each logical processor
            default: 4
            minimum: 0.1
            maximum: 1000
            help: Load over five minutes, for each logical processor, above which a host is worth a look.

        tips:
          HostLoadHigh:
            title: '{{ $labels.host }}: load of {{ printf "%.1f" $value }} for each logical processor'
            body: >-
              More tasks wait on {{ $labels.host }} than its limit of {{ parameter "load_limit" }} for each logical
              processor.
            level: warning
            subject: host
            knowledge: |
              What it means: tasks wait for a processor or for a disk.

              Causes: too many busy virtual machines; slow storage.

              What the remediation does: nothing by itself; it tells people.

              When not to: when a backup is known to run.
            remediation: {name: notify}
            approval: advise
            evidence:
              - query: max by (host) (evenkeel_host_load{cluster="{{ $labels.cluster }}", host="{{ $labels.host }}", window="5m"})
                text: 'load {{ printf "%.1f" $value }}'

        """
    }

    private static func rules(_ name: String) -> String {
        """
        # Plain Prometheus rules: 'promtool check rules \(name).rules.yaml' accepts them as well.
        groups:
          - name: \(name)
            rules:
              - alert: HostLoadHigh
                expr: |
                  max by (cluster, host) (evenkeel_host_load{window="5m"})
                    / max by (cluster, host) (evenkeel_host_logical_processors)
                  > on (cluster) group_left ()
                  max by (cluster) (evenkeel_parameter{pack="\(name)", name="load_limit", host=""})
                for: 5m
                labels:
                  severity: warning
                annotations:
                  summary: Load of {{ $labels.host }} is high

        """
    }

    private static func tests(_ name: String) -> String {
        """
        # promtool's unit tests: 'promtool test rules \(name).test.yaml' runs them as well.
        rule_files:
          - \(name).rules.yaml
        evaluation_interval: 1m
        tests:
          - name: a host above its limit, and one below
            interval: 1m
            input_series:
              - {series: 'evenkeel_parameter{pack="\(name)", name="load_limit", cluster="c"}', values: 4x30}
              - {series: 'evenkeel_host_logical_processors{cluster="c", host="busy"}', values: 2x30}
              - {series: 'evenkeel_host_load{cluster="c", host="busy", window="5m"}', values: 10x30}
              - {series: 'evenkeel_host_logical_processors{cluster="c", host="calm"}', values: 2x30}
              - {series: 'evenkeel_host_load{cluster="c", host="calm", window="5m"}', values: 1x30}
            alert_rule_test:
              - {eval_time: 3m, alertname: HostLoadHigh, exp_alerts: []}
              - eval_time: 10m
                alertname: HostLoadHigh
                exp_alerts:
                  - exp_labels: {cluster: c, host: busy, severity: warning}
                    exp_annotations: {summary: Load of busy is high}

        """
    }

    private static func tips(_ name: String) -> String {
        """
        # Which tips stand at which moment. Parameters have their defaults but for what is set here.
        evaluation_interval: 1m
        tests:
          - name: a busy host becomes a tip
            interval: 1m
            input_series:
              - {series: 'evenkeel_host_logical_processors{cluster="c", host="busy"}', values: 2x30}
              - {series: 'evenkeel_host_load{cluster="c", host="busy", window="5m"}', values: 10x30}
            tip_test:
              - {eval_time: 3m, exp_tips: []}
              - eval_time: 10m
                exp_tips:
                  - {alert: HostLoadHigh, subject: host, object: busy, cluster: c, level: warning,
                     title: 'busy: load of 5.0 for each logical processor', evidence: ['load 10.0'],
                     remediation: notify}
          - name: a cluster that allows more
            interval: 1m
            input_series:
              - {series: 'evenkeel_host_logical_processors{cluster="c", host="busy"}', values: 2x30}
              - {series: 'evenkeel_host_load{cluster="c", host="busy", window="5m"}', values: 10x30}
            parameters: {c: {load_limit: 6}}
            tip_test:
              - {eval_time: 10m, exp_tips: []}

        """
    }
}
