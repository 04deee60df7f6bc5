import FleetModel
import FleetServer
import Foundation
import HTTPClient
import Testing

@testable import Commands

/// Policy, stops and the audit log, through a real server and the real command line.
@Suite struct PolicyCommandTests {
    private func evenkeel(
        _ server: LoopbackServer, _ arguments: String...
    ) throws -> (output: String, status: Int32) {
        try Program.run(Built.executable, arguments + ["--server", server.url])
    }

    @Test func policyIsSetExportedImportedAndSurvivesACrash() async throws {
        let server = try await LoopbackServer.evenkeel()
        let set = try evenkeel(server, "policy", "set", "fleet", "automatic", "--from", "critical")
        #expect(set.status == 0 && set.output.contains("version 1"), "\(set.output)")
        let cluster = try evenkeel(server, "cluster", "set", "lab", "reserve=1", "processor-over-commit=4")
        #expect(cluster.status == 0 && cluster.output.contains("no host reports from cluster lab"), "\(cluster.output)")
        let window = try evenkeel(
            server, "policy", "window", "set", "nights", "maintenance", "--from", "22:00", "--to", "06:00", "--zone",
            "Europe/Berlin")
        #expect(window.status == 0, "\(window.output)")
        let nowhere = try evenkeel(server, "policy", "window", "set", "x", "blackout", "--zone", "Mars/Olympus")
        #expect(nowhere.status == 1 && nowhere.output.contains("there is no time zone 'Mars/Olympus'"))
        let limit = try evenkeel(server, "policy", "limit", "actions-per-hour", "7")
        #expect(limit.status == 0, "\(limit.output)")

        let exported = try evenkeel(server, "policy", "export")
        #expect(exported.status == 0)
        server.kill()
        try await server.restart()
        let again = try evenkeel(server, "policy", "export")
        #expect(again.output == exported.output, "a crash changes nothing")

        let file = server.folder.path + "/policy.yaml"
        try (exported.output + "  concurrent-migrations: 3\n").write(toFile: file, atomically: true, encoding: .utf8)
        let stale = try evenkeel(server, "policy", "import", file, "--version", "2")
        #expect(stale.status == 1 && stale.output.contains("somebody changed it"), "\(stale.output)")
        let imported = try evenkeel(server, "policy", "import", file, "--version", "4")
        #expect(imported.status == 0 && imported.output.contains("version 5"), "\(imported.output)")
        try "clusters:\n  - name: lab\n    reserv: 1\n".write(toFile: file, atomically: true, encoding: .utf8)
        let broken = try evenkeel(server, "policy", "import", file)
        #expect(broken.status == 2 && broken.output.contains("\(file):3:5: "), "\(broken.output)")
        for nothing in ["", "# cut short\n\n"] {
            try nothing.write(toFile: file, atomically: true, encoding: .utf8)
            let empty = try evenkeel(server, "policy", "import", file)
            #expect(empty.status == 2 && empty.output.contains("says nothing"), "\(empty.output)")
        }
        let history = try evenkeel(server, "policy", "history")
        #expect(history.output.contains("nights") && history.output.contains("actions-per-hour: 7"))
        let shown = try evenkeel(server, "policy", "ls")
        #expect(shown.output.contains("concurrent-migrations: 3  (set)"), "\(shown.output)")
    }

    @Test func thePlannerIsAskedAndSaysWhatItDoesNotKnow() async throws {
        let server = try await LoopbackServer.evenkeel()
        let nobody = try evenkeel(server, "plan", "evacuate", "kvm9")
        #expect(nobody.status == 1 && nobody.output.contains("there is no host 'kvm9'"), "\(nobody.output)")
        let nowhere = try evenkeel(server, "plan", "reserve", "lab", "--grow", "20", "--json")
        #expect(nowhere.status == 1 && nowhere.output.contains("no host reports from cluster 'lab'"))
        #expect(try evenkeel(server, "plan", "levitate", "kvm9").status == 2)
        #expect(try evenkeel(server, "plan", "evacuate", "kvm9", "--vm", "web").status == 2)
        #expect(try evenkeel(server, "plan", "evacuate", "kvm9", "--lose", "a b").output.contains("is no host's name"))
    }

