import FleetModel
import Foundation
import Glibc
import Testing

@testable import LibvirtRuntime

@Suite("A daemon of libvirt that is told what to do", .serialized, .timeLimit(.minutes(3))) struct ControlDaemonTests {
    private func refusal(_ runtime: LibvirtRuntime, _ task: HostTask) async throws -> String {
        let answer = await runtime.perform(task) { _ in }
        guard case .refused(let why) = answer else { throw Unexpected("\(answer)") }
        return why
    }

    @Test func aVMLivesFromItsDefinitionToItsRemoval() async throws {
        try await withHosts(1) { hosts, root in
            let domain = try TestDomain("tiny", under: root)
            var definition = try domain.definition
            definition.disks = [.init(path: domain.disk, format: .raw)]
            definition.labels = ["team": "<web>"]
            (definition.maximumProcessors, definition.guestAgent) = (2, true)
            try await serving(hosts[0].control) { [definition] runtime in
                guard case .advised(let advice) = await runtime.perform(.define(definition), progress: { _ in }) else {
                    throw Unexpected("no advice")
                }
                #expect(advice.count == 1 && advice[0].contains("disks[0]"))
                try await eventually { try await runtime.state(domain.id) == .stopped }
                let seen = try await runtime.virtualMachines().first?.definition
                #expect(seen?.labels == definition.labels && seen?.disks == definition.disks)
                #expect(seen?.guestAgent == true && seen?.maximumProcessors == 2)
                let life: [(HostTask, VirtualMachineState)] = [
                    (.launch(domain.id), .running), (.pause(domain.id), .paused), (.resume(domain.id), .running),
                    (.balloon(domain.id, .mebibytes(16)), .running), (.save(domain.id), .saved),
                    (.restore(domain.id), .running),
                    (.resize(domain.id, virtualProcessors: nil, memory: .mebibytes(32)), .running),
                    // The guest does not heed its power button: after a second it is ended.
                    (.stop(domain.id, force: false), .stopped),
                ]
                for (task, state) in life {
                    #expect(await runtime.perform(task) { _ in } == .done, "\(task)")
                    #expect(await runtime.perform(.inspect(domain.id)) { _ in } == .state(state), "\(task)")
                    try await eventually { try await runtime.state(domain.id) == state }
                }
                for _ in 0..<2 { #expect(await runtime.perform(.remove(domain.id)) { _ in } == .done) }
                #expect(try hosts[0].virsh("list", "--all", "--name").allSatisfy(\.isNewline))
            }
        }
    }

    @Test func whatCannotBeStartedIsNamedAndLeavesNothing() async throws {
        try await withHosts(1) { hosts, root in
            let domain = try TestDomain("tiny", under: root)
            try await serving(hosts[0].control) { runtime in
                func trouble(_ change: (inout VirtualMachineDefinition) -> Void) async throws -> String {
                    var definition = try domain.definition
                    change(&definition)
                    switch await runtime.perform(.start(definition), progress: { _ in }) {
                    case .refused(let why), .failed(let why): return why
                    case let answer: throw Unexpected("\(answer)")
                    }
                }
                #expect(try await trouble { $0.machine = "pc-i440fx-99.0" }.contains("pc-i440fx-99.0"))
                #expect(try await trouble { $0.processorModel = "Pentium9" }.contains("Pentium9"))
                #expect(try await trouble { $0.disks[0].path = "/nowhere" }.contains("disks[0].path"))
                let bridge = try await trouble { $0.networkInterfaces[0].connection = .bridge("ek-none") }
                #expect(bridge.contains("ek-none") && !bridge.contains("\n"))
                #expect(try hosts[0].virsh("list", "--all", "--name").allSatisfy(\.isNewline))
                #expect(await runtime.perform(.start(try domain.definition)) { _ in } == .done)
                #expect(await runtime.perform(.start(try domain.definition)) { _ in } == .done)
                #expect(try await trouble { $0.memory = .mebibytes(64) }.contains("another definition"))
                #expect(try await refusal(runtime, .define(try domain.definition)).contains("stop it first"))
                #expect(try await refusal(runtime, .remove(domain.id)).contains("stop it first"))
            }
        }
    }

    @Test func aNameWithAnythingInItIsNoObstacle() async throws {
        try await withHosts(1) { hosts, root in
            let domain = try TestDomain("-x '&lt;$(reboot)&amp; ü", under: root)
            try hosts[0].create(domain)
            try await serving(hosts[0].control) { (runtime) async throws -> Void in
                #expect(await runtime.perform(.pause(domain.id)) { _ in } == .done)
                #expect(try await refusal(runtime, .save(domain.id)).contains("transient"))
                #expect(await runtime.perform(.stop(domain.id, force: true)) { _ in } == .done)
                #expect(await runtime.perform(.inspect(domain.id)) { _ in } == .state(nil))
            }
        }
    }

    @Test func theConsoleIsTheTerminalOfItsSerialPort() async throws {
        try await withHosts(1) { hosts, root in
            let domain = try TestDomain("tiny", under: root)
            try await serving(hosts[0].control) { runtime in
                #expect(await runtime.perform(.define(try domain.definition)) { _ in } == .done)
                await #expect(throws: NoConsole.self) { try await runtime.console(of: domain.id) }
                #expect(await runtime.perform(.launch(domain.id)) { _ in } == .done)
                let expected = try hosts[0].virsh("ttyconsole", domain.name).trimmingCharacters(in: .newlines)
                #expect(try await runtime.console(of: domain.id) == .terminal(path: expected))
                #expect(unsafe access(expected, R_OK | W_OK) == 0)
            }
        }
    }

    @Test func aCopyOfTheDisksIsWholeAndMadeOnce() async throws {
        try await withHosts(1) { hosts, root in
            let domain = try TestDomain("tiny", under: root)
            var definition = try domain.definition
            definition.disks = [.init(path: domain.disk, format: .raw, cache: .none)]
            try await serving(hosts[0].control) { [definition] runtime in
                #expect(await runtime.perform(.start(definition)) { _ in } == .done)
                let folder = "\(root)/copies"
                #expect(try await refusal(runtime, .snapshot(domain.id, folder: folder)).contains(folder))
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
                guard case .advised = await runtime.perform(.snapshot(domain.id, folder: folder), progress: { _ in })
                else { throw Unexpected("no advice, though the guest has no agent") }
                #expect(await runtime.perform(.snapshot(domain.id, folder: folder)) { _ in } == .done)
                let names = try FileManager.default.contentsOfDirectory(atPath: folder)
                #expect(names == ["\(domain.id)-vda.qcow2"])
                let copy = try #require(FileManager.default.contents(atPath: "\(folder)/\(names[0])"))
                let sector = try #require(FileManager.default.contents(atPath: domain.disk)).prefix(512)
                #expect(copy.starts(with: Array("QFI".utf8)) && copy.range(of: sector) != nil)
                #expect(await runtime.perform(.inspect(domain.id)) { _ in } == .state(.running))
            }
        }
    }

    @Test func aHostSaysWhatItCanRunAndTakesNothingFromElsewhere() async throws {
        try await withHosts(1) { hosts, root in
            let domain = try TestDomain("tiny", under: root)
            var configuration = hosts[0].control
            configuration.migrationAddress = nil
            let definition = try domain.definition
            let incoming = HostTask.prepareIncoming(
                .init(
                    definition: definition, accelerator: .tcg, timeLimitSeconds: 60,
                    manager: VirtualMachineStatus.libvirt))
            try await serving(configuration) { (runtime) async throws -> Void in
                #expect(try await refusal(runtime, incoming).contains("libvirt_migration_address"))
            }
            try await serving(hosts[0].control) { runtime in
                let capabilities = try #require(await runtime.capabilities())
                #expect(capabilities.machines.contains("pc") && capabilities.emulatorVersion?.hasPrefix("7.") == true)
                #expect(capabilities.processorModels.first == "qemu64" && capabilities.libvirtAddress != nil)
                let answer = await runtime.perform(incoming) { _ in }
                #expect(answer == .listening(address: hosts[0].migrationURI))
                #expect(await runtime.perform(.start(definition)) { _ in } == .done)
                #expect(try await refusal(runtime, incoming).contains("running"))
                let mixed = HostTask.prepareIncoming(
                    .init(definition: definition, accelerator: .tcg, timeLimitSeconds: 60))
                #expect(try await refusal(runtime, mixed).contains("own runtime"))
                func send(_ address: String) -> HostTask {
                    .send(.init(virtualMachine: domain.id, destination: address, timeLimitSeconds: 5))
                }
                #expect(try await refusal(runtime, send("tcp:10.9.0.2:49152")).contains("bundled runtime"))
                #expect(try await refusal(runtime, send("qemu+ext:///system?command=/bin/sh")).contains("qemu+tls"))
                // Nobody is there.
                guard
                    case .failed(let why) = await runtime.perform(
                        send("qemu+tcp://127.0.0.1:1/system"), progress: { _ in })
                else { throw Unexpected("it was sent") }
                #expect(why.contains("libvirt") && !why.contains("\n"))
                #expect(await runtime.perform(.inspect(domain.id)) { _ in } == .state(.running))
            }
        }
    }

    @Test func aDaemonThatHangsHoldsNoStepUpForLongAndIsObeyedAgainWhenItIsBack() async throws {
        try await withHosts(1) { hosts, root in
            let domain = try TestDomain("tiny", under: root)
            // On a busy machine a QEMU may take longer to start than the limit.
            let start = HostTask.start(try domain.definition)
            try await serving(hosts[0].control) { #expect(await $0.perform(start) { _ in } == .done) }
            var configuration = hosts[0].control
            configuration.callLimit = .seconds(1)
            try await serving(configuration) { runtime in
                try await eventually { await runtime.perform(.inspect(domain.id)) { _ in } == .state(.running) }
                try hosts[0].freeze()
                for _ in 0..<2 {
                    guard case .failed(let why) = await runtime.perform(.pause(domain.id), progress: { _ in }) else {
                        throw Unexpected("a step of a daemon that hangs")
                    }
                    #expect(why.contains("has not answered"))
                }
                try hosts[0].goOn()
                try await eventually { await runtime.perform(.pause(domain.id)) { _ in } == .done }
            }
        }
    }
}
