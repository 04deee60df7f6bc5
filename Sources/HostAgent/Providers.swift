import FleetModel

/// Something that runs VMs on the host, and its name in messages and metrics.
public struct NamedProvider: Sendable {
    /// `runtime`, `libvirt`.
    public var name: String
    /// What runs the VMs.
    public var provider: any VirtualMachineProvider

    /// A provider with a name.
    public init(_ name: String, _ provider: any VirtualMachineProvider) {
        self.name = name
        self.provider = provider
    }
}

/// Every provider of a host as one: each is asked for itself, so that one that fails or hangs takes nothing from the
/// others, and steps go to the one that knows the VM.
final class Providers: VirtualMachineProvider {
    private let members: [(name: String, provider: any VirtualMachineProvider, inventory: Inventory)]
    /// Which member knows a VM, as of the last reading.
    private let owners = Locked<[VirtualMachineID: Int]>([:])
    /// Which member was asked to await a VM: what follows comes quicker than a reading may name it.
    private let awaiting = Locked<[VirtualMachineID: Int]>([:])

    /// The first is the one that VMs go to which nobody knows yet.
    init(_ providers: [NamedProvider], clock: any Clock) {
        members = providers.map { ($0.name, $0.provider, Inventory($0.provider, clock: clock)) }
    }

    /// Answers inquiries until the task is cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            for member in members { group.addTask { await member.inventory.run() } }
        }
    }

    /// The VMs of all providers as they know them now, or after `limit` what was known before, with a problem. A VM that
    /// two of them name is the one's where its guest lives.
    func reading(within limit: Duration) async -> Inventory.Reading {
        let readings = await withTaskGroup(of: (Int, Inventory.Reading).self) { group in
            for (place, member) in members.enumerated() {
                group.addTask { (place, await member.inventory.reading(within: limit)) }
            }
            var readings: [(Int, Inventory.Reading)] = []
            for await reading in group { readings.append(reading) }
            return readings.sorted { $0.0 < $1.0 }
        }
        var merged = Inventory.Reading(machines: [], problem: nil, duration: nil)
        var places: [VirtualMachineID: Int] = [:]
        var owners: [VirtualMachineID: Int] = [:]
        for (member, reading) in readings {
            merged.take(reading, of: members[member].name)
            for machine in reading.machines {
                let id = machine.definition.id
                if let place = places[id] {
                    if merged.machines[place].state.ownsGuest || !machine.state.ownsGuest { continue }
                    merged.machines[place] = machine
                } else {
                    places[id] = merged.machines.count
                    merged.machines.append(machine)
                }
                owners[id] = member
            }
        }
        self.owners.withLock { $0 = owners }
        awaiting.withLock { awaiting in awaiting = awaiting.filter { owners[$0.key] == nil } }
        return merged
    }

    func virtualMachines() async throws -> [VirtualMachineStatus] {
        var machines: [VirtualMachineStatus] = []
        for member in members { machines += try await member.provider.virtualMachines() }
        return machines
    }

    /// What each provider says beyond states; one that fails is named in the problem and leaves the others alone.
    func allStatistics() async -> (statistics: [VirtualMachineStatistics], problem: String?) {
        await withTaskGroup(of: (Int, [VirtualMachineStatistics], String?).self) { group in
            for (place, member) in members.enumerated() {
                group.addTask {
                    do {
                        return (place, try await member.provider.statistics(), nil)
                    } catch {
                        return (place, [], "\(member.name): \(error)")
                    }
                }
            }
            var found: [VirtualMachineStatistics] = []
            var problems: [String] = []
            for await (_, statistics, problem) in group {
                found += statistics
                if let problem { problems.append(problem) }
            }
            return (found, problems.isEmpty ? nil : problems.sorted().joined(separator: "; "))
        }
    }

    /// What VMs can be made of here, of all providers together: what one does not say, another may.
    func capabilities() async -> HostCapabilities? {
        var merged: HostCapabilities?
        for member in members {
            guard let more = await member.provider.capabilities() else { continue }
            merged?.fill(from: more)
            merged = merged ?? more
        }
        return merged
    }

    func console(of id: VirtualMachineID) async throws -> ConsolePlace {
        try await members[owner(of: id)].provider.console(of: id)
    }

    func perform(
        _ task: HostTask, progress: @escaping @Sendable (MigrationProgress) -> Void
    ) async -> HostTaskAnswer {
        switch task {
        case .prepareIncoming(let migration): return await prepare(migration, progress)
        case .define, .start:
            let owner = owners.withLock { $0[task.virtualMachine] } ?? 0
            return await members[owner].provider.perform(task, progress: progress)
        default:
            return await members[owner(of: task.virtualMachine)].provider.perform(task, progress: progress)
        }
    }

    /// The member that knows a VM, or awaits it; the first, where none does.
    private func owner(of id: VirtualMachineID) async -> Int {
        if let known = awaiting.withLock({ $0[id] }) ?? owners.withLock({ $0[id] }) { return known }
        // An agent that has just begun may not have looked yet.
        _ = await reading(within: .seconds(5))
        return owners.withLock { $0[id] } ?? 0
    }

    /// A VM goes on under what ran it at its source, whoever new VMs go to here.
    private func prepare(
        _ migration: IncomingMigration, _ progress: @escaping @Sendable (MigrationProgress) -> Void
    ) async -> HostTaskAnswer {
        let isLibvirts = migration.manager == VirtualMachineStatus.libvirt
        guard let place = members.firstIndex(where: { ($0.name == VirtualMachineStatus.libvirt) == isLibvirts }) else {
            let runner = isLibvirts ? "libvirt" : "Evenkeel's own runtime"
            return .refused("\(runner) runs the VM, and on this host it runs none")
        }
        let id = migration.definition.id
        let answer = await members[place].provider.perform(.prepareIncoming(migration), progress: progress)
        if case .listening = answer { awaiting.withLock { $0[id] = place } }
        return answer
    }
}

extension HostCapabilities {
    /// Takes what is not known yet.
    fileprivate mutating func fill(from other: HostCapabilities) {
        emulatorVersion = emulatorVersion ?? other.emulatorVersion
        if machines.isEmpty { machines = other.machines }
        if processorModels.isEmpty { processorModels = other.processorModels }
        migrationBandwidth = migrationBandwidth ?? other.migrationBandwidth
        canPostCopy = canPostCopy || other.canPostCopy
        sharedFolder = sharedFolder ?? other.sharedFolder
        libvirtAddress = libvirtAddress ?? other.libvirtAddress
    }
}
