import FleetModel

/// Admits hosts and VMs to a snapshot: what cannot be true becomes unknown, what is there twice stays once.
struct SnapshotDoor {
    private(set) var problems: [String] = []
    private var seenMachines: [VirtualMachineID: HostName] = [:]
    /// By VM, the hosts that list it and are not silent.
    private var heard: [VirtualMachineID: Set<HostName>] = [:]
    /// By VM that more than one host lists, those hosts.
    private var doubled: [VirtualMachineID: Set<HostName>] = [:]
    /// VMs that more than one host lists, at least one of them not silent.
    var departed: Set<VirtualMachineID> { Set(doubled.keys.lazy.filter { heard[$0] != nil }) }

    /// More is not a size but a mistake: 2^50 bytes, as `HostReport.objection` has it.
    private static let sizeLimit = Bytes(1 << 50)

    mutating func admit(_ hosts: [PlacementHost]) -> [PlacementHost] {
        var admitted: [PlacementHost] = []
        for host in hosts.sorted(by: { $0.name < $1.name }) {
            if admitted.last?.name == host.name {
                problems.append("host \(host.name) is listed twice; the first listing counts")
                continue
            }
            admitted.append(admit(host))
        }
        return doubled.isEmpty ? admitted : admitted.map(holdingDoubled)
    }

    private mutating func admit(_ original: PlacementHost) -> PlacementHost {
        var host = original
        // Names of what is wrong are made only where something is: there are many VMs.
        let place = { "host \(original.name)" }
        host.processorUse = ratio(host.processorUse, "\(place()): processor use")
        host.memoryAvailable = size(host.memoryAvailable, "\(place()): available memory", limit: host.memory)
        if host.logicalProcessors <= 0 || host.memory.count <= 0 || host.memory > Self.sizeLimit {
            let problem = "logical processors or memory that cannot be"
            problems.append("\(place()): \(problem)")
            host.unavailableReason = host.unavailableReason ?? "it reports \(problem)"
        }
        host.traits.diskBandwidth = amount(host.traits.diskBandwidth, "\(place()): disk bandwidth")
        host.traits.networkBandwidth = amount(host.traits.networkBandwidth, "\(place()): network bandwidth")
        host.traits.migrationBandwidth = amount(host.traits.migrationBandwidth, "\(place()): migration bandwidth")
        host.traits.localSpace = size(host.traits.localSpace, "\(place()): local space", limit: nil)
        host.virtualMachines = original.virtualMachines.sorted { $0.id < $1.id }.compactMap { admit($0, on: host.name) }
        if !host.isSilent {
            for machine in host.virtualMachines { heard[machine.id, default: []].insert(host.name) }
        }
        return host
    }

    private mutating func admit(_ original: PlacementVM, on host: HostName) -> PlacementVM? {
        var machine = original
        let place = { "VM \(original.name) on \(host)" }
        if let other = seenMachines[machine.id] {
            problems.append("VM \(machine.name) is reported by \(other) and by \(host)")
            doubled[machine.id, default: []].formUnion([other, host])
            if other == host { return nil }
        }
        seenMachines[machine.id] = host
        machine.processorUse = amount(machine.processorUse, "\(place()): processor use")
        machine.processorWait = amount(machine.processorWait, "\(place()): processor wait")
        machine.traits.diskUse = amount(machine.traits.diskUse, "\(place()): disk use")
        machine.traits.networkUse = amount(machine.traits.networkUse, "\(place()): network use")
        machine.traits.dirtyRate = amount(machine.traits.dirtyRate, "\(place()): dirty rate")
        if let forecast = machine.forecast, !forecast.isPossible {
            problems.append("\(place()): a forecast of \(forecast.mean) ± \(forecast.deviation); taken as unknown")
            machine.forecast = nil
        }
        machine.residentMemory = size(machine.residentMemory, "\(place()): resident memory", limit: nil)
        if machine.traits.localDisks.count < 0 {
            problems.append("\(place()): local disks of \(machine.traits.localDisks.count) bytes")
            machine.traits.localDisks = .zero
            machine.immovable = machine.immovable ?? "the size of its disks is unknown"
        }
        if machine.memory.count <= 0 || machine.memory > Self.sizeLimit {
            problems.append("\(place()): memory of \(machine.memory.count) bytes")
            machine.immovable = machine.immovable ?? "its memory is unknown"
        }
        if let processors = machine.virtualProcessors, processors <= 0 {
            problems.append("\(place()): no virtual processors")
            machine.virtualProcessors = nil
        }
        return machine
    }

    /// A VM that two hosts report stays on both, since both may hold its memory, and moves from neither. Where all but
    /// one of them are silent, an operator, who can look, may move it from that one.
    private func holdingDoubled(_ host: PlacementHost) -> PlacementHost {
        var host = host
        for place in host.virtualMachines.indices {
            guard let listed = doubled[host.virtualMachines[place].id] else { continue }
            if heard[host.virtualMachines[place].id] == [host.name], let other = listed.subtracting([host.name]).min() {
                host.virtualMachines[place].doubt = "\(other), which is silent, reported it as well"
            } else {
                let known = host.virtualMachines[place].immovable
                host.virtualMachines[place].immovable = known ?? "more than one host reports it"
            }
        }
        return host
    }

    /// A share of 0...1; a reading a little above 1 is rounding of the counters.
    private mutating func ratio(_ value: Double?, _ what: @autoclosure () -> String) -> Double? {
        guard let value = amount(value, what()) else { return nil }
        guard value <= 1.05 else {
            problems.append("\(what()) is \(value), more than the whole; taken as unknown")
            return nil
        }
        return min(value, 1)
    }

    private mutating func amount(_ value: Double?, _ what: @autoclosure () -> String) -> Double? {
        guard let value else { return nil }
        guard value.isFinite, value >= 0 else {
            problems.append("\(what()) is \(value); taken as unknown")
            return nil
        }
        return value
    }

    private mutating func size(_ value: Bytes?, _ what: @autoclosure () -> String, limit: Bytes?) -> Bytes? {
        guard let value else { return nil }
        guard value.count >= 0, limit.map({ value <= $0 }) ?? true else {
            problems.append("\(what()) is \(value.count) bytes, which cannot be; taken as unknown")
            return nil
        }
        return value
    }
}
