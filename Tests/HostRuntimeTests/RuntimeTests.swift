import FleetModel
import Glibc
import Testing

@testable import HostRuntime

@Suite("VMs as QEMU processes", .timeLimit(.minutes(2))) struct RuntimeTests {
    @Test func aPulseGuestBootsTicksAndTakesSettings() async throws {
        try await withHosts("a") { hosts in
            let host = hosts[0]
            let vm = try pulse(near: host.folder)
            #expect(await host.answer(.start(vm)).isDone)
            let console = try PulseConsole(path: host.runtime.consolePath(of: vm.id))
            var lines = console.lines.makeAsyncIterator()
            #expect(await lines.next() != nil)
            try console.send(.burn(percent: 25))
            while let heard = await lines.next() {
                if case .settings(let settings) = heard.line, settings.burnPercent == 25 { break }
            }
            let status = try #require(await host.runtime.virtualMachines().first)
            #expect(status.state == .running && status.accelerator == .tcg && status.problem == nil)
            #expect(try #require(status.residentMemory) > .mebibytes(1))
        }
    }

    @Test func startingTwiceIsStartingOnceAndAnotherDefinitionIsRefused() async throws {
        try await withHosts("a") { hosts in
            let vm = try pulse(near: hosts[0].folder)
            #expect(await hosts[0].answer(.start(vm)).isDone)
            let first = try await hosts[0].process(vm.id).identifier
            #expect(await hosts[0].answer(.start(vm)).isDone)
            #expect(try await hosts[0].process(vm.id).identifier == first)
            var other = vm
            other.memory = .mebibytes(32)
            #expect(await hosts[0].answer(.start(other)).isRefused)
        }
    }

    @Test func aStoppedVirtualMachineStaysDefinedStartsAgainAndCanBeRemoved() async throws {
        try await withHosts("a") { hosts in
            let host = hosts[0]
            let vm = try pulse(near: host.folder)
            #expect(await host.answer(.start(vm)).isDone)
            #expect(await host.answer(.remove(vm.id)).isRefused)
            #expect(await host.answer(.stop(vm.id, force: true)).isDone)
            #expect(try await host.state(vm.id) == .stopped)
            #expect(await host.answer(.stop(vm.id, force: true)).isDone)
            #expect(await host.answer(.start(vm)).isDone)
            // Pulse does not listen to ACPI, so a gentle stop ends by force after its time.
            #expect(await host.answer(.stop(vm.id, force: false)).isDone)
            #expect(await host.answer(.remove(vm.id)) == .done)
            #expect(try await host.state(vm.id) == nil)
            #expect(unsafe access(MachineFolder(root: host.folder, vm.id).path, F_OK) != 0)
        }
    }

    @Test func aVirtualMachineThatDiesIsCrashedWithItsReasonAndIsNoticedByItself() async throws {
        try await withHosts("a") { hosts in
            let vm = try pulse(near: hosts[0].folder)
            #expect(await hosts[0].answer(.start(vm)).isDone)
            try await hosts[0].process(vm.id).signal(SIGKILL)
            let folder = MachineFolder(root: hosts[0].folder, vm.id)
            try await eventually { try folder.read().problem != nil }
            let status = try #require(await hosts[0].runtime.virtualMachines().first)
            #expect(status.state == .crashed && status.process == nil)
            #expect(try #require(status.problem).contains("killed by signal 9"))
        }
    }

    @Test func aVirtualMachineThatCannotStartSaysWhyAndLeavesNothing() async throws {
        try await withHosts("a") { hosts in
            var vm = try pulse(near: hosts[0].folder)
            vm.networkInterfaces = [.init(connection: .user, hardwareAddress: "52:54:00:00:00:01")]
            vm.machine = "none"
            guard case .refused(let unknown) = await hosts[0].answer(.start(vm)) else { throw Unexpected("started") }
            #expect(unknown.contains("has no machine type 'none'"))
            // Known to QEMU, and not to be had with such a card.
            vm.machine = "isapc"
            guard case .failed(let reason) = await hosts[0].answer(.start(vm)) else { throw Unexpected("started") }
            #expect(reason.contains("exit code 1") && reason.contains("PCI"))
            #expect(await hosts[0].runtime.virtualMachines().isEmpty)
            #expect(unsafe access(MachineFolder(root: hosts[0].folder, vm.id).path, F_OK) != 0)
        }
    }

    @Test func wrongDefinitionsAreRefusedByTheNameOfTheirField() async throws {
        try await withHosts("a") { hosts in
            let vm = try pulse(near: hosts[0].folder)
            let wrong: [(String, (inout VirtualMachineDefinition) -> Void)] = [
                ("virtualProcessors", { $0.virtualProcessors = 0 }),
                ("memory", { $0.memory = Bytes(1_000_000) }),
                ("machine", { $0.machine = "pc,accel=kvm" }),
                ("processorModel", { $0.processorModel = "-snapshot" }),
                ("firmware", { $0.firmware = "pulse.bin" }),
                ("firmware", { $0.firmware = "/nowhere/pulse.bin" }),
                ("disks[0].path", { $0.disks = [.init(path: "/nowhere/disk", format: .raw)] }),
            ]
            for (field, change) in wrong {
                var changed = vm
                change(&changed)
                guard case .refused(let reason) = await hosts[0].answer(.start(changed)) else {
                    throw Unexpected(field)
                }
                #expect(reason.contains(field))
            }
        }
    }

    @Test func anotherRunOfTheAgentTakesOverWhatRunsAndSeesWhatDied() async throws {
        try await withHosts("a") { hosts in
            let (lives, dies) = (
                try pulse(near: hosts[0].folder), try pulse(near: hosts[0].folder, name: "pulse-2")
            )
            #expect(await hosts[0].answer(.start(lives)).isDone)
            #expect(await hosts[0].answer(.start(dies)).isDone)
            let process = try await hosts[0].process(lives.id)
            let doomed = try await hosts[0].process(dies.id)
            await hosts[0].runtime.close()
            doomed.signal(SIGKILL)
            #expect(await doomed.ended(within: .seconds(5)))
            let configuration = RuntimeConfiguration(folder: hosts[0].folder)
            let next = TestHost(
                name: hosts[0].name, folder: hosts[0].folder, runtime: try QEMURuntime(configuration, log: quiet))
            #expect(try await next.state(lives.id) == .running)
            #expect(try await next.process(lives.id).identifier == process.identifier)
            #expect(try await next.state(dies.id) == .crashed)
            #expect(await next.answer(.stop(lives.id, force: true)).isDone)
        }
    }

    @Test func twoAgentsCannotHaveOneFolder() async throws {
        try await withHosts("a") { hosts in
            #expect(throws: HostRuntimeError.folderInUse(hosts[0].folder)) {
                _ = try QEMURuntime(RuntimeConfiguration(folder: hosts[0].folder), log: quiet)
            }
        }
    }

    @Test func missingQEMUIsNamedWithItsPackage() throws {
        let error = #expect(throws: HostRuntimeError.self) {
            _ = try QEMURuntime(RuntimeConfiguration(folder: "/tmp", qemu: "/nowhere/qemu"), log: quiet)
        }
        #expect(try #require(error).description.contains("apt-get install qemu-system-x86"))
    }

    @Test func aRecordThatCannotBeReadIsLeftAlone() async throws {
        try await withHosts("a") { hosts in
            let vm = try pulse(near: hosts[0].folder)
            #expect(await hosts[0].answer(.start(vm)).isDone)
            let process = try await hosts[0].process(vm.id)
            await hosts[0].runtime.close()
            try SmallFile.replace(MachineFolder(root: hosts[0].folder, vm.id).record, with: Array("{".utf8))
            let next = try QEMURuntime(RuntimeConfiguration(folder: hosts[0].folder), log: quiet)
            #expect(await next.perform(.start(vm)) { _ in }.isRefused)
            #expect(await next.perform(.inspect(vm.id)) { _ in } == .state(.unknown))
            #expect(process.isAlive)
            // What it uses is used, and is reported for as long as it is.
            let status = try #require(await next.virtualMachines().first)
            #expect(status.state == .unknown && status.process == process.identifier)
            #expect(status.definition.memory == vm.memory && status.definition.name == vm.name)
            #expect(try #require(status.problem).contains("machine.json"))
            process.signal(SIGKILL)
            #expect(await process.ended(within: .seconds(5)))
            #expect(await next.virtualMachines().isEmpty)
        }
    }

    @Test func aFolderThatIsNoVirtualMachinesDoesNoHarm() async throws {
        try await withHosts("a") { hosts in
            let stray = MachineFolder(root: hosts[0].folder, try Fixture.definition().id)
            await hosts[0].runtime.close()
            try stray.make()
            let next = try QEMURuntime(RuntimeConfiguration(folder: hosts[0].folder), log: quiet)
            #expect(await next.virtualMachines().isEmpty)
        }
    }

    @Test func everyThreadOfAVirtualMachineKeepsToTheHostsLogicalProcessors() async throws {
        try await withHosts("a", configure: { $0.logicalProcessors = [1] }) { hosts in
            let vm = try pulse(near: hosts[0].folder)
            #expect(await hosts[0].answer(.start(vm)).isDone)
            let process = try await hosts[0].process(vm.id)
            for thread in try threads(of: process.identifier) {
                let status = String(decoding: SmallFile.read("\(thread)/status") ?? [], as: UTF8.self)
                #expect(status.contains("Cpus_allowed_list:\t1\n"))
            }
        }
    }

    @Test func virtualProcessorsCarryTheirNamesAsThreads() async throws {
        try await withHosts("a") { hosts in
            let vm = try pulse(near: hosts[0].folder)
            #expect(await hosts[0].answer(.start(vm)).isDone)
            let names = try threads(of: try await hosts[0].process(vm.id).identifier).map { thread in
                String(decoding: SmallFile.read("\(thread)/comm") ?? [], as: UTF8.self)
            }
            #expect(names.contains("CPU 0/TCG\n"))
        }
    }
}

extension HostTaskAnswer {
    var isRefused: Bool { if case .refused = self { true } else { false } }
}
