import FleetModel
import Glibc
import Testing

@testable import HostRuntime

@Suite("The state of many VMs", .timeLimit(.minutes(3))) struct RefreshCostTests {
    /// Fifty VMs on one host, as a full one may have. What a refresh costs is printed, not asserted.
    @Test func isAskedForWithOneQuestionEach() async throws {
        let count = 50
        try await withHosts("a") { hosts in
            let vm = try pulse(near: hosts[0].folder, memory: .mebibytes(2))
            for number in 0..<count {
                var other = vm
                other.id = try Fixture.definition().id
                other.name = try Fixture.name("pulse-\(number)")
                #expect(await hosts[0].answer(.start(other)).isDone)
                // Halted: what is measured is our work, not theirs.
                #expect(await hosts[0].answer(.pause(other.id)).isDone)
            }
            let runtime = hosts[0].runtime
            #expect(await runtime.virtualMachines().count == count)
            func asked() async -> Int64 {
                var sum: Int64 = 0
                for status in await runtime.virtualMachines() {
                    sum += await runtime.known(status.definition.id)?.monitor?.commandsGiven ?? 0
                }
                return sum
            }
            let askedBefore = await asked()
            let before = processorMilliseconds()
            let rounds = 20
            for _ in 0..<rounds { _ = await runtime.virtualMachines() }
            let each = (processorMilliseconds() - before) / Double(rounds)
            // The rounds, and the one in which they are counted.
            let questions = (await asked() - askedBefore) / Int64(rounds + 1)
            #expect(questions == count)
            print("\(count) VMs: \(each) ms of CPU and \(questions) questions a refresh")
        }
    }

    private func processorMilliseconds() -> Double {
        var usage = rusage()
        unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        func milliseconds(_ time: timeval) -> Double { Double(time.tv_sec) * 1000 + Double(time.tv_usec) / 1000 }
        return milliseconds(usage.ru_utime) + milliseconds(usage.ru_stime)
    }
}
