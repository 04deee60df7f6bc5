import FleetModel
import Logging

/// What QEMU says of a VM beyond its state. A steady look is two commands, two more for what KVM counts, two for a
/// balloon and one for disks.
extension QEMUMachine {
    /// Everything there is to know; `nil` where the guest does not live here, or QEMU did not answer within `limit`.
    func statistics(within limit: Duration) async -> VirtualMachineStatistics? {
        guard let record, let process, process.isAlive else { return nil }
        let deadline = ContinuousClock.now + limit
        do throws(HostRuntimeError) {
            // The guest may have gone since the last report: what is left of it here is not a VM that runs.
            guard RunState.state(try await statusWord(within: limit)).ownsGuest else { return nil }
            var notes = try await notes(of: process.identifier, record, by: deadline)
            var statistics = VirtualMachineStatistics(id: id)
            statistics.emulatorVersion = emulatorVersion
            statistics.machineType = notes.machineType
            statistics.processorModel = record.definition.processorModel
            try await addCounts(to: &statistics, &notes, by: deadline)
            if record.definition.balloon { try await addMemory(to: &statistics, &notes, by: deadline) }
            try await addDevices(to: &statistics, &notes, record, by: deadline)
            // Another process may have taken its place meanwhile.
            guard self.process === process else { return nil }
            statisticsNotes = notes
            return statistics
        } catch {
            log.debug("no statistics: \(error)", metadata: ["vm": "\(id)"])
            return nil
        }
    }

    /// What is known of this process for as long as it lives, asked for at the first look.
    private func notes(
        of process: Int32, _ record: MachineRecord, by deadline: ContinuousClock.Instant
    ) async throws(HostRuntimeError) -> StatisticsNotes {
        if let statisticsNotes, statisticsNotes.process == process { return statisticsNotes }
        var notes = StatisticsNotes(process: process, hasCounts: record.accelerator == .kvm)
        let type = try await ask("qom-get", ["path": "/machine", "property": "type"], by: deadline)
        // The type of the object is the name of the machine and this.
        let suffix = "-machine"
        notes.machineType = type?.plainText(limit: 200).map {
            $0.hasSuffix(suffix) ? String($0.dropLast(suffix.count)) : $0
        }
        return notes
    }

    private func addCounts(
        to statistics: inout VirtualMachineStatistics, _ notes: inout StatisticsNotes,
        by deadline: ContinuousClock.Instant
    ) async throws(HostRuntimeError) {
        guard notes.hasCounts else { return }
        if notes.numbers.isEmpty {
            notes.numbers = HypervisorCounts.processorNumbers(
                try await ask("query-cpus-fast", nil, by: deadline) ?? .null)
        }
        let processors = try await ask("query-stats", HypervisorCounts.processorQuery, by: deadline)
        // Refused or empty: it will say no more the next time.
        notes.hasCounts = processors?.items?.isEmpty == false
        guard notes.hasCounts else { return }
        statistics.processors = HypervisorCounts.processors(processors ?? .null, numbers: notes.numbers)
        let machine = try await ask("query-stats", HypervisorCounts.machineQuery, by: deadline)
        statistics.hypervisor = HypervisorCounts.machine(machine ?? .null)
    }

    private func addMemory(
        to statistics: inout VirtualMachineStatistics, _ notes: inout StatisticsNotes,
        by deadline: ContinuousClock.Instant
    ) async throws(HostRuntimeError) {
        let device: JSONValue = "/machine/peripheral/balloon"
        if !notes.isPolled {
            // It belongs to the process: a VM that has moved is asked anew by its new one.
            let interval = "guest-stats-polling-interval"
            let isSet = try await ask(
                "qom-set",
                ["path": device, "property": .string(interval), "value": .integer(BalloonReading.pollingSeconds)],
                by: deadline)
            notes.isPolled = isSet != nil
        }
        statistics.balloon = try await ask("query-balloon", nil, by: deadline).flatMap(BalloonReading.size)
        let view = try await ask("qom-get", ["path": device, "property": "guest-stats"], by: deadline)
        statistics.guestMemory = view.flatMap { BalloonReading.guestView($0, now: clock.now) }
    }

    private func addDevices(
        to statistics: inout VirtualMachineStatistics, _ notes: inout StatisticsNotes, _ record: MachineRecord,
        by deadline: ContinuousClock.Instant
    ) async throws(HostRuntimeError) {
        if notes.isDescriptionOld(at: clock.now) {
            let blocks = try await ask("query-block", nil, by: deadline) ?? .null
            notes.disks = BlockReading.descriptions(blocks, own: record.definition.disks)
            let network = try await ask("human-monitor-command", ["command-line": "info network"], by: deadline)
            notes.interfaces = NetworkReading.interfaces(network ?? .null).map { found in
                // QEMU does not say the name of a tap that it was passed.
                guard found.tap == nil, let taps = record.taps,
                    let place = taps.indices.first(where: { QEMUCommandLine.interfaceName($0) == found.interface.name })
                else { return found }
                return NetworkReading.Found(
                    interface: found.interface, tap: TapTraffic.isInterface(taps[place]) ? taps[place] : nil)
            }
            notes.described = clock.now
        }
        if !notes.disks.isEmpty {
            let counts = try await ask("query-blockstats", nil, by: deadline) ?? .null
            statistics.disks = BlockReading.disks(notes.disks, counts: counts)
            statistics.snapshots = BlockReading.snapshots(of: notes.disks)
        }
        let traffic = TapTraffic(folder: surroundings.networkInterfaces)
        statistics.interfaces = notes.interfaces.map(traffic.complete)
    }

    /// The answer; `nil` where QEMU refuses, which is no reason to know nothing else.
    private func ask(
        _ name: String, _ arguments: JSONValue?, by deadline: ContinuousClock.Instant
    ) async throws(HostRuntimeError) -> JSONValue? {
        let remaining = deadline - ContinuousClock.now
        guard remaining > .zero else { throw .monitor(.noAnswer(to: name)) }
        do throws(HostRuntimeError) {
            return try await command(name, arguments, within: remaining)
        } catch {
            if case .monitor(.refused) = error { return nil }
            throw error
        }
    }
}
