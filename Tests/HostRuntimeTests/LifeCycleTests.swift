import FleetModel
import FoundationEssentials
import Glibc
import Testing

@testable import HostRuntime

@Suite("The life of a VM on one host", .timeLimit(.minutes(2))) struct LifeCycleTests {
    @Test func beginsWithADefinitionThatIsKeptAndMayBeToldTwice() async throws {
        try await withHosts("a") { hosts in
            let vm = try pulse(near: hosts[0].folder)
            #expect(await hosts[0].answer(.launch(vm.id)).isRefused)
            for _ in 0..<2 { #expect(await hosts[0].answer(.define(vm)).isDone) }
            #expect(try await hosts[0].state(vm.id) == .stopped)
            for _ in 0..<2 { #expect(await hosts[0].answer(.launch(vm.id)).isDone) }
            #expect(try await hosts[0].state(vm.id) == .running)
            // The same by another name is no other.
            #expect(await hosts[0].answer(.define(vm)).isDone)
            var other = vm
            other.virtualProcessors = 2
            #expect(await hosts[0].answer(.define(other)).isRefused)
            #expect(await hosts[0].answer(.stop(vm.id, force: true)).isDone)
            #expect(await hosts[0].answer(.define(other)).isDone)
            let status = try #require(await hosts[0].runtime.virtualMachines().first)
            #expect(status.state == .stopped && status.definition.virtualProcessors == 2)
            // A name that means the same under every QEMU.
            #expect(status.definition.machine.hasPrefix("pc-i440fx-"))
            for _ in 0..<2 { #expect(await hosts[0].answer(.remove(vm.id)) == .done) }
            #expect(try await hosts[0].state(vm.id) == nil)
        }
    }

    @Test func haltsAndGoesOn() async throws {
        try await withHosts("a") { hosts in
            let vm = try pulse(near: hosts[0].folder)
            #expect(await hosts[0].answer(.pause(vm.id)).isRefused)
            #expect(await hosts[0].answer(.start(vm)).isDone)
            for _ in 0..<2 { #expect(await hosts[0].answer(.pause(vm.id)).isDone) }
            #expect(try await hosts[0].state(vm.id) == .paused)
            for _ in 0..<2 { #expect(await hosts[0].answer(.resume(vm.id)).isDone) }
            #expect(try await hosts[0].state(vm.id) == .running)
            #expect(
                try await hosts[0].runtime.console(of: vm.id)
                    == .socket(path: "\(hosts[0].folder)/\(vm.id.text)/console.sock"))
            #expect(await hosts[0].answer(.stop(vm.id, force: true)).isDone)
            #expect(await hosts[0].answer(.resume(vm.id)).isRefused)
            await #expect(throws: NoConsole.self) { try await hosts[0].runtime.console(of: vm.id) }
        }
    }

    @Test func isGivenMoreWhileItRunsAndStillMoves() async throws {
        try await withHosts("a", "b") { hosts in
            var vm = try pulse(near: hosts[0].folder)
            vm.maximumProcessors = 3
            vm.maximumMemory = .mebibytes(1024)
            vm.disks = [.init(path: "\(hosts[0].folder)/../disk.img", format: .raw, cache: .writethrough)]
            try SmallFile.replace("\(hosts[0].folder)/../disk.img", with: [UInt8](repeating: 0, count: 1 << 16))
            #expect(await hosts[0].answer(.start(vm)).isDone)
            let more = Bytes.mebibytes(16 + 256)
            for _ in 0..<2 {
                #expect(await hosts[0].answer(.resize(vm.id, virtualProcessors: 2, memory: more)) == .done)
            }
            #expect(
                await hosts[0].answer(.resize(vm.id, virtualProcessors: nil, memory: more + .mebibytes(128))) == .done)
            let grown = try #require(await hosts[0].runtime.virtualMachines().first).definition
            #expect(grown.virtualProcessors == 2 && grown.memory == more + .mebibytes(128))
            #expect(grown.memoryModules == [.mebibytes(256), .mebibytes(128)])
            #expect(
                await hosts[0].answer(.resize(vm.id, virtualProcessors: nil, memory: more + .mebibytes(129))).isRefused)
            let outcome = try await MigrationDriver(grown, from: hosts[0], to: hosts[1]).run()
            guard case .succeeded = outcome else { throw Unexpected(outcome) }
            #expect(try await hosts[1].state(vm.id) == .running)
            // And there it can be given more again.
            #expect(await hosts[1].answer(.resize(vm.id, virtualProcessors: 3, memory: nil)) == .done)
            // What is added is part of it at the next start.
            #expect(await hosts[1].answer(.stop(vm.id, force: true)).isDone)
            #expect(await hosts[1].answer(.launch(vm.id)).isDone)
            let again = try #require(await hosts[1].runtime.virtualMachines().first).definition
            #expect(again.virtualProcessors == 3 && again.memoryModules.isEmpty && again.memory == grown.memory)
        }
    }

    @Test func isGivenLessAtItsNextStart() async throws {
        try await withHosts("a") { hosts in
            var vm = try pulse(near: hosts[0].folder, memory: .mebibytes(32))
            vm.virtualProcessors = 2
            vm.balloon = true
            #expect(await hosts[0].answer(.start(vm)).isDone)
            let answer = await hosts[0].answer(.resize(vm.id, virtualProcessors: 3, memory: .mebibytes(16)))
            guard case .advised(let notes) = answer else { throw Unexpected(answer) }
            #expect(notes.count == 2 && notes.allSatisfy { $0.contains("next start") })
            #expect(await hosts[0].answer(.balloon(vm.id, .mebibytes(24))).isDone)
            #expect(await hosts[0].answer(.balloon(vm.id, .mebibytes(64))).isRefused)
            func definition() async throws -> VirtualMachineDefinition {
                try #require(await hosts[0].runtime.virtualMachines().first).definition
            }
            #expect(try await definition().memory == .mebibytes(32))
            #expect(try await definition().atNextStart == .init(virtualProcessors: 3, memory: .mebibytes(16)))
            #expect(await hosts[0].answer(.stop(vm.id, force: true)).isDone)
            #expect(await hosts[0].answer(.launch(vm.id)).isDone)
            #expect(try await definition().memory == .mebibytes(16))
            #expect(try await definition().virtualProcessors == 3)
            #expect(try await definition().atNextStart == nil)
        }
    }

    @Test func keepsItsProcessorsWhereTheyArePinned() async throws {
        let there = try #require(Affinity.allowed())
        try await withHosts("a") { hosts in
            var vm = try pulse(near: hosts[0].folder)
            vm.virtualProcessors = 2
            vm.maximumProcessors = 3
            vm.pinning = [[there[0]], [], [there[there.count - 1]]]
            #expect(await hosts[0].answer(.start(vm)).isDone)
            #expect(await hosts[0].answer(.resize(vm.id, virtualProcessors: 3, memory: nil)) == .done)
            let process = try await hosts[0].process(vm.id)
            func places(of number: Int) throws -> String? {
                for thread in try threads(of: process.identifier) {
                    let status = String(decoding: SmallFile.read("\(thread)/status") ?? [], as: UTF8.self)
                    guard status.hasPrefix("Name:\tCPU \(number)/TCG\n") else { continue }
                    return status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") }
                        .map { String($0.split(separator: "\t")[1]) }
                }
                return nil
            }
            #expect(try places(of: 0) == "\(there[0])")
            #expect(try places(of: 2) == "\(there[there.count - 1])")
            vm.pinning = [[4095]]
            let answer = await hosts[0].answer(.resize(vm.id, virtualProcessors: 4, memory: nil))
            guard case .refused(let reason) = answer else { throw Unexpected(answer) }
            #expect(reason.contains("pinning"))
        }
    }
}

extension HostTaskAnswer {
    /// Whether the step was done, with or without advice.
    var isDone: Bool {
        switch self {
        case .done, .advised: true
        default: false
        }
    }
}