    @Test func hostsForANewVMHaveWhatItNeeds() async throws {
        let server = try await LoopbackServer.evenkeel()
        for (host, bridge) in [("kvm1", "br0"), ("kvm2", "br1")] {
            var report = HostReport(
                host: try #require(HostName(host)), cluster: try #require(ClusterName("lab")), time: WallClock().now,
                agentVersion: "1", agentRun: "a", logicalProcessors: 4, memory: .gibibytes(16),
                memoryAvailable: .gibibytes(8), accelerator: .kvm, migrationAddress: nil, virtualMachines: [])
            report.capabilities = HostCapabilities(processorModels: ["EPYC-Milan"])
            report.capabilities?.bridges = [bridge]
            report.capabilities?.sharedFileSystems = [
                SharedFileSystem(source: "nas:/vms", type: "nfs4", mountPoint: "/srv/vms")
            ]
            let answer = try await server.send(
                .post, "/agent/v1/report", headers: [(name: "Content-Type", value: "application/json")],
                body: Array(try JSONEncoder().encode(report)))
            #expect(answer.status == 200, "\(answer.text)")
        }
        func reasons(_ wishes: String...) throws -> [String: String] {
            let answer = try Program.run(
                Built.executable,
                ["place", "--vcpus", "1", "--memory", "1GiB", "--json", "--server", server.url] + wishes)
            let views = try JSONDecoder().decode([PlaceView].self, from: Data(answer.output.utf8))
            return Dictionary(uniqueKeysWithValues: views.map { ($0.host, $0.reasons.joined()) })
        }
        let bridged = try reasons("--network", "br0", "--datastore", "nas:/vms on /srv/vms")
        #expect(bridged["kvm2"] == "it does not reach network br0", "\(bridged)")
        #expect(bridged["kvm1"]?.contains("reach") == false, "\(bridged)")
        #expect(
            try reasons("--datastore", "nas:/iso on /iso")["kvm1"] == "it does not reach datastore nas:/iso on /iso")
        #expect(try reasons("--cpu-model", "486")["kvm1"] == "it does not have the VM's CPU model 486")
    }

    @Test func aStopIsHeldOverARestartAndTheAuditLogTellsAll() async throws {
        let server = try await LoopbackServer.evenkeel()
        let stopped = try evenkeel(server, "stop", "--reason", "storm")
        #expect(stopped.status == 0 && stopped.output.contains("Nothing is under way."), "\(stopped.output)")
        #expect(try evenkeel(server, "stop").status == 1, "it is stopped already")
        server.kill()
        try await server.restart()
        let status = try evenkeel(server, "status").output
        #expect(status.contains("STOPPED      by local since ") && status.contains(": storm; nothing"), "\(status)")
        #expect(try evenkeel(server, "stop", "--resume").status == 0)
        #expect(try evenkeel(server, "stop", "--resume").output.contains("fleet is not held"))

        let list = try evenkeel(server, "audit", "ls")
        #expect(list.output.contains("hold.set") && list.output.contains("hold.end"), "\(list.output)")
        let verified = try evenkeel(server, "audit", "verify")
        #expect(verified.status == 0 && verified.output.contains("The log is whole."), "\(verified.output)")
        let exported = try evenkeel(server, "audit", "export")
        let file = server.folder.path + "/audit.jsonl"
        try exported.output.write(toFile: file, atomically: true, encoding: .utf8)
        #expect(try Program.run(Built.executable, ["audit", "verify", file]).status == 0)
        let tampered = exported.output.replacing("storm", with: "picnic")
        try tampered.write(toFile: file, atomically: true, encoding: .utf8)
        let found = try Program.run(Built.executable, ["audit", "verify", file])
        #expect(found.status == 1 && found.output.contains("NOT WHOLE: entry 1"), "\(found.output)")
        let cut = exported.output.split(separator: "\n").dropLast().joined(separator: "\n")
        try cut.write(toFile: file, atomically: true, encoding: .utf8)
        #expect(try Program.run(Built.executable, ["audit", "verify", file]).output.contains("cut off after entry"))
        server.end()
        let offline = try Program.run(
            Built.executable, ["audit", "verify", "--data", server.folder.path + "/data"])
        #expect(offline.status == 0, "\(offline.output)")
    }

    @Test func whatIsAskedForNothingIsAnsweredClearly() async throws {
        let server = try await LoopbackServer.evenkeel()
        #expect(try evenkeel(server, "host", "drain", "kvm9").output.contains("there is no host kvm9"))
        #expect(try evenkeel(server, "host", "resume", "kvm9").output.contains("host:kvm9 is not held"))
        #expect(try evenkeel(server, "constraint", "add", "pin", "nobody", "--on", "kvm1").status == 2)
        #expect(try evenkeel(server, "constraint", "rm", "9").output.contains("there is no constraint 9"))
        #expect(try evenkeel(server, "reserve", "--cluster", "lab").status == 1)
        #expect(try evenkeel(server, "tip", "approve", "9", "--yes").status == 1)
        let picture = try evenkeel(server, "top", "--width", "60", "--height", "12")
        #expect(picture.status == 0 && picture.output.contains("0 hosts"), "\(picture.output)")
        let lines = picture.output.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.allSatisfy { $0.count <= 60 })
    }
}
