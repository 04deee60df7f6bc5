import ArgumentParser
import FleetModel
import Testing

@testable import Commands

@Suite struct DemoPlanTests {
    private func plan(_ arguments: [String], processors: [Int]) throws -> DemoPlan {
        var generator = SystemRandomNumberGenerator()
        return try DemoPlan(
            options: try DemoOptions.parse(arguments), processors: processors, firmware: "/tmp/pulse.bin",
            memory: .mebibytes(16), using: &generator)
    }

    @Test func eachHostOwnsALogicalProcessorWhereThereAreEnough() throws {
        let plan = try plan(["--hosts", "3"], processors: [2, 5, 7, 9])
        #expect(plan.hosts.map(\.logicalProcessors) == [[2], [5], [7]])
        #expect(plan.hosts.map(\.machines.count) == [3, 1, 1])
        #expect(Set(plan.machines.map(\.definition.id)).count == 5)
        #expect(Set(plan.machines.map(\.definition.name)).count == 5)
    }

    @Test func hostsShareLogicalProcessorsWhereThereAreFewer() throws {
        let plan = try plan(["--hosts", "4"], processors: [0, 1])
        #expect(plan.hosts.map(\.logicalProcessors) == [[0], [1], [0], [1]])
    }

    @Test func theTroubledHostIsFilledAndMovingOneGuestRelievesIt() throws {
        let plan = try plan(["--vms", "6"], processors: [0, 1])
        let busy = plan.troubled.machines.map(\.busyBurn)
        #expect(busy.reduce(0, +) >= DemoPlan.busyTotal - busy.count)
        #expect(busy.reduce(0, +) - (busy.max() ?? 0) < 60)
    }

    @Test(arguments: [
        ["--hosts", "1"], ["--hosts", "5"], ["--vms", "2"], ["--port", "0"], ["--port", "70000"], ["--json"],
        ["--scenario", "boom"],
    ])
    func whatCannotBeIsRefused(arguments: [String]) {
        #expect(throws: (any Error).self) { try DemoOptions.parse(arguments) }
    }

    @Test func theLongestGapIsTheOneInsideTheSpan() throws {
        let host = try #require(HostName("kvm1"))
        let other = try #require(HostName("kvm2"))
        var ticks = TickRecord()
        let heard: [(Int64, HostName, Int64)] = [
            (1, host, 0), (2, host, 500), (3, host, 510), (2, other, 515), (4, other, 600), (5, other, 610),
        ]
        for (number, host, time) in heard {
            ticks.receive(TickRecord.Tick(sequence: number, host: host, time: Timestamp(milliseconds: time)))
        }
        let span = (first: Timestamp(milliseconds: 505), last: Timestamp(milliseconds: 620))
        #expect(ticks.longestGap(from: span.first, through: span.last) == 90)
        #expect(ticks.count(from: other, since: span.first) == 2)
        #expect(TickRecord().longestGap(from: span.first, through: span.last) == nil)
    }
}
