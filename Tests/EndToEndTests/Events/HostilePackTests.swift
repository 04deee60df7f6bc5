import FleetModel
import FleetServer
import Foundation
import Glibc
import HTTPClient
import Testing

@testable import Commands

/// A real server whose packs are by whomever: the good one goes on, the others are refused, rest or advise, and say why.
@Suite struct HostilePackEndToEndTests {
    private static func manifest(_ name: String, needs: String = "{}", remediation: String = "{name: notify}") -> String
    {
        """
        {name: \(name), version: '1', title: t, author: a, licence: l, needs: \(needs), tips: {Found: {
          title: '\(name) of {{ $labels.host }}', body: b, level: critical, subject: host, knowledge: k,
          remediation: \(remediation), approval: operator}}}
        """
    }
    private static let rules = "groups: [{name: g, rules: [{alert: Found, expr: 'trouble == 1'}]}]"

    private static func pack(
        _ name: String, needs: String = "{}", remediation: String = "{name: notify}", rules: String = rules
    ) -> [String: String] {
        [
            "\(name)/pack.yaml": manifest(name, needs: needs, remediation: remediation),
            "\(name)/\(name).rules.yaml": rules,
        ]
    }

    private static var packs: [String: String] {
        let endless = "groups: [{name: g, rules: [{alert: Found, expr: 'max_over_time(trouble[10y:1s]) > 2'}]}]"
        return [
            pack("good"), pack("broken", rules: "groups: [{name: g, rules: [{alert: Found, expr: 'up('}]}]"),
            pack("endless", rules: endless), pack("resting", needs: "{metrics: [no_such_metric]}"),
            pack(
                "foreign", needs: "{providers: [libvirt]}",
                remediation: "{name: relieve-host, resource: memory, target: 50%}"),
        ].reduce(into: [:]) { $0.merge($1) { first, _ in first } }
    }

    private func evenkeel(_ server: LoopbackServer, _ arguments: [String]) throws -> (output: String, status: Int32) {
        try Program.run(Built.executable, arguments + ["--server", server.url])
    }

    private func report(to server: LoopbackServer) async throws {
        let host = try #require(HostName("kvm1"))
        var report = HostReport(
            host: host, cluster: try #require(ClusterName("lab")), time: WallClock().now, agentVersion: "1",
            agentRun: "r", logicalProcessors: 4, memory: .gibibytes(8), memoryAvailable: nil, accelerator: .tcg,
            migrationAddress: nil, virtualMachines: [])
        report.capabilities = HostCapabilities(emulatorVersion: "7.2")
        let answer = try await server.send(
            .post, "/agent/v1/report?host=kvm1", headers: [(name: "Content-Type", value: "application/json")],
            body: Array(JSONEncoder().encode(report)))
        try #require(answer.status == 200, "\(answer.text)")
    }

    @Test func theGoodPackGoesOnAmongTheOthersWhichSayWhatIsWrong() async throws {
        let server = try await LoopbackServer.evenkeel(
            settings: ["evaluation_interval: 500ms"], programs: Self.packs)
        // What comes to lie beside them while the server runs: a pipe where a manifest should be, and a way out.
        for name in ["pipe", "outside"] {
            try FileManager.default.createDirectory(
                atPath: server.folder.path + "/packs/" + name, withIntermediateDirectories: false)
        }
        try #require(unsafe mkfifo(server.folder.path + "/packs/pipe/pack.yaml", 0o600) == 0)
        try FileManager.default.createSymbolicLink(
            atPath: server.folder.path + "/packs/outside/pack.yaml", withDestinationPath: "/etc/passwd")
        try await report(to: server)
        try await server.write([
            SeriesSamples(
                labels: [Labels.metricName: "trouble", "cluster": "lab", "host": "kvm1"],
                samples: SampleColumns(times: [WallClock().now.milliseconds], values: [1]))
        ])
        func tips() async throws -> [JSONValue] {
            try JSONValue(try await server.send(.get, "/fleet/v1/tips").body).elements
        }
        try await server.until("the good pack and the one that only advises have tips") {
            let titles = try await Set(tips().compactMap { $0["title"].text })
            return titles.isSuperset(of: ["good of kvm1", "foreign of kvm1"])
        }
        #expect(try await !tips().contains { $0["title"].text == "resting of kvm1" })
        let foreign = try #require(try await tips().first { $0["title"].text == "foreign of kvm1" })
        guard case .number(let number) = foreign["number"] else { return #expect(Bool(false), "\(foreign)") }
        let reason = "the pack needs VMs that libvirt runs, and in cluster lab qemu runs them"
        try await server.until("the tip says why it is advice") {
            let shown = try self.evenkeel(server, ["tip", "show", "\(Int(number))"]).output
            return shown.contains(reason)
        }
        try await server.until("the list of packs says all of it") {
            let list = try self.evenkeel(server, ["pack", "ls"]).output
            return list.contains("broken.rules.yaml:1:") && list.contains("it is no regular file")
                && list.contains("leads out of the pack")
                && list.contains("rests in cluster lab: no series of no_such_metric") && list.contains(reason)
                && list.contains("too many samples")
        }
        let shown = try evenkeel(server, ["pack", "show", "foreign"]).output
        #expect(shown.contains("Needs:") && shown.contains(reason), "\(shown)")
    }

    @Test func aProgramEndsWithTheServerThatWasKilled() async throws {
        var files = Self.pack("acting", remediation: "{name: exec, command: bin/act}")
        files["acting/bin/act"] = """
            #!/bin/sh
            env -i setsid /bin/sh -c 'echo $$ > away.txt; exec /bin/sleep 1000' &
            exec sleep 1000
            """
        let server = try await LoopbackServer.evenkeel(settings: ["evaluation_interval: 500ms"], programs: files)
        try await server.write([
            SeriesSamples(
                labels: [Labels.metricName: "trouble", "cluster": "lab", "host": "kvm1"],
                samples: SampleColumns(times: [WallClock().now.milliseconds], values: [1]))
        ])
        #expect(try evenkeel(server, ["pack", "enable", "acting", "--allow-plug-ins"]).status == 0)
        try await server.until("the program is approved") {
            try self.evenkeel(server, ["tip", "approve", "1", "--yes"]).status == 0
        }
        let file = server.folder.path + "/packs/acting/away.txt"
        func process() -> String {
            (try? String(contentsOfFile: file, encoding: .utf8))?.trimmingCharacters(in: .whitespacesAndNewlines) ?? ""
        }
        try await server.until("it runs") { !process().isEmpty }
        func lives() -> Bool {
            let line = FileManager.default.contents(atPath: "/proc/\(process())/cmdline") ?? Data()
            return String(decoding: line, as: UTF8.self).hasPrefix("/bin/sleep")
        }
        #expect(lives())
        server.kill()
        let deadline = ContinuousClock.now + .seconds(60)
        while lives(), ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(20)) }
        #expect(!lives())
        try await server.restart()
        try await server.until("nobody knows how it went") {
            try await JSONValue(server.send(.get, "/fleet/v1/operations/1").body)["state"].text == "failed"
        }
    }
}
