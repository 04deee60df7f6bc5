import FleetModel
import FleetServer
import Foundation
import GRDB
import HTTPClient
import Testing

@testable import Commands

/// Approvals through a real server and the real command line; what agents would say of their hosts is played.
@Suite struct ApprovalTests {
    private static let rules = """
        groups:
          - name: load
            rules:
              - {alert: Full, expr: full > 0, labels: {severity: warning}}
        """
    private static let manifest = """
        name: full
        version: 1.0.0
        title: Says when a host is full
        author: The Evenkeel authors
        licence: Apache-2.0
        parameters:
          target_percent: {type: percent, default: 30, minimum: 5, maximum: 100, help: What a relief aims at.}
        tips:
          Full:
            title: '{{ $labels.host }} is full'
            body: b
            level: warning
            subject: host
            knowledge: k
            approval: operator
            remediation: {name: relieve-host, resource: processor, target: target_percent}
        """
    private static let machine = "00000000-0000-4000-8000-000000000001"

    private let server: LoopbackServer

    init() async throws {
        server = try await LoopbackServer.evenkeel(
            settings: ["evaluation_interval: 500ms"],
            programs: ["full/pack.yaml": Self.manifest, "full/full.rules.yaml": Self.rules])
    }

    private func report(_ host: String, machines: [VirtualMachineStatus]) async throws {
        let report = HostReport(
            host: try #require(HostName(host)), cluster: try #require(ClusterName("lab")), time: WallClock().now,
            agentVersion: "1", agentRun: "run", logicalProcessors: 4, memory: .gibibytes(16),
            memoryAvailable: .gibibytes(12), accelerator: .kvm, migrationAddress: "127.0.0.1",
            virtualMachines: machines)
        let answer = try await server.send(
            .post, "/agent/v1/report", headers: [(name: "Content-Type", value: "application/json")],
            body: Array(try JSONEncoder().encode(report)))
        #expect(answer.status == 200, "\(answer.text)")
    }

    private var status: VirtualMachineStatus {
        get throws {
            VirtualMachineStatus(
                definition: VirtualMachineDefinition(
                    id: try #require(VirtualMachineID(Self.machine)), name: try #require(Name("web-1")),
                    virtualProcessors: 2, memory: .gibibytes(1)), state: .running, accelerator: .kvm,
                residentMemory: .mebibytes(800))
        }
    }

    /// What two hosts and a VM did in the last minutes: `kvm1` is half busy, all of it by the VM, and `kvm2` idles.
    private func samples() -> [SeriesSamples] {
        let now = WallClock().now.milliseconds
        func counter(_ name: String, _ labels: [String: String], perSecond pace: Double) -> SeriesSamples {
            var samples = SampleColumns()
            for second in stride(from: Int64(-120), through: 0, by: 2) {
                samples.append(now + second * 1000, Double(second + 1000) * pace)
            }
            return SeriesSamples(labels: Labels(labels.merging(["__name__": name]) { $1 }), samples: samples)
        }
        var series: [SeriesSamples] = []
        for (host, busy) in [("kvm1", 2.0), ("kvm2", 0.1)] {
            for (mode, pace) in [("idle", 4 - busy), ("guest", busy)] {
                series.append(
                    counter(
                        "evenkeel_lp_run_seconds_total", ["cluster": "lab", "host": host, "lp": "0", "mode": mode],
                        perSecond: pace))
            }
        }
        series.append(
            counter(
                "evenkeel_vm_run_seconds_total",
                ["cluster": "lab", "host": "kvm1", "vm": Self.machine, "name": "web-1", "mode": "guest"], perSecond: 1.9
            ))
        let full = SampleColumns(times: [now], values: [1])
        series.append(SeriesSamples(labels: ["__name__": "full", "cluster": "lab", "host": "kvm1"], samples: full))
        return series
    }

    /// Plays both hosts until tip 1 has a plan that somebody may approve.
    private func untilTipWaits() async throws {
        let client = ServerClient(base: server.url)
        try await server.until("tip 1 waits for approval") {
            try await report("kvm1", machines: [status])
            try await report("kvm2", machines: [])
            try await server.write(samples())
            let tip: TipView = try await client.get("/fleet/v1/tips/1")
            return tip.state == .awaitingApproval
        }
    }

