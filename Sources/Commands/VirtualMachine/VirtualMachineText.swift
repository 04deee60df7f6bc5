import FleetModel
import FleetServer

/// A VM for a person's eyes.
enum VirtualMachineText {
    static func details(_ details: VirtualMachineDetails) -> String {
        let lines =
            ["\(details.name)  \(details.id)"] + details.places.flatMap(place) + made(details.definition)
            + details.definition.disks.map(disk) + details.definition.networkInterfaces.map(network)
            + care(details) + survey(details.survey) + details.operations.map(operation)
        return lines.joined(separator: "\n")
    }

    private static func place(_ row: VirtualMachineView) -> [String] {
        var line = "State:     \(row.state.rawValue) on \(row.host) (cluster \(row.cluster))"
        if let accelerator = row.accelerator { line += ", \(accelerator.rawValue)" }
        if let use = row.processorUse { line += ", uses \((use * 100).rounded() / 100) LPs" }
        if let memory = row.residentMemory { line += ", holds \(memory)" }
        if let manager = row.manager, manager != "evenkeel" { line += ", run by \(manager)" }
        return [line] + [row.problem, row.readOnly].compactMap { $0.map { "           \($0)" } }
    }

    private static func made(_ definition: VirtualMachineDefinition) -> [String] {
        func upTo(_ most: String?) -> String { most.map { " (up to \($0))" } ?? "" }
        var lines = [
            "Made of:   \(definition.virtualProcessors) VPs\(upTo(definition.maximumProcessors.map { "\($0)" })), "
                + "\(definition.memory)\(upTo(definition.maximumMemory.map { "\($0)" })), machine \(definition.machine), "
                + "CPU \(definition.processorModel)"
        ]
        if let next = definition.atNextStart {
            let parts = [next.virtualProcessors.map { "\($0) VPs" }, next.memory.map { "\($0)" }].compactMap(\.self)
            lines.append("Next time: " + parts.joined(separator: ", "))
        }
        if let firmware = definition.firmware { lines.append("Firmware:  \(firmware)") }
        if let kernel = definition.kernel { lines.append("Kernel:    \(kernel.image) \(kernel.commandLine)") }
        return lines
    }

    private static func disk(_ disk: VirtualMachineDefinition.Disk) -> String {
        let flags = (disk.isLocal ? ", local" : "") + (disk.isReadOnly ? ", read-only" : "")
        return
            "Disk:      \(disk.path) (\(disk.format.rawValue), \(disk.bus.rawValue), cache \(disk.cache.rawValue)\(flags))"
    }

    private static func network(_ card: VirtualMachineDefinition.NetworkInterface) -> String {
        let place =
            switch card.connection {
            case .bridge(let name): "bridge \(name)"
            case .user: "user"
            }
        return "Network:   \(card.hardwareAddress) (\(card.model.rawValue), \(place))"
    }

    private static func care(_ details: VirtualMachineDetails) -> [String] {
        let definition = details.definition
        var lines = ["Care:      priority \(definition.priority), restart \(definition.restart.rawValue)"]
        if let restarts = details.restarts { lines[0] += " (\(restarts) so far)" }
        if let failure = details.lastFailure {
            lines.append("Failed:    at \(Phrases.timeOfDay(failure.time)): \(failure.reason)")
        }
        if let shares = definition.shares { lines[0] += ", shares \(shares)" }
        if !definition.pinning.isEmpty {
            let sets = definition.pinning.map { set in set.map { "\($0)" }.joined(separator: ",") }
            lines.append("Pinned to: " + sets.joined(separator: "; "))
        }
        if !definition.labels.isEmpty {
            let pairs = definition.labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            lines.append("Labels:    " + pairs.joined(separator: ", "))
        }
        return lines
    }

    private static func survey(_ survey: MemorySurvey?) -> [String] {
        guard let survey, let last = survey.changes.last else { return [] }
        return [
            "Memory:    \(Phrases.percent(last.share)) of its pages changed within \(last.milliseconds) ms, as seen at "
                + Phrases.timeOfDay(survey.time)
        ]
    }

    private static func operation(_ operation: OperationView) -> String {
        "Operation: \(operation.number) \(OperationText.what(operation.action)): \(operation.state.rawValue), "
            + "\(Phrases.timeOfDay(operation.created)) by \(operation.requestedBy)"
    }
}
