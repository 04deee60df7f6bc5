import FleetModel
import FleetServer
import Foundation
import Testing

@testable import Commands

/// The demonstration as a user runs it: a process of its own.
@Suite(.serialized, .enabled(if: Built.hasQEMU, "QEMU (Debian's qemu-system-x86) is not installed"))
struct DemoTests {
    private func demo(_ arguments: [String], port: Int? = nil) throws -> (process: Process, output: Pipe) {
        let port = try port ?? LoopbackPort.anyFree()
        return try evenkeel(["demo", "--port", "\(port)"] + arguments)
    }

    private func evenkeel(_ arguments: [String]) throws -> (process: Process, output: Pipe) {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: Built.executable)
        process.arguments = arguments
        process.standardOutput = output
        try process.run()
        return (process, output)
    }

    /// The number of the first tip that waits for an operator.
    private func waitingTip(_ client: ServerClient) async throws -> Int64 {
        let clock = WallClock()
        let deadline = clock.now + .seconds(90)
        while clock.now < deadline {
            let tips: [TipView]? = try? await client.get("/fleet/v1/tips")
            if let tip = tips?.first(where: { $0.state == .awaitingApproval }) { return tip.number }
            try await clock.sleep(for: .milliseconds(200))
        }
        throw CommandFailure(.no, "no tip waited for an operator in time")
    }

    /// The folder of the demo whose server listens on `port`, while there is one.
    private func folder(ofServerAt port: Int) -> String? {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/tmp")) ?? []
        return names.first { name in
            let text = try? String(contentsOfFile: "/tmp/\(name)/server.yaml", encoding: .utf8)
            return name.hasPrefix(FleetFolder.prefix) && text?.contains("127.0.0.1:\(port)\n") == true
        }
    }

    @Test func aHostThatRunsShortOfMemoryIsRelievedOnceAnOperatorSaysYes() async throws {
        let port = try LoopbackPort.anyFree()
        let (process, output) = try demo(["--scenario", "low-memory", "--once", "--json"], port: port)
        let server = "http://127.0.0.1:\(port)"
        let tip = try await waitingTip(ServerClient(base: server))
        let approval = try evenkeel(["tip", "approve", "\(tip)", "--yes", "--server", server]).process
        approval.waitUntilExit()
        #expect(approval.terminationStatus == 0)
        let data = try #require(try output.fileHandleForReading.readToEnd())
        process.waitUntilExit()
        let report = try JSONDecoder().decode(DemoReport.self, from: data)
        #expect(process.terminationStatus == 0)
        #expect(report.relieved)
        #expect(report.tips.contains { $0.approvedBy == "local" })
        #expect(report.migrations.contains { $0.from == "kvm1" && $0.ticksOnDestination > 0 })
        let host = try #require(report.hosts.first { $0.name == "kvm1" })
        #expect(try #require(host.memoryUsedBefore) > 0.9)
        #expect(try #require(host.memoryUsedAfter) < 0.88)
        #expect(folder(ofServerAt: port) == nil)
    }

    @Test(arguments: [
        (SIGKILL, "all guests tick"), (SIGINT, "all guests tick"), (SIGKILL, "is running: operation"),
    ])
    func aDemoThatIsStoppedHoweverLeavesNothingBehind(signal: Int32, moment: String) async throws {
        let port = try LoopbackPort.anyFree()
        let (process, output) = try demo(["--scenario", "low-memory", "--auto"], port: port)
        var said = ""
        while !said.contains(moment) {
            let data = output.fileHandleForReading.availableData
            if data.isEmpty { break }
            said += String(decoding: data, as: UTF8.self)
        }
        let name = try #require(folder(ofServerAt: port))
        kill(process.processIdentifier, signal)
        process.waitUntilExit()
        let clock = WallClock()
        let deadline = clock.now + .seconds(30)
        let path = "/tmp/" + name
        // Whoever tidies up bears the folder's name as well, and ends a moment after the folder is gone.
        while FileManager.default.fileExists(atPath: path) || !MachineProcesses.naming([name]).isEmpty,
            clock.now < deadline
        {
            try await clock.sleep(for: .milliseconds(50))
        }
        #expect(!FileManager.default.fileExists(atPath: path))
        #expect(MachineProcesses.naming([name]).isEmpty)
    }
}
