import FleetModel

extension HostSample {
    /// Appends what a provider says of a VM beyond its state. What it cannot say gives no series.
    public mutating func append(_ statistics: VirtualMachineStatistics) {
        let id = statistics.id
        for processor in statistics.processors { append(processor, of: id) }
        for (event, value) in statistics.hypervisor {
            append(.machineHypervisor, .machineParts(id, [event]), Double(value))
        }
        appendMemory(statistics)
        for disk in statistics.disks { append(disk, of: id) }
        for interface in statistics.interfaces { append(interface, of: id) }
        let makeUp = [statistics.machineType, statistics.processorModel, statistics.emulatorVersion]
        if makeUp.contains(where: { $0 != nil }) {
            append(.machineHardware, .machineParts(id, makeUp.map { $0 ?? "" }), 1)
        }
        guard let snapshots = statistics.snapshots else { return }
        append(.machineSnapshots, .machine(id), Double(snapshots.count))
        let times = snapshots.map(\.time.milliseconds)
        if let newest = times.max() { append(.machineSnapshotNewest, .machine(id), Double(newest) / 1000) }
        if let oldest = times.min() { append(.machineSnapshotOldest, .machine(id), Double(oldest) / 1000) }
    }

    private mutating func append(_ processor: VirtualMachineStatistics.Processor, of id: VirtualMachineID) {
        let number = processor.number
        if let exits = processor.exits {
            append(.virtualProcessorExits, .virtualProcessor(id, number), Double(exits))
        }
        let reasons: [(String, Int64?)] = [
            ("halt", processor.haltExits), ("io", processor.inputOutputExits), ("mmio", processor.memoryMappedExits),
            ("interrupt", processor.interruptExits), ("emulation", processor.instructionEmulations),
            ("page_fault", processor.pageFaults),
        ]
        for (reason, count) in reasons {
            guard let count else { continue }
            append(.virtualProcessorExitReasons, .machineParts(id, [String(number), reason]), Double(count))
        }
        let phases: [(String, Int64?)] = [
            ("wait", processor.haltWaitNanoseconds), ("poll_success", processor.haltPollSuccessNanoseconds),
            ("poll_fail", processor.haltPollFailNanoseconds),
        ]
        for (phase, time) in phases {
            guard let time else { continue }
            append(.virtualProcessorHalt, .machineParts(id, [String(number), phase]), Double(time) / 1e9)
        }
    }

    private mutating func appendMemory(_ statistics: VirtualMachineStatistics) {
        let id = statistics.id
        if let balloon = statistics.balloon { append(.machineBalloon, .machine(id), Double(balloon.count)) }
        guard let guest = statistics.guestMemory else { return }
        for (kind, size) in [("total", guest.total), ("available", guest.available), ("free", guest.free)] {
            if let size { append(.guestMemory, .machineParts(id, [kind]), Double(size.count)) }
        }
        for (direction, size) in [("in", guest.swappedIn), ("out", guest.swappedOut)] {
            if let size { append(.guestSwapped, .machineParts(id, [direction]), Double(size.count)) }
        }
        if let faults = guest.majorFaults { append(.guestMajorFaults, .machine(id), Double(faults)) }
        if let total = guest.total, let available = guest.available, let balloon = statistics.balloon,
            balloon > .zero, available <= total
        {
            append(
                .guestPressure, .machine(id), Double(total.count - available.count) / Double(balloon.count))
        }
    }

    private mutating func append(_ disk: VirtualMachineStatistics.Disk, of id: VirtualMachineID) {
        let flows = [("read", disk.reads), ("written", disk.writes), ("flushed", disk.flushes)]
        for (direction, requests) in flows {
            guard let requests else { continue }
            let subject = SeriesKey.Subject.machineParts(id, [disk.name, direction])
            if direction != "flushed" { append(.machineDiskBytes, subject, Double(requests.bytes)) }
            append(.machineDiskRequests, subject, Double(requests.count))
            if let time = requests.nanoseconds { append(.machineDiskRequestTime, subject, Double(time) / 1e9) }
        }
        if let size = disk.capacity { append(.machineDiskCapacity, .machineParts(id, [disk.name]), Double(size.count)) }
        if let size = disk.allocation {
            append(.machineDiskAllocation, .machineParts(id, [disk.name]), Double(size.count))
        }
        append(
            .machineDiskInformation,
            .machineParts(
                id,
                [
                    disk.name, disk.path ?? "", disk.format ?? "", disk.bus ?? "",
                    disk.isBlockDevice.map { $0 ? "device" : "file" } ?? "",
                    disk.isPreallocated.map { $0 ? "preallocated" : "growing" } ?? "",
                    disk.backingImages.map { String($0) } ?? "", disk.cache ?? "",
                ]), 1)
    }

    private mutating func append(_ interface: VirtualMachineStatistics.Interface, of id: VirtualMachineID) {
        for (direction, traffic) in [("received", interface.received), ("sent", interface.sent)] {
            guard let traffic else { continue }
            let subject = SeriesKey.Subject.machineParts(id, [interface.name, direction])
            append(.machineNetworkBytes, subject, Double(traffic.bytes))
            append(.machineNetworkPackets, subject, Double(traffic.packets))
            append(.machineNetworkErrors, subject, Double(traffic.errors))
            append(.machineNetworkDrops, subject, Double(traffic.drops))
        }
        append(
            .machineInterfaceInformation,
            .machineParts(id, [interface.name, interface.model ?? "", interface.bridge ?? ""]), 1)
    }
}
