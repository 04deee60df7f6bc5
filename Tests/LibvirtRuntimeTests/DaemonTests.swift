import FleetModel
import Foundation
import Glibc
import Testing

@testable import LibvirtRuntime

@Suite("A real daemon of libvirt", .serialized, .timeLimit(.minutes(3))) struct DaemonTests {
    @Test func domainsAndTheirStatisticsAreWhatVirshSays() async throws {
        try await withHosts(1) { hosts, root in
            let host = hosts[0]
            let domain = try TestDomain("tiny one", under: root)
            try host.create(domain)
            let resting = try TestDomain("resting", under: root)
            try host.virsh("define", try resting.file(in: host.folder))
            try await serving(host.configuration) { runtime in
                let machines = try await runtime.virtualMachines()
                let machine = try #require(machines.first { $0.definition.id == domain.id })
                #expect(machines.count == 2)
                #expect(try await runtime.state(resting.id) == .stopped)
                try expectAsDescribed(machine, domain, host)
                try await expectAsVirsh(runtime, domain, host)
                try host.virsh("suspend", domain.name)
                try await eventually { try await runtime.state(domain.id) == .paused }
                try await expectSnapshotAndWhatItDoes(runtime, domain, host)
            }
        }
    }

    private func expectAsDescribed(_ machine: VirtualMachineStatus, _ domain: TestDomain, _ host: LibvirtHost) throws {
        #expect(machine.state == .running && machine.accelerator == .tcg && machine.problem == nil)
        #expect(machine.manager == "libvirt" && machine.readOnly != nil)
        #expect(machine.definition.name.text.hasPrefix("tiny-one-"))
        #expect(machine.definition.virtualProcessors == 1 && machine.definition.memory == .mebibytes(32))
        #expect(machine.definition.machine.hasPrefix("pc-i440fx-") && machine.definition.processorModel == "qemu64")
        #expect(machine.definition.disks == [.init(path: domain.disk, format: .raw, bus: .ide)])
        #expect(machine.definition.balloon)
        let recorded = try String(contentsOfFile: "\(host.folder)/run/libvirt/qemu/\(domain.name).pid", encoding: .utf8)
        #expect(machine.process == Int32(recorded))
        #expect(try #require(machine.residentMemory) > .mebibytes(8))
    }

    private func expectAsVirsh(_ runtime: LibvirtRuntime, _ domain: TestDomain, _ host: LibvirtHost) async throws {
        let said = try host.virsh("domstats", domain.name)
        let statistics = try #require(try await runtime.statistics().first { $0.id == domain.id })
        func virsh(_ name: String) -> Int64? {
            said.split(separator: "\n").first { $0.hasPrefix("  \(name)=") }
                .flatMap { Int64($0.drop { $0 != "=" }.dropFirst()) }
        }
        #expect(try await runtime.statistics().count == 1)
        #expect(statistics.balloon == virsh("balloon.current").map { Bytes($0 * 1024) } && statistics.balloon != nil)
        #expect(statistics.guestMemory == nil)
        let disk = try #require(statistics.disks.first)
        #expect(disk.name == "hda" && disk.path == domain.disk && disk.bus == "ide" && disk.format == "raw")
        #expect(disk.isBlockDevice == false && disk.backingImages == 0)
        #expect(disk.reads?.count == virsh("block.0.rd.reqs") && disk.reads?.bytes == 512)
        #expect(disk.capacity?.count == virsh("block.0.capacity") && disk.capacity == Bytes((1 << 20) + 512))
        #expect(disk.allocation?.count == virsh("block.0.physical"))
        let interface = try #require(statistics.interfaces.first)
        #expect(interface.name == domain.tap && interface.model == "e1000")
        #expect(interface.received?.packets == virsh("net.0.rx.pkts"))
        #expect(interface.sent == .init(bytes: 0, packets: 0, errors: 0, drops: 0))
        #expect(statistics.machineType?.hasPrefix("pc-i440fx-") == true && statistics.processorModel == "qemu64")
        #expect(statistics.snapshots == [] && statistics.emulatorVersion?.hasPrefix("7.") == true)
    }

    /// A snapshot puts an image on top of the disk's, of which no event tells.
    private func expectSnapshotAndWhatItDoes(
        _ runtime: LibvirtRuntime, _ domain: TestDomain, _ host: LibvirtHost
    ) async throws {
        try host.virsh("snapshot-create-as", domain.name, "before", "--disk-only")
        try await eventually {
            let statistics = try await runtime.statistics().first { $0.id == domain.id }
            let disk = statistics?.disks.first
            return statistics?.snapshots?.map(\.name) == ["before"] && disk?.path != domain.disk
                && disk?.format == "qcow2" && disk?.backingImages == 1 && disk?.isPreallocated == false
        }
    }

    @Test(.enabled(if: hasKVM, "there is no /dev/kvm to run a guest under"))
    func underKVMTheHypervisorsCountsAreThere() async throws {
        try await withHosts(1) { hosts, root in
            var domain = try TestDomain("tiny", under: root)
            domain.type = "kvm"
            try hosts[0].create(domain)
            try await serving(hosts[0].configuration) { runtime in
                #expect(try await runtime.virtualMachines().map(\.accelerator) == [.kvm])
                try await eventually {
                    let processor = try await runtime.statistics().first?.processors.first
                    return processor?.number == 0 && (processor?.exits ?? 0) > 0 && processor?.haltExits != nil
                }
                #expect(try await runtime.statistics().first?.hypervisor["remote_tlb_flush"] != nil)
            }
        }
    }

    @Test func comingAndGoingIsToldAtOnceAndWithoutLooking() async throws {
        try await withHosts(1) { hosts, root in
            let (host, domain) = (hosts[0], try TestDomain("tiny", under: root))
            try await serving(host.configuration) { runtime in
                var changes = runtime.changes.makeAsyncIterator()
                #expect(try await runtime.virtualMachines().isEmpty)
                try host.create(domain)
                while try await runtime.state(domain.id) != .running { _ = await changes.next() }
                // What changed is looked at again after 1, 2, 4 and 8 seconds: between the last two only an event tells.
                try await Task.sleep(for: .seconds(4.5))
                try host.virsh("destroy", domain.name)
                let began = ContinuousClock.now
                while try await runtime.state(domain.id) == .running { _ = await changes.next() }
                #expect(ContinuousClock.now - began < .seconds(2))
                try await eventually { try await runtime.state(domain.id) == nil }
            }
        }
    }

    @Test func aDaemonThatGoesAndComesBackIsTalkedToAgain() async throws {
        try await withHosts(1) { hosts, root in
            let (host, domain) = (hosts[0], try TestDomain("tiny", under: root))
            try host.create(domain)
            try await serving(host.configuration) { runtime in
                #expect(try await runtime.state(domain.id) == .running)
                try host.stop()
                try await eventually { await problem { try await runtime.virtualMachines() } != nil }
                let said = await problem { try await runtime.statistics() }
                #expect(said?.description.contains(host.uri) == true)
                try host.start()
                try await eventually { (try? await runtime.state(domain.id)) == .running }
                #expect(try await runtime.statistics().count == 1)
                try host.virsh("destroy", domain.name)
                try await eventually { try await runtime.state(domain.id) == nil }
            }
        }
    }

    @Test func aDaemonThatHangsEndsInAnErrorAndHoldsNobodyUp() async throws {
        try await withHosts(1) { hosts, root in
            var configuration = hosts[0].configuration
            configuration.callLimit = .seconds(2)
            try await serving(configuration) { runtime in
                #expect(try await runtime.virtualMachines().isEmpty)
                try hosts[0].freeze()
                let first = await problem { try await runtime.statistics() }
                try await eventually { await problem { try await runtime.virtualMachines() } != nil }
                let began = ContinuousClock.now
                let second = await problem { try await runtime.statistics() }
                #expect(ContinuousClock.now - began < .seconds(1))
                for problem in [first, second] {
                    guard case .notAnswering = problem else { throw Unexpected("\(String(describing: problem))") }
                }
                try hosts[0].goOn()
                try await eventually { (try? await runtime.statistics()) != nil }
                try await eventually { (try? await runtime.virtualMachines()) != nil }
            }
        }
    }

    @Test func aQEMUThatHangsTakesOnlyItsOwnStatistics() async throws {
        try await withHosts(1) { hosts, root in
            let (well, stuck) = (try TestDomain("well", under: root), try TestDomain("stuck", under: root))
            for domain in [well, stuck] { try hosts[0].create(domain) }
            var configuration = hosts[0].configuration
            configuration.callLimit = .seconds(2)
            try await serving(configuration) { runtime in
                // On a busy machine a QEMU that has only begun may keep libvirt waiting for longer than the limit.
                try await eventually {
                    (try? await runtime.statistics())?.filter { $0.disks.first?.reads != nil }.count == 2
                }
                var machines: [VirtualMachineStatus] = []
                try await eventually {
                    machines = (try? await runtime.virtualMachines()) ?? []
                    return machines.count == 2
                }
                let process = try #require(machines.first { $0.definition.id == stuck.id }?.process)
                kill(process, SIGSTOP)
                #expect(await problem { try await runtime.statistics() } != nil)
                try await eventually {
                    (try? await runtime.statistics().first { $0.id == well.id })?.disks.first?.reads != nil
                }
                try await eventually {
                    (try? await runtime.virtualMachines())?.map(\.state) == [.running, .running]
                }
                kill(process, SIGCONT)
                try await eventually {
                    (try? await runtime.statistics().first { $0.id == stuck.id })?.disks.first?.reads != nil
                }
            }
        }
    }

    private func problem<Value>(_ body: () async throws -> Value) async -> LibvirtError? {
        do {
            _ = try await body()
            return nil
        } catch {
            return error as? LibvirtError
        }
    }
}
