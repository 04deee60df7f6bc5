import FleetModel
import FoundationEssentials
import Glibc

/// What VMs are made of.
extension DomainControl {
    func define(_ definition: VirtualMachineDefinition) async throws(LibvirtError) -> HostTaskAnswer {
        switch try await sight(definition.id)?.place {
        case nil, .stopped, .crashed: break
        case .saved: return .refused("the VM's memory is saved here, and would not fit another definition: restore it")
        case .some(let place): return .refused("the VM is \(place.rawValue) here: stop it first")
        }
        if let problem = DefinitionObjection.find(in: definition, storage: configuration.storage) {
            return .refused("the VM's \(problem)")
        }
        let host = try await hostDescription(for: definition)
        if definition.accelerator == .kvm, !host.hasKVM {
            return .refused("the VM's accelerator: KVM is not to be had here")
        }
        if let problem = host.objection(machine: definition.machine) { return .refused("the VM's machine: \(problem)") }
        if let problem = host.objection(processorModel: definition.processorModel) {
            return .refused("the VM's processorModel: \(problem)")
        }
        let accelerator: Accelerator = definition.accelerator != .tcg && host.hasKVM ? .kvm : .tcg
        let document = DomainDocument(
            definition, accelerator: accelerator, sharesAreWeights: Self.hasUnifiedGroups,
            isBlockDevice: Self.isBlockDevice
        ).text
        try await calls.call("define \(definition.id)") { connection throws(LibvirtError) in
            _ = try connection.define(document, id: definition.id)
        }
        let advice = Self.advice(definition)
        return advice.isEmpty ? .done : .advised(advice)
    }

    func start(_ definition: VirtualMachineDefinition) async throws(LibvirtError) -> HostTaskAnswer {
        let sight = try await sight(definition.id)
        if let sight, [.running, .paused, .outgoing].contains(sight.place) {
            return try await compare(definition)
        }
        let defined = try await define(definition)
        switch defined {
        case .done, .advised: break
        default: return defined
        }
        do throws(LibvirtError) {
            let answer = try await create(definition.id)
            return answer == .done ? defined : answer
        } catch {
            // What did not start and was not known before is not left behind.
            if sight == nil {
                _ = try? await domain(definition.id, "forget") { domain throws(LibvirtError) in try domain.undefine() }
            }
            throw error
        }
    }

    /// A VM that runs already is as good as started if it is the same.
    private func compare(_ definition: VirtualMachineDefinition) async throws(LibvirtError) -> HostTaskAnswer {
        let running = try await domain(definition.id, "describe") { domain throws(LibvirtError) in
            try domain.description()
        }
        let memory = definition.maximumMemory ?? definition.memory
        guard let running else { return Self.notKnown(definition.id) }
        guard running.memory == memory, running.virtualProcessors == definition.virtualProcessors,
            running.disks.compactMap(\.path) == definition.disks.map(\.path)
        else { return .refused("\(definition.name) runs here with another definition: stop it first") }
        return .done
    }

    /// What domains can be made of here, under an accelerator.
    func hostDescription(
        accelerator: Accelerator, machine: String? = nil
    ) async throws(LibvirtError) -> HostDescription {
        let uri = configuration.uri
        return try await calls.call("say what it can run") { connection throws(LibvirtError) in
            let capabilities = try connection.capabilities()
            let type = accelerator == .kvm ? "kvm" : "qemu"
            // A host without that type, or without that machine, says so in place of an answer.
            let domains = try? connection.domainCapabilities(type: type, machine: machine == "unknown" ? nil : machine)
            do throws(MarkupProblem) {
                return try HostDescription(
                    capabilities: capabilities, domains: domains, emulatorVersion: connection.hypervisorVersion)
            } catch {
                throw .call(doing: "say what it can run", uri: uri, reason: "\(error)", code: 0)
            }
        }
    }

    private func hostDescription(
        for definition: VirtualMachineDefinition
    ) async throws(LibvirtError) -> HostDescription {
        let machine = definition.machine
        let host = try await hostDescription(
            accelerator: definition.accelerator == .tcg ? .tcg : .kvm, machine: machine)
        guard definition.accelerator == .auto, !host.hasKVM else { return host }
        return try await hostDescription(accelerator: .tcg, machine: machine)
    }

    /// What best practice says against a definition that can be run.
    private static func advice(_ definition: VirtualMachineDefinition) -> [String] {
        var advice: [String] = []
        for (place, disk) in definition.disks.enumerated() {
            if disk.cache != .none, disk.cache != .directsync, !disk.isReadOnly {
                advice.append(
                    "disks[\(place)]: with the cache \(disk.cache.rawValue) libvirt will not move the VM; none is safe"
                )
            }
        }
        if definition.restart == .onFailure {
            advice.append("restart: libvirt starts a VM again when its guest has panicked, not when its QEMU has ended")
        }
        return advice
    }

    private static func isBlockDevice(_ path: String) -> Bool {
        var status = stat()
        return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFBLK
    }

    /// Whether the host's control groups are of version 2.
    private static var hasUnifiedGroups: Bool { unsafe access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0 }

    /// What VMs here can be made of, and how they come here; `nil` while libvirt does not say.
    func capabilities() async -> HostCapabilities? {
        guard let plain = try? await hostDescription(accelerator: .tcg) else { return nil }
        let host = plain.hasKVM ? (try? await hostDescription(accelerator: .kvm)) ?? plain : plain
        return HostCapabilities(
            emulatorVersion: host.emulatorVersion, machines: host.machines, processorModels: host.processorModels,
            canPostCopy: Self.mayFetchPages, libvirtAddress: configuration.migrationAddress)
    }

    /// Whether QEMU, which libvirt runs as a user of its own, may have the kernel tell it of pages that are missing
    /// (vm.unprivileged_userfaultfd, Documentation/admin-guide/sysctl/vm.rst). Where root runs it, it may in any case;
    /// this host's libvirt does not tell.
    private static var mayFetchPages: Bool {
        let path = "/proc/sys/vm/unprivileged_userfaultfd"
        return String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self).hasPrefix("1")
    }
}
