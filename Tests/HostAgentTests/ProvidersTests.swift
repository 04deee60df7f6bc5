import FleetModel
import Testing

@testable import HostAgent

@Suite struct ProvidersTests {
    /// Runs one VM and answers with its name.
    private struct Keeper: VirtualMachineProvider {
        var name: String
        var machine: VirtualMachineID?
        var known: HostCapabilities?

        func virtualMachines() async throws -> [VirtualMachineStatus] {
            guard let machine, let name = Name<VirtualMachineKind>(name) else { return [] }
            let definition = VirtualMachineDefinition(
                id: machine, name: name, virtualProcessors: 1, memory: .gibibytes(1))
            return [VirtualMachineStatus(definition: definition, state: .stopped)]
        }

        func capabilities() async -> HostCapabilities? { known }

        func console(of id: VirtualMachineID) async throws -> ConsolePlace { .terminal(path: name) }

        func perform(
            _ task: HostTask, progress: @escaping @Sendable (MigrationProgress) -> Void
        ) async -> HostTaskAnswer { .refused(name) }
    }

    private func identity(_ digit: Int) throws -> VirtualMachineID {
        try #require(VirtualMachineID("00000000-0000-4000-8000-00000000000\(digit)"))
    }

    @Test func `steps and consoles go to the one who knows the VM, also right after a start, and new VMs to the first`()
        async throws
    {
        let keepers = [
            NamedProvider("runtime", Keeper(name: "runtime", machine: try identity(1))),
            NamedProvider("libvirt", Keeper(name: "libvirt", machine: try identity(2))),
        ]
        for (digit, expected) in [(1, "runtime"), (2, "libvirt"), (3, "runtime")] {
            let providers = Providers(keepers, clock: WallClock())
            let serving = Task { await providers.run() }
            let id = try identity(digit)
            #expect(await providers.perform(.launch(id), progress: { _ in }) == .refused(expected))
            #expect(try await providers.console(of: id) == .terminal(path: expected))
            serving.cancel()
            await serving.value
        }
    }

    @Test func `what a host can do is what its providers say, and what its configuration adds`() async throws {
        var runtime = Keeper(name: "runtime", machine: nil)
        var libvirt = Keeper(name: "libvirt", machine: nil)
        libvirt.known = HostCapabilities(machines: ["q35"], libvirtAddress: "qemu+tls://kvm1/system")
        func merged() async -> HostCapabilities? {
            await Providers([NamedProvider("r", runtime), NamedProvider("l", libvirt)], clock: WallClock())
                .capabilities()
        }
        #expect(await merged()?.machines == ["q35"])
        runtime.known = HostCapabilities(emulatorVersion: "7.2.22", machines: ["pc"])
        let both = await merged()
        #expect(both?.machines == ["pc"] && both?.libvirtAddress == "qemu+tls://kvm1/system")
        var identity = HostReporter.Identity(
            host: try #require(HostName("kvm1")), cluster: try #require(ClusterName("c")), version: "1", run: "r",
            accelerator: .tcg)
        #expect(identity.capabilities(nil) == nil && identity.capabilities(both) == both)
        identity.migrationBandwidth = .mebibytes(100)
        identity.diskBandwidth = .mebibytes(400)
        identity.sharedFolder = "/srv/shared"
        let whole = identity.capabilities(both)
        #expect(whole?.migrationBandwidth == .mebibytes(100) && whole?.sharedFolder == "/srv/shared")
        #expect(whole?.diskBandwidth == .mebibytes(400))
        #expect(whole?.machines == ["pc"] && identity.capabilities(nil)?.sharedFolder == "/srv/shared")
    }
}
