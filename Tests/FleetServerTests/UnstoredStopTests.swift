import FleetModel
import FleetState
import Foundation
import Logging
import Remediation
import Testing

@testable import FleetServer

/// An operator's stop while the disk takes nothing.
@Suite struct UnstoredStopTests {
    /// A state store whose disk is full for a while.
    private struct FillingDisk: StateStore {
        let kept: FleetStateStore
        let isFull = Locked(false)

        func load() async throws -> StoredState { try await kept.load() }
        func commit(_ changes: [StateChange]) async throws {
            if isFull.withLock({ $0 }) { throw FleetStateError.diskFull(path: "/srv/fleet.db") }
            try await kept.commit(changes)
        }
        func history(limit: Int) async throws -> (tips: [Tip], operations: [FleetModel.Operation]) {
            try await kept.history(limit: limit)
        }
        func packs() async throws -> [PackSetting] { try await kept.packs() }
    }

    private let folder = NSTemporaryDirectory() + "evenkeel-stop-" + UUID().uuidString

    private func controller(_ state: FillingDisk) async throws -> FleetController {
        let clock = WallClock()
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let controller = FleetController(
            loop: ControlLoop(), store: state, board: CommandBoard(clock: clock), clock: clock, logger: logger)
        try await controller.restore()
        return controller
    }

    @Test(arguments: [false, true])
    func holdsAtOnceAndIsWrittenAsSoonAsTheDiskTakesIt(isCancelling: Bool) async throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let disk = FillingDisk(kept: try FleetStateStore(path: folder + "/fleet.db"))
        let controller = try await controller(disk)
        disk.isFull.withLock { $0 = true }
        let stop = ControlRequest.Kind.hold(.fleet, reason: "storm", cancelling: isCancelling)
        guard case .stoppedInMemory(let reason) = try await controller.request(stop, by: "ann") else {
            Issue.record("it is not said that the disk has not got it")
            return
        }
        #expect(reason.contains("/srv/fleet.db"))
        try await controller.receive(.tick(WallClock().now))
        #expect(controller.view.withLock { $0.holds.map(\.scope) } == [.fleet], "a tick takes nothing away")
        #expect(controller.view.withLock { $0.problem }?.contains("cannot be written") == true)
        #expect(try await disk.load().holds.isEmpty)
        await #expect(throws: FleetStateError.self, "what cannot be written down does not go on") {
            _ = try await controller.request(.release(.fleet), by: "ann")
        }
        #expect(controller.view.withLock { $0.holds.count } == 1)

        disk.isFull.withLock { $0 = false }
        try await controller.receive(.tick(WallClock().now))
        let stored = try await disk.load().holds
        #expect(stored.map(\.actor) == ["ann"] && stored.map(\.reason) == ["storm"])
        #expect(controller.view.withLock { $0.holds } == stored)
        #expect(controller.view.withLock { $0.problem } == nil)
        // It is written down once, and another run of the server is stopped as well.
        try await controller.receive(.tick(WallClock().now))
        let entries = try await disk.kept.audit(limit: 100).count { $0.event == "hold.set" }
        #expect(entries == 1)
        let again = try await self.controller(disk)
        #expect(again.view.withLock { $0.holds } == stored)
        guard case .done = try await controller.request(.release(.fleet), by: "ann") else {
            Issue.record("it does not go on")
            return
        }
        try await controller.receive(.tick(WallClock().now))
        #expect(controller.view.withLock { $0.holds.isEmpty })
        try disk.kept.close()
    }
}
