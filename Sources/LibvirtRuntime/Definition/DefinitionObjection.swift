import FleetModel
import Glibc
import HostRuntime

/// What a definition must keep to before libvirt sees any of it.
enum DefinitionObjection {
    /// The first field that libvirt cannot run on this host, and why; `nil` where there is none. `storage` as in
    /// ``LibvirtConfiguration``.
    static func find(in definition: VirtualMachineDefinition, storage: [String] = []) -> String? {
        size(definition) ?? words(definition) ?? files(definition) ?? disks(definition)
            ?? places(definition, StorageFolders(storage)) ?? interfaces(definition) ?? tuning(definition)
    }

    private static func size(_ definition: VirtualMachineDefinition) -> String? {
        let most = definition.maximumProcessors ?? definition.virtualProcessors
        guard (1...255).contains(definition.virtualProcessors), (definition.virtualProcessors...255).contains(most)
        else { return "virtualProcessors: \(definition.virtualProcessors) of at most \(most) is not 1 to 255" }
        let memory = definition.memory.count
        guard memory >= 1 << 20, memory <= 1 << 44, memory % (1 << 20) == 0 else {
            return "memory: \(memory) bytes is not a whole number of MiB, 1 MiB to 16 TiB"
        }
        guard let most = definition.maximumMemory else { return nil }
        guard most.count >= memory, most.count <= 1 << 44, most.count % (1 << 20) == 0 else {
            return "maximumMemory: \(most.count) bytes is not a whole number of MiB, \(definition.memory) to 16 TiB"
        }
        // libvirt starts the VM with all of it and takes the difference through the balloon.
        guard definition.balloon else {
            return "maximumMemory: under libvirt memory grows through the balloon: add one"
        }
        return nil
    }

    private static func words(_ definition: VirtualMachineDefinition) -> String? {
        if let problem = word(definition.machine, "machine", extra: "") { return problem }
        if let problem = word(definition.processorModel, "processorModel", extra: ",+=") { return problem }
        if definition.labels.count > DomainDescription.mostLabels {
            return "labels: \(definition.labels.count) are more than \(DomainDescription.mostLabels)"
        }
        for (name, value) in definition.labels where !isText(name) || !isText(value) {
            return "labels: '\(DomainText.plain(name) ?? "")' has control characters in it"
        }
        return nil
    }

    private static func word(_ text: String, _ field: String, extra: String) -> String? {
        let allowed = Set("._-".utf8).union(extra.utf8)
        let isWord = text.utf8.allSatisfy { isAlphanumeric($0) || allowed.contains($0) }
        guard isWord, !text.isEmpty, text.utf8.count <= 200, !text.hasPrefix("-") else {
            return "\(field): '\(DomainText.plain(text) ?? "")' is not a name that QEMU knows"
        }
        return nil
    }

    private static func files(_ definition: VirtualMachineDefinition) -> String? {
        if let firmware = definition.firmware, let problem = file(firmware, "firmware") { return problem }
        guard let kernel = definition.kernel else { return nil }
        if let problem = file(kernel.image, "kernel.image") { return problem }
        if let disk = kernel.initialRAMDisk, let problem = file(disk, "kernel.initialRAMDisk") { return problem }
        return isText(kernel.commandLine) ? nil : "kernel.commandLine: it has control characters in it"
    }

    private static func disks(_ definition: VirtualMachineDefinition) -> String? {
        for (place, disk) in definition.disks.enumerated() {
            if let problem = file(disk.path, "disks[\(place)].path") { return problem }
        }
        if definition.disks.count(where: { $0.bus == .ide }) > 4, !definition.machine.contains("q35") {
            return "disks: a machine of this type has room for 4 at IDE; give the others the bus virtio or scsi"
        }
        return nil
    }

    private static func places(_ definition: VirtualMachineDefinition, _ storage: StorageFolders) -> String? {
        let paths = [
            ("firmware", definition.firmware), ("kernel.image", definition.kernel?.image),
            ("kernel.initialRAMDisk", definition.kernel?.initialRAMDisk),
        ]
        for (field, path) in paths {
            if let path, let problem = storage.objection(to: path) { return "\(field): \(problem)" }
        }
        for (place, disk) in definition.disks.enumerated() {
            let chain = disk.format == .qcow2 ? storage.objection(toChainOf: disk.path) : nil
            if let problem = storage.objection(to: disk.path) ?? chain { return "disks[\(place)].path: \(problem)" }
        }
        return nil
    }

    private static func file(_ path: String, _ field: String) -> String? {
        guard path.hasPrefix("/"), isText(path) else {
            return "\(field): '\(DomainText.plain(path) ?? "")' is not an absolute path"
        }
        // Whether libvirt's QEMU may open it shows when it starts.
        if unsafe access(path, F_OK) != 0, errno == ENOENT || errno == ENOTDIR {
            return "\(field): \(path) is not on this host"
        }
        return nil
    }

    private static func interfaces(_ definition: VirtualMachineDefinition) -> String? {
        for (place, interface) in definition.networkInterfaces.enumerated() {
            let field = "networkInterfaces[\(place)]"
            let bytes = interface.hardwareAddress.split(separator: ":", omittingEmptySubsequences: false)
            let isAddress = bytes.count == 6 && bytes.allSatisfy { $0.utf8.count == 2 && UInt8($0, radix: 16) != nil }
            guard isAddress, let first = UInt8(bytes[0], radix: 16), first & 1 == 0 else {
                return "\(field).hardwareAddress: '\(DomainText.plain(interface.hardwareAddress) ?? "")' is no address "
                    + "of a card, such as 52:54:00:12:34:56"
            }
            guard case .bridge(let name) = interface.connection else { continue }
            let isName =
                (1...15).contains(name.utf8.count) && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != 0x2f }
            guard isName, name != ".", name != ".." else {
                return "\(field): '\(DomainText.plain(name) ?? "")' is no name of a bridge"
            }
        }
        return nil
    }

    private static func tuning(_ definition: VirtualMachineDefinition) -> String? {
        if let shares = definition.shares, !(1...10_000).contains(shares) {
            return "shares: \(shares) is not 1 to 10000"
        }
        let most = max(definition.maximumProcessors ?? 0, definition.virtualProcessors)
        guard definition.pinning.count <= max(most, 1) else {
            return "pinning: there are more entries than virtual processors"
        }
        for number in definition.pinning.joined() where !(0..<8192).contains(number) {
            return "pinning: \(number) is no number of a logical processor"
        }
        return nil
    }

    /// Whether a document can hold it: XML has no control characters but tabs and line ends.
    private static func isText(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
    }
}
