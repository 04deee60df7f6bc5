import FleetModel

/// What a domain's description (https://libvirt.org/formatdomain.html) says that statistics do not.
struct DomainDescription: Hashable, Sendable {
    /// What runs its code: the domain's type.
    var accelerator: Accelerator?
    var virtualProcessors = 1
    var memory = Bytes.mebibytes(1)
    var machine: String?
    var processorModel: String?
    var firmware: String?
    /// QEMU, by absolute path.
    var emulator: String?
    var hasBalloon = false
    var disks: [Disk] = []
    var interfaces: [Interface] = []
    /// Up to how many virtual processors it has room for.
    var maximumProcessors = 1
    /// Whether there is a channel for the guest agent.
    var guestAgent = false
    /// Its first serial port, where it is one that can be reached.
    var console: ConsolePlace?
    /// What ``DomainDocument`` keeps in the metadata.
    var labels: [String: String] = [:]
    var priority = VirtualMachineDefinition.usualPriority
    var restart = VirtualMachineDefinition.RestartPolicy.never
    /// The names of disks that only this host sees.
    var localDisks: [String] = []

    /// More than operators want to know a VM by.
    static let mostLabels = 100

    /// A disk, as its description has it.
    struct Disk: Hashable, Sendable {
        /// As the guest's bus numbers it: `vda`.
        var name: String
        var path: String?
        var format: String?
        var bus: String?
        var isBlockDevice: Bool?
        /// `disk`, `cdrom`, `floppy`, `lun`.
        var device: String
        var backingImages: Int?
        var cache: String?
        var isReadOnly = false
    }

    /// A network interface, as its description has it.
    struct Interface: Hashable, Sendable {
        /// The host's end of it, or the device's name.
        var name: String
        var model: String?
        var bridge: String?
        /// `bridge`, `user`, `network`, ...
        var type: String?
        var hardwareAddress: String?
    }

    /// Reads a description. What is missing stays unknown; what cannot be, such as 0 processors, becomes the next that
    /// can: no single domain may make a host's whole report wrong.
    init(parsing document: [UInt8]) throws(MarkupProblem) {
        let domain = try MarkupElement(parsing: document)
        guard domain.name == "domain" else { throw MarkupProblem(text: "'\(domain.name)' is not a domain", place: 0) }
        switch domain[attribute: "type"] {
        case "kvm": accelerator = .kvm
        case "qemu": accelerator = .tcg
        default: accelerator = nil
        }
        let processors = domain["vcpu"]
        let count = Int(processors?[attribute: "current"] ?? processors?.word ?? "") ?? 1
        virtualProcessors = min(max(count, 1), 255)
        maximumProcessors = min(max(processors?.word.flatMap { Int($0) } ?? 1, virtualProcessors), 255)
        if let kept = domain["metadata", "evenkeel:vm"] { take(metadata: kept) }
        memory = Self.memory(domain["memory"])
        machine = DomainText.plain(domain["os", "type"]?[attribute: "machine"])
        firmware = DomainText.plain(domain["os", "loader"]?.word)
        processorModel = Self.processorModel(domain["cpu"])
        guard let devices = domain["devices"] else { return }
        emulator = DomainText.plain(devices["emulator"]?.word)
        hasBalloon = devices["memballoon"].map { $0[attribute: "model"] != "none" } ?? false
        disks = devices.children(named: "disk").prefix(1000).compactMap(Self.disk)
        interfaces = devices.children(named: "interface").prefix(1000).compactMap(Self.interface)
        guestAgent = devices.children(named: "channel").contains {
            $0["target"]?[attribute: "name"] == "org.qemu.guest_agent.0"
        }
        console = (devices["serial"] ?? devices["console"]).flatMap(Self.console)
    }

    private mutating func take(metadata kept: MarkupElement) {
        for label in kept.children(named: "evenkeel:label").prefix(Self.mostLabels) {
            guard let name = DomainText.plain(label[attribute: "name"]) else { continue }
            labels[name] = DomainText.plain(label[attribute: "value"]) ?? ""
        }
        priority = min(max(kept[attribute: "priority"].flatMap { Int($0) } ?? priority, 0), 1000)
        restart = kept[attribute: "restart"].flatMap(VirtualMachineDefinition.RestartPolicy.init) ?? restart
        localDisks = kept.children(named: "evenkeel:local").prefix(1000).compactMap {
            DomainText.plain($0[attribute: "disk"])
        }
    }

    private static func console(_ element: MarkupElement) -> ConsolePlace? {
        guard let path = element["source"]?[attribute: "path"], path.hasPrefix("/"), DomainText.plain(path) == path
        else { return nil }
        switch element[attribute: "type"] {
        // Nothing but a terminal of the host's is opened as one.
        case "pty": return path.hasPrefix("/dev/pts/") ? .terminal(path: path) : nil
        case "unix": return .socket(path: path)
        default: return nil
        }
    }

    private static func memory(_ element: MarkupElement?) -> Bytes {
        let count = element?.word.flatMap { Int64($0) } ?? 0
        let shift: Int64 =
            switch element?[attribute: "unit"] ?? "KiB" {
            case "b", "bytes": 0
            case "M", "MiB": 20
            case "G", "GiB": 30
            case "T", "TiB": 40
            default: 10
            }
        let (bytes, overflow) = count.multipliedReportingOverflow(by: 1 << shift)
        return overflow ? Bytes(1 << 50) : Bytes(min(max(bytes, 1 << 20), 1 << 50))
    }

