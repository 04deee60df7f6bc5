import FleetModel
import FleetState
import Foundation
import Logging
import Remediation
import RulePacks
import Testing

@testable import FleetServer
@testable import TimeSeriesStore

/// What the status says of hosts that are not measured, and of a clock that was set.
@Suite("Status of what is measured")
struct StatusTests {
    /// A clock that is set by hand.
    private final class Hand: FleetModel.Clock {
        let time: Locked<Timestamp>
        init(_ time: Timestamp) { self.time = Locked(time) }
        var now: Timestamp { time.withLock { $0 } }
        func sleep(until deadline: Timestamp) async throws {}
    }

    private let clock = Hand(Timestamp(milliseconds: 1_800_000_000_000))

    private func fleet() async throws -> (FleetController, FleetReader) {
        let store = try FleetStateStore.inMemory()
        let controller = FleetController(
            loop: ControlLoop(), store: store, board: CommandBoard(clock: clock), clock: clock,
            logger: Logger(label: "test"))
        try await controller.restore()
        let reader = FleetReader(
            version: "1", controller: controller, state: store, engine: NoEngine(), settings: ControlSettings(),
            readingWindow: .seconds(60), condition: { StoreCondition(damages: [], quarantined: []) }, clock: clock)
        return (controller, reader)
    }

    private func report(_ controller: FleetController) async throws {
        for name in ["h1", "h2"] {
            let report = HostReport(
                host: try #require(HostName(name)), cluster: try #require(ClusterName("c")), time: clock.now,
                agentVersion: "1", agentRun: "r", logicalProcessors: 4, memory: .gibibytes(4), memoryAvailable: nil,
                accelerator: .kvm, migrationAddress: nil, virtualMachines: [])
            try await controller.receive(.report(HostRecord(report: report, received: clock.now)))
        }
    }

    private func round(_ controller: FleetController, measuring names: [String]) async throws {
        var readings = LoadReadings(time: clock.now, window: .seconds(60))
        for name in names { readings.hostProcessorUse[try #require(HostName(name))] = 0.5 }
        try await controller.receive(
            .round(ControlRound(alerts: AlertRound(time: clock.now), readings: readings)))
    }

    @Test("hosts that report and of which the last round had no fresh samples are named")
    func unmeasured() async throws {
        let (controller, reader) = try await fleet()
        try await report(controller)
        #expect(reader.status().unmeasuredHosts == nil, "nobody has looked yet")
        try await round(controller, measuring: ["h1", "h2"])
        #expect(reader.status().unmeasuredHosts == [])
        try await round(controller, measuring: ["h2"])
        #expect(reader.status().unmeasuredHosts == ["h1"] && reader.status().clockProblem == nil)
    }

    @Test("a clock that was set ahead or back is told of, while it matters")
    func clockSet() async throws {
        let (controller, reader) = try await fleet()
        let start = clock.now
        try await report(controller)
        try await round(controller, measuring: ["h1", "h2"])
        clock.time.withLock { $0 = $0 + .seconds(86_400) }
        try await controller.receive(.tick(clock.now))
        try await report(controller)
        #expect(reader.status().unmeasuredHosts == ["h1", "h2"])
        #expect(reader.status().clockProblem?.hasPrefix("the server's clock went ahead by") == true)
        try await round(controller, measuring: ["h1", "h2"])
        #expect(reader.status().clockProblem == nil, "the hosts' clocks agree with it")
        for step in 1...3 {
            clock.time.withLock { $0 = start + .seconds(86_400 + step) }
            try await controller.receive(.tick(clock.now))
        }
        let before = clock.now
        clock.time.withLock { $0 = start - .seconds(7200) }
        try await controller.receive(.tick(clock.now))
        let status = reader.status()
        #expect(status.clockProblem?.contains("was set back by") == true, "\(before)")
    }
}
