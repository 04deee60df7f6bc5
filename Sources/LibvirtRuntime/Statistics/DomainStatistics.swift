import FleetModel

/// Turns what virConnectGetAllDomainStats says of a domain into statistics of a VM.
///
/// Names are those of libvirt's manual (virConnectGetAllDomainStats): `balloon.usable`, `block.0.rd.reqs`,
/// `net.0.rx.bytes`, `vcpu.0.exits.sum`, `vm.remote_tlb_flush.sum`. What is missing, negative, or of another type than it
/// should be stays unknown.
struct DomainStatistics {
    private var balloon: [String: Int64] = [:]
    private var hypervisor: [String: Int64] = [:]
    private var processors: [Int: [String: Int64]] = [:]
    /// How many virtual processors the guest has now.
    private var current: Int?
    private var disks: [Int: Group] = [:]
    private var interfaces: [Int: Group] = [:]

    /// Values of one device.
    struct Group {
        var name: String?
        var path: String?
        var counts: [String: Int64] = [:]
    }

    /// More than libvirt lets a domain have of anything.
    private static let most = 10_000

    /// Sorts the values by what they are about.
    init(_ parameters: [Parameter]) {
        for parameter in parameters {
            let words = parameter.name.split(separator: ".", maxSplits: 1)
            guard words.count == 2 else { continue }
            let rest = words[1]
            switch words[0] {
            case "vcpu" where rest == "current": current = parameter.count.map { Int(clamping: $0) }
            case "balloon": balloon[String(rest)] = parameter.count
            case "vm": hypervisor[Self.kernelName(rest) ?? ""] = parameter.count
            case "vcpu":
                Self.numbered(rest) { processors[$0, default: [:]][Self.kernelName($1) ?? ""] = parameter.count }
            case "block": Self.numbered(rest) { disks[$0, default: Group()].take($1, parameter) }
            case "net": Self.numbered(rest) { interfaces[$0, default: Group()].take($1, parameter) }
            default: continue
            }
        }
        hypervisor[""] = nil
    }

    /// All that the values say, with what the description adds.
    func statistics(of id: VirtualMachineID, description: DomainDescription?) -> VirtualMachineStatistics {
        var all = VirtualMachineStatistics(id: id)
        all.balloon = kibibytes("current")
        all.guestMemory = guestMemory
        all.hypervisor = hypervisor
        all.processors = processors.sorted { $0.key < $1.key }.compactMap(Self.processor)
        all.disks = diskList(description?.disks ?? [])
        all.interfaces = interfaceList(description?.interfaces ?? [])
        all.machineType = description?.machine
        all.processorModel = description?.processorModel
        return all
    }

    /// `3.rd.reqs` is about number 3.
    private static func numbered(_ rest: Substring, _ body: (Int, Substring) -> Void) {
        guard let dot = rest.firstIndex(of: "."), let number = Int(rest[..<dot]), (0..<most).contains(number) else {
            return
        }
        body(number, rest[rest.index(after: dot)...])
    }

    /// The kernel's name of a count, without libvirt's mark of its kind (`.sum` grows, `.cur` is now, `.max` the most).
    private static func kernelName(_ name: Substring) -> String? {
        guard let dot = name.lastIndex(of: "."), ["sum", "cur", "max"].contains(name[dot...].dropFirst()) else {
            return nil
        }
        return String(name[..<dot])
    }
}

extension DomainStatistics {
    /// Whether a description is too old for them: libvirt tells nobody of another number of processors, or of an image
    /// put on top of a disk's by a snapshot.
    func disagree(with description: DomainDescription) -> Bool {
        if let current, current != description.virtualProcessors, current <= 255 { return true }
        return disks.values.contains { group in
            guard let name = group.name, let path = group.path, path.hasPrefix("/"),
                let known = description.disks.first(where: { $0.name == name })
            else { return false }
            return known.path != path
        }
    }

    private func kibibytes(_ name: String) -> Bytes? {
        guard let count = balloon[name] else { return nil }
        let (bytes, overflow) = count.multipliedReportingOverflow(by: 1024)
        // All ones stand for nothing in virtio's balloon; what a host cannot have, no guest has.
        return overflow || bytes > 1 << 60 ? nil : Bytes(bytes)
    }

    /// libvirt calls the guest's whole memory `available`, what programs could still get `usable`, what is used for
    /// nothing `unused`. Without a driver that reports, or a period to ask it, `last-update` is 0 or missing.
    private var guestMemory: VirtualMachineStatistics.GuestView? {
        guard let updated = balloon["last-update"], (1...253_402_300_799).contains(updated) else { return nil }
        var view = VirtualMachineStatistics.GuestView()
        view.total = kibibytes("available")
        view.available = kibibytes("usable")
        view.free = kibibytes("unused")
        view.swappedIn = kibibytes("swap_in")
        view.swappedOut = kibibytes("swap_out")
        view.majorFaults = balloon["major_fault"]
        view.updated = Timestamp(milliseconds: updated * 1000)
        return view
    }

