import FleetModel
import Foundation
import Testing

@testable import LibvirtRuntime

@Suite("Control of domains", .serialized, .timeLimit(.minutes(2))) struct ControlTests {
    /// libvirt's driver for tests has a domain, `test`, that runs; changes last as long as this process.
    private func withDriver(_ body: (LibvirtRuntime, VirtualMachineID) async throws -> Void) async throws {
        let configuration = LibvirtConfiguration(
            uri: "test:///default", control: true, processFolder: "/nonexistent")
        let runtime = try LibvirtRuntime(configuration, log: quiet)
        let machines = try await runtime.virtualMachines()
        let id = try #require(machines.first { $0.definition.name.text == "test" }?.definition.id)
        _ = await runtime.perform(.launch(id)) { _ in }
        _ = await runtime.perform(.resume(id)) { _ in }
        try await body(runtime, id)
        _ = await runtime.perform(.launch(id)) { _ in }
    }

    private func state(_ runtime: LibvirtRuntime, _ id: VirtualMachineID) async -> HostTaskAnswer {
        await runtime.perform(.inspect(id)) { _ in }
    }

    @Test func everyStepOfALifeCanBeToldTwice() async throws {
        try await withDriver { runtime, id in
            let machine = try #require(try await runtime.virtualMachines().first { $0.definition.id == id })
            #expect(machine.readOnly == nil)
            let life: [(HostTask, VirtualMachineState)] = [
                (.pause(id), .paused), (.resume(id), .running), (.stop(id, force: false), .stopped),
                (.launch(id), .running), (.save(id), .saved), (.restore(id), .running),
                (.stop(id, force: true), .stopped), (.launch(id), .running),
            ]
            for (task, expected) in life {
                for _ in 0..<2 { #expect(await runtime.perform(task) { _ in } == .done, "\(task)") }
                #expect(await state(runtime, id) == .state(expected), "\(task)")
            }
        }
    }

    @Test func whatDoesNotFitIsRefused() async throws {
        try await withDriver { runtime, id in
            #expect(await runtime.perform(.stop(id, force: true)) { _ in } == .done)
            var generator = SystemRandomNumberGenerator()
            let nobody = VirtualMachineID.random(using: &generator)
            let tasks: [HostTask] = [
                .pause(id), .resume(id), .restore(id), .save(id), .balloon(id, .mebibytes(64)), .resumeSource(id),
                .abandonIncoming(id), .openConsole(id, session: "s"), .launch(nobody), .stop(nobody, force: true),
                .snapshot(id, folder: "here"), .resize(id, virtualProcessors: 0, memory: nil),
                .resize(id, virtualProcessors: nil, memory: Bytes(1000)),
            ]
            for task in tasks {
                guard case .refused(let why) = await runtime.perform(task, progress: { _ in }) else {
                    throw Unexpected("\(task) was not refused")
                }
                #expect(!why.contains("\n") && !why.isEmpty)
            }
            #expect(await runtime.perform(.inspect(nobody)) { _ in } == .state(nil))
            for task: HostTask in [.remove(nobody), .releaseSource(nobody), .abandonIncoming(nobody)] {
                #expect(await runtime.perform(task) { _ in } == .done)
            }
        }
    }

    @Test func aVMGrowsAsFarAsItHasRoomAndFurtherWhenItIsDown() async throws {
        try await withDriver { runtime, id in
            func refusal(_ task: HostTask) async -> String? {
                if case .refused(let why) = await runtime.perform(task, progress: { _ in }) { return why }
                return nil
            }
            let machine = try #require(try await runtime.virtualMachines().first { $0.definition.id == id }).definition
            let (two, half) = (machine.virtualProcessors, Bytes(machine.memory.count / 2))
            #expect(
                await refusal(.resize(id, virtualProcessors: two + 9, memory: nil))?.contains("stop it first") == true)
            let twice = Bytes(machine.memory.count * 2)
            #expect(
                await refusal(.resize(id, virtualProcessors: nil, memory: twice))?.contains("stop it first") == true)
            #expect(await runtime.perform(.resize(id, virtualProcessors: nil, memory: half)) { _ in } == .done)
            #expect(await runtime.perform(.stop(id, force: true)) { _ in } == .done)
            let grown = await runtime.perform(.resize(id, virtualProcessors: two + 1, memory: twice)) { _ in }
            #expect(grown == .done)
            #expect(await runtime.perform(.launch(id)) { _ in } == .done)
            let after = try #require(try await runtime.virtualMachines().first { $0.definition.id == id }).definition
            #expect(after.virtualProcessors == two + 1 && after.memory == twice)
        }
    }

    @Test func withoutControlNothingCanBeDoneAndNobodyGetsTheConsole() async throws {
        let configuration = LibvirtConfiguration(uri: "test:///default", processFolder: "/nonexistent")
        let runtime = try LibvirtRuntime(configuration, log: quiet)
        let machine = try #require(try await runtime.virtualMachines().first)
        #expect(machine.readOnly?.contains("libvirt_control") == true)
        await #expect(throws: NoConsole.self) { try await runtime.console(of: machine.definition.id) }
        #expect(await runtime.capabilities() == nil)
    }
}
