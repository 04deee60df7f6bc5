import FleetModel
import Glibc
import Testing

@testable import HostRuntime

@Suite("A VM that fails", .timeLimit(.minutes(2))) struct RestartTests {
    @Test func isNoticedWithItsReasonAndStartedAgain() async throws {
        try await withHosts("a") { hosts in
            var vm = try pulse(near: hosts[0].folder)
            vm.restart = .onFailure
            #expect(await hosts[0].answer(.start(vm)).isDone)
            let process = try await hosts[0].process(vm.id)
            process.signal(SIGKILL)
            // Nobody asks: the end of the process is what tells.
            // The end is written down first, then what follows from it.
            try await eventually { try record(of: vm.id, on: hosts[0]).restartAt != nil }
            let noted = try record(of: vm.id, on: hosts[0])
            #expect(noted.problem?.contains("killed by signal 9") == true)
            #expect(noted.failures?.count == 1 && noted.restartAt != nil)
            try await eventually { try await hosts[0].state(vm.id) == .running }
            let status = try #require(await hosts[0].runtime.virtualMachines().first)
            #expect(status.restarts == 1 && status.problem == nil && status.process != process.identifier)
        }
    }

    @Test func staysDownWhereItsPolicySaysSoOrSomebodyDecidedSo() async throws {
        try await withHosts("a") { hosts in
            var (never, stopped) = (try pulse(near: hosts[0].folder), try pulse(near: hosts[0].folder, name: "pulse-2"))
            never.restart = .never
            stopped.restart = .onFailure
            for vm in [never, stopped] {
                #expect(await hosts[0].answer(.start(vm)).isDone)
                try await hosts[0].process(vm.id).signal(SIGKILL)
                try await eventually { try await hosts[0].state(vm.id) == .crashed }
            }
            #expect(try record(of: never.id, on: hosts[0]).restartAt == nil)
            #expect(await hosts[0].answer(.stop(stopped.id, force: false)).isDone)
            #expect(try record(of: stopped.id, on: hosts[0]).restartAt == nil)
            #expect(try await hosts[0].state(stopped.id) == .stopped)
        }
    }

    @Test func isNotStartedAgainWhereItMayLiveElsewhere() async throws {
        try await withHosts("a") { hosts in
            var vm = try pulse(near: hosts[0].folder)
            vm.restart = .onFailure
            #expect(await hosts[0].answer(.start(vm)).isDone)
            let process = try await hosts[0].process(vm.id)
            await hosts[0].runtime.close()
            let folder = MachineFolder(root: hosts[0].folder, vm.id)
            var record = try folder.read()
            record.isSending = true
            try folder.write(record)
            process.signal(SIGKILL)
            #expect(await process.ended(within: .seconds(5)))
            let again = try restarted(hosts[0])
            #expect(try await again.state(vm.id) == .crashed)
            #expect(try folder.read().restartAt == nil)
        }
    }

    @Test func isStartedAgainByTheNextRunOfTheAgent() async throws {
        try await withHosts("a") { hosts in
            var vm = try pulse(near: hosts[0].folder)
            vm.restart = .onFailure
            #expect(await hosts[0].answer(.start(vm)).isDone)
            let process = try await hosts[0].process(vm.id)
            await hosts[0].runtime.close()
            process.signal(SIGKILL)
            #expect(await process.ended(within: .seconds(5)))
            let again = try restarted(hosts[0])
            try await looked(after: [again]) {
                try await eventually { try await again.state(vm.id) == .running }
            }
        }
    }

    @Test func tooOftenInARowIsGivenUp() {
        var failures: [Timestamp] = []
        var pauses: [Duration] = []
        var now = Timestamp(milliseconds: 1_000_000)
        while true {
            let plan = RestartPlan.next(after: failures, at: now)
            failures = plan.failures
            guard let start = plan.start else { break }
            pauses.append(start - now)
            now = start + .seconds(5)
        }
        #expect(pauses == RestartPlan.pauses)
        #expect(RestartPlan.givenUp.contains("4 times within 10 minutes"))
        // Long enough afterwards it may fail anew.
        #expect(RestartPlan.next(after: failures, at: now + .seconds(601)).start != nil)
        // Nor does a clock that was set back count for ever.
        #expect(RestartPlan.next(after: failures, at: Timestamp(milliseconds: 0)).start != nil)
    }

    private func record(of id: VirtualMachineID, on host: TestHost) throws -> MachineRecord {
        try MachineFolder(root: host.folder, id).read()
    }
}
