import FleetModel
import FleetServer
import Testing

@testable import Commands

/// What an operator is told before a VM moves, and what the record says after.
@Suite(.serialized, .enabled(if: Built.hasQEMU, "QEMU (Debian's qemu-system-x86) is not installed"))
struct ForecastTests {
    @Test func aMoveIsForetoldWithoutMovingAndRecordedWithWhatItTook() async throws {
        let test = try await TestFleet(bandwidth: 100)
        defer { test.tearDown() }
        let path = "/fleet/v1/vms/\(test.machine.id)/migrate"
        let asking = MigrationOrder(to: "b", plan: true)
        var foretold: MigrationView?
        // A look that says nothing on a busy machine is followed by another after a minute.
        try await test.fleet.until("the guest's memory was looked at", within: .seconds(180)) {
            foretold = try await test.fleet.client.post(path, asking)
            return foretold?.migration.forecast != nil
        }
        let view = try #require(foretold)
        #expect(view.action.from == "a" && view.action.to == "b")
        #expect(view.migration.bandwidthLimit == .mebibytes(100))
        // 100 MiB of what it was told to hold, and little else.
        let expected = try #require(view.migration.forecast)
        #expect(expected.transferred > .mebibytes(90) && expected.transferred < .mebibytes(140))
        let none: [OperationView] = try await test.fleet.client.get("/fleet/v1/operations")
        #expect(none.isEmpty)
        let started: OperationView = try await test.fleet.client.post(path, MigrationOrder(to: "b"))
        let operation = try await test.end(of: started.number)
        #expect(operation.state == .succeeded)
        #expect(operation.migration?.forecast != nil && operation.figures?.passes != nil)
        #expect(operation.log.contains { $0.text.hasPrefix("how: pre-copy; expected: ") })
        try await test.requireOnePlace(operation)
    }

    @Test func anOperatorsOwnWayIsTaken() async throws {
        let test = try await TestFleet(bandwidth: 100)
        defer { test.tearDown() }
        let order = MigrationOrder(to: "b", method: MigrationMethod(channels: 2, compression: .zstd))
        let started: OperationView = try await test.fleet.client.post("/fleet/v1/vms/wanderer/migrate", order)
        let operation = try await test.end(of: started.number)
        #expect(operation.state == .succeeded && operation.migration?.method == order.method)
        try await test.requireOnePlace(operation)
        await #expect(throws: CommandFailure.self) {
            let _: OperationView = try await test.fleet.client.post(
                "/fleet/v1/vms/wanderer/migrate", MigrationOrder(to: "a", method: MigrationMethod(channels: 1000)))
        }
    }
}
