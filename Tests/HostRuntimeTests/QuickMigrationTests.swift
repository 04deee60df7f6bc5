import FleetModel
import FoundationEssentials
import Glibc
import Testing

@testable import HostRuntime

@Suite("Quick migration", .timeLimit(.minutes(2))) struct QuickMigrationTests {
    private let quick = MigrationMethod(kind: .quick)

    @Test func theGuestGoesOnWhereItWasHalted() async throws {
        try await withSharedFolder { hosts, folder in
            let (a, b) = (hosts[0], hosts[1])
            let vm = try await busyPulse(on: a, dirtying: 5000)
            let ticks = Locked(PulseTicks())
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await listen(to: a, vm.id, ticks) }
                try await eventually { ticks.withLock { $0.count } > 5 }
                let driver = MigrationDriver(vm, from: a, to: b, method: quick)
                group.addTask {
                    try await eventually { unsafe access(b.runtime.consolePath(of: vm.id), F_OK) == 0 }
                    try await listen(to: b, vm.id, ticks)
                }
                guard case .succeeded(let figures?) = try await driver.run() else { throw Unexpected(await driver.log) }
                #expect(figures.transferred > .mebibytes(20))
                let atArrival = ticks.withLock { $0.count }
                try await eventually { ticks.withLock { $0.count } > atArrival + 5 }
                #expect(await b.answer(.stop(vm.id, force: true)).isDone)
                try await group.waitForAll()
            }
            #expect(ticks.withLock { $0.repetitions } == 0, "the guest ran from the past")
            #expect(try await a.state(vm.id) == nil)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
        }
    }

    @Test func aFileThatIsDamagedOnTheWayLeavesTheGuestAtItsSource() async throws {
        try await withSharedFolder { hosts, folder in
            let vm = try pulse(near: hosts[0].folder)
            #expect(await hosts[0].answer(.start(vm)).isDone)
            var machine = MigrationMachine(
                MigrationRequest(
                    definition: vm, accelerator: .tcg, source: hosts[0].name, destination: hosts[1].name,
                    timeLimitSeconds: 20, method: quick))
            _ = machine.receive(.begin)
            while let (side, task) = machine.outstanding.first {
                if case .load = task {
                    guard unsafe truncate("\(folder)/\(vm.id).memory", 5000) == 0 else { throw Unexpected("no file") }
                }
                let answer = await hosts[side == .source ? 0 : 1].answer(task)
                _ = machine.receive(.answered(side, task, answer))
            }
            #expect(machine.outcome?.location == .source)
            #expect(try await hosts[0].state(vm.id) == .running)
            #expect(try await hosts[1].state(vm.id) == nil)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
            #expect(try await MigrationDriver(vm, from: hosts[0], to: hosts[1]).run().location == .destination)
        }
    }

    @Test func hostsThatShareNothingRefuse() async throws {
        try await withHosts("a", "b") { hosts in
            let vm = try pulse(near: hosts[0].folder)
            #expect(await hosts[0].answer(.start(vm)).isDone)
            guard
                case .failed(let reason, .source) = try await MigrationDriver(
                    vm, from: hosts[0], to: hosts[1], method: quick
                ).run()
            else { throw Unexpected("it moved") }
            #expect(reason.contains("shares"))
            #expect(try await hosts[0].state(vm.id) == .running)
        }
    }

    private func withSharedFolder(_ body: @escaping @Sendable ([TestHost], String) async throws -> Void) async throws {
        let folder = try temporaryFolder()
        defer { endProcesses(under: folder) }
        try await withHosts("a", "b", configure: { $0.sharedFolder = folder }) { try await body($0, folder) }
    }
}
