import Counters
import FleetModel
import Foundation
import HostAgent
import HostRuntime
import LibvirtRuntime
import Logging
import ServiceLifecycle

/// What an agent is put together from, by its configuration and by what there is on the host.
struct AgentParts {
    /// The bundled runtime; `nil` where the configuration or a missing QEMU leaves it out.
    var runtime: QEMURuntime?
    /// libvirt; `nil` where the configuration or a missing libvirt leaves it out.
    var libvirt: LibvirtRuntime?
    /// What accelerates VMs here.
    var finding: AcceleratorFinding
    /// What was left out and why, for the log.
    var notices: [String] = []

    /// Puts the parts together. Throws where the configuration asks for something that is not there.
    init(_ settings: AgentConfiguration, logger: Logger) async throws {
        let kvm = unsafe access("/dev/kvm", R_OK | W_OK) == 0
        finding = AcceleratorFinding(
            accelerator: kvm ? .kvm : .tcg, notice: kvm ? nil : "/dev/kvm cannot be opened for reading and writing")
        if let problem = Self.runtimeProblem(settings) {
            notices.append(problem)
        } else {
            let runtime = try QEMURuntime(Self.configuration(of: settings), log: logger)
            finding = await runtime.accelerator()
            self.runtime = runtime
        }
        do throws(LibvirtError) {
            libvirt = try Self.libvirt(settings, logger: logger)
        } catch {
            guard settings.libvirt == .auto else { throw error }
            notices.append("libvirt is left out: \(error)")
        }
    }

    /// The providers, the one that new VMs go to first.
    var providers: [NamedProvider] {
        var providers: [NamedProvider] = []
        if let runtime { providers.append(NamedProvider("runtime", runtime)) }
        if let libvirt { providers.append(NamedProvider("libvirt", libvirt)) }
        return providers.isEmpty ? [NamedProvider("none", NoProvider())] : providers
    }

    /// Why the bundled runtime is left out; `nil` where it is used.
    private static func runtimeProblem(_ settings: AgentConfiguration) -> String? {
        switch settings.runtime {
        case .on: nil
        case .off: "the bundled runtime is left out: 'runtime' is off"
        case .auto:
            unsafe access(settings.emulator, X_OK) == 0
                ? nil : "the bundled runtime is left out: there is no \(settings.emulator)"
        }
    }

    private static func configuration(of settings: AgentConfiguration) -> RuntimeConfiguration {
        var configuration = RuntimeConfiguration(
            folder: settings.machinesFolder, qemu: settings.emulator, storage: settings.storageFolders,
            logicalProcessors: settings.logicalProcessors.map { Array($0.numbers) },
            accelerator: settings.accelerator, migrationTLS: settings.migrationCertificates, memory: settings.memory)
        if let address = settings.migrationAddress { configuration.migrationAddress = address }
        configuration.migrationPorts = settings.migrationPorts
        configuration.sharedFolder = settings.sharedFolder
        configuration.localDisks = settings.localDisksFolder
        return configuration
    }

    /// What `qemu --version` says, such as `7.2.22` of `QEMU emulator version 7.2.22 (Debian ...)`; `nil` without QEMU.
    private static func emulatorVersion(_ path: String) -> String? {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = ["--version"]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return nil }
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile().prefix(4096), as: UTF8.self)
        process.waitUntilExit()
        let words = text.split(whereSeparator: \.isWhitespace)
        guard let place = words.firstIndex(of: "version"), place + 1 < words.count else { return nil }
        return String(words[place + 1].prefix { $0.isASCII && ($0.isNumber || $0 == ".") })
    }

    /// Sockets that a libvirtd, or a virtqemud in its place, makes for who only looks.
    private static let sockets = ["/run/libvirt/libvirt-sock-ro", "/run/libvirt/virtqemud-sock-ro"]

    private static func libvirt(
        _ settings: AgentConfiguration, logger: Logger
    ) throws(LibvirtError) -> LibvirtRuntime? {
        var configuration = LibvirtConfiguration(
            control: settings.libvirtControl, migrationAddress: settings.libvirtMigrationAddress)
        configuration.storage = settings.storageFolders
        switch settings.libvirt {
        case .off: return nil
        case .address(let address):
            configuration.uri = address
            return try LibvirtRuntime(configuration, log: logger)
        case .auto:
            // A partition of a machine has the VMs of its own runtime; libvirt's are the machine's, unless it is named.
            guard settings.logicalProcessors == nil, sockets.contains(where: { unsafe access($0, F_OK) == 0 }) else {
                return nil
            }
            return try LibvirtRuntime(configuration, log: logger)
        }
    }

    /// Lets go of what the parts hold of the host; VMs go on.
    func close() async { await runtime?.close() }

    /// Runs the agent with these parts until it is told to end or cancelled.
    func run(_ settings: AgentConfiguration, logger: Logger) async throws {
        for notice in notices + [finding.notice].compactMap({ $0 }) { logger.notice("\(notice)") }
        var settings = settings
        settings.versions.emulator = Self.emulatorVersion(settings.emulator)
        let agent = try HostAgentService(
            configuration: settings, providers: providers, accelerator: finding.accelerator, version: Version.text,
            logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            if let runtime {
                group.addTask { await runtime.run() }
                group.addTask { for await _ in runtime.changes { await agent.report() } }
            }
            if let libvirt {
                group.addTask { await libvirt.run() }
                group.addTask { for await _ in libvirt.changes { await agent.report() } }
            }
            group.addTask { try await agent.run() }
            // Only the agent ends by itself.
            try await group.next()
            group.cancelAll()
        }
        await runtime?.close()
    }
}

/// Stands where nothing runs VMs that Evenkeel could ask: those that `/proc` shows are found all the same.
private struct NoProvider: VirtualMachineProvider {
    func virtualMachines() async throws -> [VirtualMachineStatus] { [] }

    func perform(
        _ task: HostTask, progress: @escaping @Sendable (MigrationProgress) -> Void
    ) async -> HostTaskAnswer {
        .refused("nothing on this host runs virtual machines for Evenkeel: 'runtime' and 'libvirt' are left out")
    }
}
