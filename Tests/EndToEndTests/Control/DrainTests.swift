import FleetModel
import FleetServer
import Foundation
import Testing

@testable import Commands

/// Maintenance by command, on real virtual machines.
@Suite(.serialized, .enabled(if: Built.hasQEMU, "QEMU (Debian's qemu-system-x86) is not installed"))
struct DrainTests {
    @Test func aHostIsDrainedByCommandAlthoughTheServerIsKilledInTheMiddle() async throws {
        let test = try await DrainFleet()
        defer { test.tearDown() }
        let drain = try FleetProcess(
            "drain", executable: Built.executable,
            arguments: ["host", "drain", "a", "--reason", "new memory", "--server", test.fleet.address],
            log: test.fleet.folder.path + "/drain.log")
        defer { if drain.isRunning { drain.kill() } }
        try await test.until("one guest has moved and another is on its way") {
            let operations = try await test.operations()
            return operations.contains { $0.state == .succeeded }
                && operations.contains { !$0.state.isFinal && ($0.progress?.transferred ?? .zero) > .mebibytes(2) }
        }
        let listed = try test.evenkeel("host", "ls").output
        #expect(listed.contains("in maintenance by local (new memory), tip 1 empties it"), "\(listed)")
        let status = try test.evenkeel("status").output
        #expect(status.contains("MAINTENANCE  a still has 2 VMs; tip 1"), "\(status)")
        test.fleet.kill("server")
        try test.startServer()
        try await test.until("the host is empty") { try await test.tip(1).state.isFinal }
        drain.end()
        let said = try String(contentsOfFile: drain.log, encoding: .utf8)
        #expect(said.contains("1 of 3 steps done") && said.contains("a is empty and in maintenance."), "\(said)")
        try await requireOncePerMachine(test)
        let places = try await test.places()
        #expect(places.values.allSatisfy { $0 != ["a"] }, "\(places)")
        // Nothing was done twice: one success for each guest, and no move is left.
        let operations = try await test.operations()
        #expect(!operations.contains { !$0.state.isFinal })
        let moved = operations.filter { $0.state == .succeeded }.map(\.action.name).sorted()
        #expect(moved == ["guest-1", "guest-2", "guest-3"], "\(operations.map { ($0.action.name, $0.state) })")
        let refused = try test.evenkeel("vm", "migrate", "guest-1", "--to", "a")
        #expect(refused.status == 1 && refused.output.contains("maintenance"), "\(refused.output)")
        #expect(try test.evenkeel("host", "resume", "a").status == 0)
        let resumed = try test.evenkeel("host", "ls").output
        #expect(!resumed.contains("maintenance"), "\(resumed)")
        #expect(try test.evenkeel("vm", "migrate", "guest-1", "--to", "a").status == 0)
    }

    @Test func aDrainThatWasCalledOffStaysOpenAndSaysWhatToDo() async throws {
        let test = try await DrainFleet(machines: 2, bandwidth: 4)
        defer { test.tearDown() }
        #expect(try test.evenkeel("host", "drain", "a", "--no-wait").status == 0)
        try await test.until("a guest is on its way") {
            try await test.operations().contains { !$0.state.isFinal && ($0.progress?.transferred ?? .zero) > .zero }
        }
        let running = try #require(try await test.operations().first { !$0.state.isFinal })
        #expect(try test.evenkeel("operation", "cancel", "\(running.number)").status == 0)
        try await test.until("the tip waits for a person") { try await test.tip(1).state == .awaitingApproval }
        let status = try test.evenkeel("status").output
        #expect(status.contains("MAINTENANCE  a still has 2 VMs; tip 1"), "\(status)")
        #expect(status.contains("'evenkeel host drain a' tries again"), "\(status)")
        #expect(try test.evenkeel("stop", "--reason", "storm").status == 0)
        let stopped = try test.evenkeel("host", "drain", "a")
        #expect(stopped.status == 1 && stopped.output.contains("everything is stopped by local"), "\(stopped.output)")
        #expect(try test.evenkeel("stop", "--resume").status == 0)
        // Two operators say yes at the same moment: one of them is told that the other was first.
        let address = test.fleet.address
        let answers = try await withThrowingTaskGroup(of: (output: String, status: Int32).self) { group in
            for _ in 0..<2 {
                group.addTask {
                    try Program.run(Built.executable, ["tip", "approve", "1", "--yes", "--server", address])
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(answers.map(\.status).sorted() == [0, 1], "\(answers)")
        #expect(answers.contains { $0.output.contains("tip 1 was approved already by local") }, "\(answers)")
        try await test.until("the host is empty") { try await test.tip(1).state.isFinal }
        let moved = try await test.operations().filter { $0.state == .succeeded }.map(\.action.name).sorted()
        #expect(moved == ["guest-1", "guest-2"])
        try await requireOncePerMachine(test)
    }

    /// Every guest has one process, lives on one host and ticks there.
    private func requireOncePerMachine(_ test: DrainFleet) async throws {
        try await test.until("every guest lives on one host, in one process") {
            let places = try await test.places()
            return places.count == test.machines.count && places.values.allSatisfy { $0.count == 1 }
                && test.processes().count == test.machines.count
        }
        let places = try await test.places()
        let since = WallClock().now
        try await test.until("every guest ticks where it is said to be") {
            test.machines.allSatisfy { machine in
                guard let host = places[machine.name.text]?.first.flatMap({ HostName($0) }) else { return false }
                return test.consoles.ticks(of: machine.id).count(from: host, since: since) > 10
            }
        }
    }
}