    private static func processorModel(_ element: MarkupElement?) -> String? {
        DomainText.plain(element?["model"]?.word ?? element?[attribute: "mode"])
    }

    private static func disk(_ element: MarkupElement) -> Disk? {
        guard let name = DomainText.plain(element["target"]?[attribute: "dev"]) else { return nil }
        let type = element[attribute: "type"]
        return Disk(
            name: name, path: DomainText.plain(element["source"].flatMap(path)),
            format: DomainText.plain(element["driver"]?[attribute: "type"]),
            bus: DomainText.plain(element["target"]?[attribute: "bus"]),
            isBlockDevice: type == "block" ? true : type == "file" ? false : nil,
            device: element[attribute: "device"] ?? "disk", backingImages: backingImages(of: element),
            cache: element["driver"]?[attribute: "cache"], isReadOnly: element["readonly"] != nil)
    }

    /// A file, a device, or an address on the network.
    private static func path(_ source: MarkupElement) -> String? {
        for local in ["file", "dev", "dir"] {
            if let path = source[attribute: local] { return path }
        }
        if let pool = source[attribute: "pool"], let volume = source[attribute: "volume"] {
            return "\(pool)/\(volume)"
        }
        guard let scheme = source[attribute: "protocol"], let name = source[attribute: "name"] else { return nil }
        let host = source["host"]
        let port = host?[attribute: "port"].map { ":\($0)" } ?? ""
        return "\(scheme)://\(host?[attribute: "name"] ?? "")\(port)/\(name)"
    }

    /// How many images it stands on; `nil` where the description, as that of a domain without process, does not say.
    private static func backingImages(of element: MarkupElement) -> Int? {
        guard var image = element["backingStore"] else { return nil }
        var count = 0
        while image["source"] != nil {
            count += 1
            guard let next = image["backingStore"] else { break }
            image = next
        }
        return count
    }

    private static func interface(_ element: MarkupElement) -> Interface? {
        guard
            let name = element["target"]?[attribute: "dev"] ?? element["alias"]?[attribute: "name"]
                ?? element["mac"]?[attribute: "address"]
        else { return nil }
        let source = element["source"]
        let bridge =
            source?[attribute: "bridge"] ?? source?[attribute: "network"] ?? source?[attribute: "dev"]
        return Interface(
            name: DomainText.plain(name) ?? name, model: DomainText.plain(element["model"]?[attribute: "type"]),
            bridge: DomainText.plain(bridge), type: element[attribute: "type"],
            hardwareAddress: DomainText.plain(element["mac"]?[attribute: "address"]))
    }
}

extension DomainDescription {
    /// The VM as the fleet knows it. Disks that a VM's definition has no words for are left out.
    func definition(id: VirtualMachineID, name: Name<VirtualMachineKind>) -> VirtualMachineDefinition {
        var definition = VirtualMachineDefinition(
            id: id, name: name, virtualProcessors: virtualProcessors, memory: memory, accelerator: choice,
            machine: machine ?? "unknown", processorModel: processorModel ?? "unknown", firmware: firmware,
            disks: disks.compactMap { disk in disk.definition(isLocal: localDisks.contains(disk.name)) },
            balloon: hasBalloon)
        if maximumProcessors > virtualProcessors { definition.maximumProcessors = maximumProcessors }
        definition.networkInterfaces = interfaces.compactMap(\.definition)
        (definition.guestAgent, definition.restart) = (guestAgent, restart)
        (definition.labels, definition.priority) = (labels, priority)
        return definition
    }

    private var choice: AcceleratorChoice {
        switch accelerator {
        case .kvm: .kvm
        case .tcg: .tcg
        case nil: .auto
        }
    }
}

extension DomainDescription.Disk {
    fileprivate func definition(isLocal: Bool) -> VirtualMachineDefinition.Disk? {
        guard device == "disk" || device == "lun", let path, path.hasPrefix("/"),
            let format = format.flatMap(VirtualMachineDefinition.Disk.Format.init),
            let bus = bus.flatMap(VirtualMachineDefinition.Disk.Bus.init)
        else { return nil }
        let cache = cache.flatMap(VirtualMachineDefinition.Disk.Cache.init) ?? .writeback
        return VirtualMachineDefinition.Disk(
            path: path, format: format, bus: bus, cache: cache, isLocal: isLocal, isReadOnly: isReadOnly)
    }
}

extension DomainDescription.Interface {
    fileprivate var definition: VirtualMachineDefinition.NetworkInterface? {
        typealias Interface = VirtualMachineDefinition.NetworkInterface
        guard let model = model.flatMap(Interface.Model.init), let hardwareAddress else { return nil }
        switch type {
        case "user": return Interface(connection: .user, model: model, hardwareAddress: hardwareAddress)
        case "bridge":
            return bridge.map { Interface(connection: .bridge($0), model: model, hardwareAddress: hardwareAddress) }
        default: return nil
        }
    }
}