    private static func processor(
        _ number: Int, _ counts: [String: Int64]
    ) -> VirtualMachineStatistics.Processor? {
        var processor = VirtualMachineStatistics.Processor(number: number)
        let unknown = processor
        processor.exits = counts["exits"]
        processor.haltExits = counts["halt_exits"]
        processor.haltWaitNanoseconds = counts["halt_wait_ns"]
        processor.haltPollSuccessNanoseconds = counts["halt_poll_success_ns"]
        processor.haltPollFailNanoseconds = counts["halt_poll_fail_ns"]
        processor.instructionEmulations = counts["insn_emulation"]
        processor.inputOutputExits = counts["io_exits"]
        processor.memoryMappedExits = counts["mmio_exits"]
        processor.interruptExits = counts["irq_exits"]
        processor.pageFaults = counts["pf_taken"] ?? counts["pf_fixed"]
        return processor == unknown ? nil : processor
    }

    private func diskList(_ described: [DomainDescription.Disk]) -> [VirtualMachineStatistics.Disk] {
        var known = Dictionary(described.map { ($0.name, $0) }) { first, _ in first }
        var list: [VirtualMachineStatistics.Disk] = []
        for (_, group) in disks.sorted(by: { $0.key < $1.key }) {
            guard let name = group.name else { continue }
            list.append(group.disk(name, known.removeValue(forKey: name)))
        }
        let silent = described.filter { known[$0.name] != nil }
        return list + silent.map { Group().disk($0.name, $0) }
    }

    private func interfaceList(
        _ described: [DomainDescription.Interface]
    ) -> [VirtualMachineStatistics.Interface] {
        var known = Dictionary(described.map { ($0.name, $0) }) { first, _ in first }
        var list: [VirtualMachineStatistics.Interface] = []
        for (_, group) in interfaces.sorted(by: { $0.key < $1.key }) {
            guard let name = group.name else { continue }
            list.append(group.interface(name, known.removeValue(forKey: name)))
        }
        let silent = described.filter { known[$0.name] != nil }
        return list + silent.map { Group().interface($0.name, $0) }
    }
}

extension DomainStatistics.Group {
    mutating func take(_ name: Substring, _ parameter: Parameter) {
        switch name {
        case "name": self.name = DomainText.plain(parameter.text)
        case "path": path = DomainText.plain(parameter.text)
        default: counts[String(name)] = parameter.count
        }
    }

    func disk(
        _ name: String, _ described: DomainDescription.Disk?
    ) -> VirtualMachineStatistics.Disk {
        var disk = VirtualMachineStatistics.Disk(name: name)
        // Of an image on the network libvirt's statistics leave out where that is.
        disk.path = path.flatMap { $0.hasPrefix("/") ? $0 : nil } ?? described?.path ?? path
        disk.format = described?.format
        disk.bus = described?.bus
        disk.isBlockDevice = described?.isBlockDevice
        disk.backingImages = described?.backingImages
        disk.capacity = counts["capacity"].map(Bytes.init)
        // `allocation` is the highest place that QEMU wrote since it began; `physical` is what the image takes.
        disk.allocation = counts["physical"].map(Bytes.init)
        disk.isPreallocated = isPreallocated(disk)
        disk.reads = requests("rd", bytes: counts["rd.bytes"])
        disk.writes = requests("wr", bytes: counts["wr.bytes"])
        disk.flushes = requests("fl", bytes: 0)
        return disk
    }

    /// A raw image has its room or has holes; a device has it. Another format grows, and one that has grown to its full
    /// size cannot be told from one that had it from the start.
    private func isPreallocated(_ disk: VirtualMachineStatistics.Disk) -> Bool? {
        guard let capacity = disk.capacity, let allocation = disk.allocation else { return nil }
        if allocation < capacity { return false }
        return disk.format == "raw" ? true : nil
    }

    private func requests(_ kind: String, bytes: Int64?) -> VirtualMachineStatistics.Requests? {
        guard let count = counts["\(kind).reqs"], let bytes else { return nil }
        return VirtualMachineStatistics.Requests(count: count, bytes: bytes, nanoseconds: counts["\(kind).times"])
    }

    func interface(
        _ name: String, _ described: DomainDescription.Interface?
    ) -> VirtualMachineStatistics.Interface {
        var interface = VirtualMachineStatistics.Interface(name: name)
        interface.model = described?.model
        interface.bridge = described?.bridge
        // Already as the guest sees it: libvirt turns round what the host's end counts (virNetDevTapInterfaceStats).
        interface.received = traffic("rx")
        interface.sent = traffic("tx")
        return interface
    }

    private func traffic(_ direction: String) -> NetworkTraffic? {
        guard let bytes = counts["\(direction).bytes"], let packets = counts["\(direction).pkts"],
            let errors = counts["\(direction).errs"], let drops = counts["\(direction).drop"]
        else { return nil }
        return NetworkTraffic(bytes: bytes, packets: packets, errors: errors, drops: drops)
    }
}
