extension HostReport {
    /// What in the report cannot be true, by the field's name, for whoever runs the agent; `nil` for a report that can
    /// be taken. A server looks before it takes a report, since it reckons with these figures afterwards.
    public var objection: String? {
        Self.objection(time.milliseconds, in: 0...253_402_300_799_999, "time", "milliseconds since 1970, before 10000")
            ?? Self.objection(Int64(logicalProcessors), in: 1...65_536, "logicalProcessors", "1 to 65536")
            ?? Self.objection(memory.count, in: Self.wholeMemory, "memory", "1 MiB to 1 PiB")
            ?? Self.objection(memoryAvailable?.count, in: Self.partOfMemory, "memoryAvailable", "0 to 1 PiB")
            ?? Self.objection(agentVersion, "agentVersion")
            ?? Self.objection(agentRun, "agentRun")
            ?? Self.objection(migrationAddress, "migrationAddress")
            ?? objectionToCapabilities ?? objectionToVirtualMachines
    }

    private static let wholeMemory: ClosedRange<Int64> = 1 << 20...1 << 50
    private static let partOfMemory: ClosedRange<Int64> = 0...1 << 50
    private static let textLimit = 4096
    private static let machineLimit = 10_000
    private static let diskLimit = 1000
    private static let listLimit = 10_000

    private var objectionToCapabilities: String? {
        let bridges = capabilities?.bridges ?? []
        if bridges.count > Self.listLimit {
            return "capabilities.bridges: \(bridges.count) are more than \(Self.listLimit)"
        }
        return bridges.lazy.compactMap { Self.objection($0, "capabilities.bridges") }.first ?? objectionToStorage
    }

    private var objectionToStorage: String? {
        let systems = capabilities?.sharedFileSystems ?? []
        let field = "capabilities.sharedFileSystems"
        if systems.count > Self.diskLimit {
            return "\(field): \(systems.count) are more than \(Self.diskLimit)"
        }
        for (place, system) in systems.enumerated() {
            let field = "\(field)[\(place)]"
            let reason =
                Self.objection(system.source, "\(field).source") ?? Self.objection(system.type, "\(field).type")
                ?? Self.objection(system.mountPoint, "\(field).mountPoint") ?? Self.objection(system.space, field)
            if let reason { return reason }
            if !system.mountPoint.hasPrefix("/") { return "\(field).mountPoint: it is not an absolute path" }
        }
        return Self.objection(toBandwidth: capabilities?.migrationBandwidth, "capabilities.migrationBandwidth")
            ?? Self.objection(toBandwidth: capabilities?.diskBandwidth, "capabilities.diskBandwidth")
            ?? Self.objection(capabilities?.localSpace, "capabilities.localSpace")
    }

    private static func objection(toBandwidth bandwidth: Bytes?, _ field: String) -> String? {
        objection(bandwidth?.count, in: 1...Int64.max, field, "1 byte to 8 EiB a second")
    }

    private static func objection(_ space: StorageSpace?, _ field: String) -> String? {
        let wanted = "0 to 8 EiB"
        return objection(space?.total.count, in: 0...Int64.max, "\(field).total", wanted)
            ?? objection(space?.available.count, in: 0...Int64.max, "\(field).available", wanted)
    }

    private var objectionToVirtualMachines: String? {
        if virtualMachines.count > Self.machineLimit {
            return "virtualMachines: \(virtualMachines.count) are more than \(Self.machineLimit)"
        }
        for (place, machine) in virtualMachines.enumerated() {
            if let reason = Self.objection(to: machine) { return "virtualMachines[\(place)].\(reason)" }
        }
        return nil
    }

    private static func objection(to machine: VirtualMachineStatus) -> String? {
        let definition = machine.definition
        return objection(Int64(definition.virtualProcessors), in: 1...255, "definition.virtualProcessors", "1 to 255")
            ?? objection(definition.memory.count, in: wholeMemory, "definition.memory", "1 MiB to 1 PiB")
            ?? objection(machine.residentMemory?.count, in: partOfMemory, "residentMemory", "0 to 1 PiB")
            // The last lines of a log are in it.
            ?? objection(machine.problem, "problem", allowing: ["\n", "\r", "\t"])
            ?? objection(machine.lastFailure?.reason, "lastFailure", allowing: ["\n", "\r", "\t"])
            ?? objection(machine.manager, "manager") ?? objection(machine.readOnly, "readOnly")
            ?? objection(definition.kernel?.commandLine, "definition.kernel.commandLine", allowing: ["\n", "\t"])
            ?? objection(to: definition)
    }

    private static func objection(to definition: VirtualMachineDefinition) -> String? {
        let texts = [
            ("machine", definition.machine), ("processorModel", definition.processorModel),
            ("firmware", definition.firmware), ("kernel.image", definition.kernel?.image),
            ("kernel.initialRAMDisk", definition.kernel?.initialRAMDisk),
        ]
        for (field, text) in texts {
            if let reason = objection(text, "definition.\(field)") { return reason }
        }
        if definition.disks.count > diskLimit {
            return "definition.disks: \(definition.disks.count) are more than \(diskLimit)"
        }
        for (place, disk) in definition.disks.enumerated() {
            if let reason = objection(disk.path, "definition.disks[\(place)].path") { return reason }
        }
        return nil
    }

    private static func objection(
        _ value: Int64?, in range: ClosedRange<Int64>, _ field: String, _ wanted: String
    ) -> String? {
        guard let value, !range.contains(value) else { return nil }
        return "\(field): \(value) is not \(wanted)"
    }

    private static func objection(
        _ text: String?, _ field: String, allowing allowed: Set<Unicode.Scalar> = []
    ) -> String? {
        guard let text else { return nil }
        let length = text.utf8.count
        if length > textLimit { return "\(field): \(length) bytes are more than \(textLimit)" }
        let hasControl = text.unicodeScalars.contains {
            $0.properties.generalCategory == .control && !allowed.contains($0)
        }
        return hasControl ? "\(field): it has control characters in it" : nil
    }
}
