import FleetModel
import FleetServer
import Testing

@testable import Commands

/// Whatever dies in the middle of a migration, the VM runs in exactly one place afterwards, and the record says where.
@Suite(.serialized, .enabled(if: Built.hasQEMU, "QEMU (Debian's qemu-system-x86) is not installed"))
struct CrashTests {
    @Test(arguments: ["agent-a", "agent-b"])
    func anAgentThatIsKilledMidMigrationLosesNothing(victim: String) async throws {
        let test = try await TestFleet(bandwidth: 12)
        defer { test.tearDown() }
        let number = try await test.beginMigration(to: test.hosts[1])
        test.fleet.kill(victim)
        try test.fleet.startAgent(victim == "agent-a" ? test.hosts[0] : test.hosts[1])
        let operation = try await test.end(of: number)
        #expect(operation.state == .succeeded)
        try await test.requireOnePlace(operation)
    }

    @Test func aServerThatIsKilledMidMigrationTakesItUpAgain() async throws {
        let test = try await TestFleet(bandwidth: 12)
        defer { test.tearDown() }
        let number = try await test.beginMigration(to: test.hosts[1])
        test.fleet.kill("server")
        try test.restartServer()
        let operation = try await test.end(of: number)
        #expect(operation.state == .succeeded)
        try await test.requireOnePlace(operation)
    }

    @Test func aDestinationWhoseQEMUIsKilledLeavesTheVMWhereItWas() async throws {
        let test = try await TestFleet(bandwidth: 12)
        defer { test.tearDown() }
        let source = test.processes()
        let number = try await test.beginMigration(to: test.hosts[1])
        let arrivals = test.processes().filter { !source.contains($0) }
        #expect(arrivals.count == 1)
        for process in arrivals { Signals.kill(process) }
        let operation = try await test.end(of: number)
        #expect(operation.state == .failed)
        #expect(operation.location == "a")
        try await test.requireOnePlace(operation)
    }

    @Test func anUndisturbedMigrationMovesTheTickingGuest() async throws {
        let test = try await TestFleet(bandwidth: 200)
        defer { test.tearDown() }
        let order = MigrationOrder(to: "b")
        let started: OperationView = try await test.fleet.client.post("/fleet/v1/vms/wanderer/migrate", order)
        let operation = try await test.end(of: started.number)
        #expect(operation.state == .succeeded)
        #expect(operation.location == "b")
        #expect((operation.figures?.totalMilliseconds ?? 0) > 0)
        try await test.requireOnePlace(operation)
    }
}