    private func approve(_ address: String) throws -> (output: String, status: Int32) {
        try Program.run(Built.executable, ["tip", "approve", "1", "--yes", "--server", address])
    }

    @Test func ofManyWhoApproveAtTheSameMomentOneWinsAndTheOthersAreTold() async throws {
        try await untilTipWaits()
        let answers = try await withThrowingTaskGroup(of: (status: Int, text: String).self) { group in
            for _ in 0..<8 {
                group.addTask {
                    let answer = try await server.send(
                        .post, "/fleet/v1/tips/1/approve",
                        headers: [(name: "Content-Type", value: "application/json")], body: Array("{}".utf8))
                    return (answer.status, answer.text)
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(answers.count { $0.status == 200 } == 1, "\(answers)")
        let others = answers.filter { $0.status != 200 }
        #expect(others.allSatisfy { $0.status == 409 && $0.text.contains("tip 1 was approved already by local at ") })
        let operations: [OperationView] = try await ServerClient(base: server.url).get("/fleet/v1/operations")
        #expect(operations.count == 1 && operations.first?.action.name == "web-1", "\(operations)")
        let audit = try Program.run(Built.executable, ["audit", "export", "--server", server.url]).output
        #expect(audit.split(separator: "\n").count { $0.contains("tip.approved") } == 1, "\(audit)")
    }

    @Test func ofTwoTerminalsThatApproveAtTheSameMomentOneWins() async throws {
        try await untilTipWaits()
        let address = server.url
        let answers = try await withThrowingTaskGroup(of: (output: String, status: Int32).self) { group in
            for _ in 0..<2 { group.addTask { try self.approve(address) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(answers.map(\.status).sorted() == [0, 1], "\(answers)")
        let said = answers.filter { $0.status == 1 }.map(\.output).joined()
        #expect(
            said.contains("tip 1 was approved already by local") || said.contains("tip 1 is running"), "\(answers)")
    }

    @Test func aHostThatBearsAnotherNameByNowIsSaidAndNothingIsMoved() async throws {
        try await untilTipWaits()
        try await report("kvm1", machines: [])
        try await report("kvm9", machines: [status])
        let answer = try approve(server.url)
        #expect(answer.status == 1 && answer.output.contains("web-1"), "\(answer.output)")
        #expect(answer.output.contains("kvm9"), "\(answer.output)")
        let operations: [OperationView] = try await ServerClient(base: server.url).get("/fleet/v1/operations")
        #expect(operations.allSatisfy { $0.state == .refused }, "\(operations)")
    }

    @Test func aStateFileThatIsNewerOrCutOffKeepsTheServerFromStartingAndLosesNothing() async throws {
        let stop = try Program.run(Built.executable, ["stop", "--reason", "storm", "--server", server.url])
        #expect(stop.status == 0, "\(stop.output)")
        server.end()
        let data = server.folder.path + "/data"
        let path = data + "/fleet.sqlite"
        let start = ["server", "--data", data, "--listen", "127.0.0.1:0"]
        func change(_ sql: String) async throws {
            let queue = try DatabaseQueue(path: path)
            try await queue.write { try $0.execute(sql: sql) }
            try queue.close()
        }
        try await change("INSERT INTO grdb_migrations VALUES ('9-future')")
        let refused = try Program.run(Built.executable, start)
        #expect(refused.status == 4 && refused.output.contains("was written by a newer Evenkeel"), "\(refused.output)")
        try await change("DELETE FROM grdb_migrations WHERE identifier = '9-future'")

        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        let half = whole.prefix(whole.count / 2)
        try half.write(to: URL(fileURLWithPath: path))
        let cut = try Program.run(Built.executable, start)
        #expect(cut.status == 4 && cut.output.contains("the fleet's state is damaged"), "\(cut.output)")
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == half, "it is left as it is")

        try whole.write(to: URL(fileURLWithPath: path))
        try await server.restart()
        let status = try Program.run(Built.executable, ["status", "--server", server.url])
        #expect(status.output.contains("STOPPED      by local since "), "\(status.output)")
        #expect(status.output.contains(": storm; nothing new begins until 'evenkeel stop --resume'"))
    }
}
