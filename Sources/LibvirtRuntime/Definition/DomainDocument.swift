import FleetModel

/// A VM's definition as libvirt's description of a domain (https://libvirt.org/formatdomain.html). What libvirt has no
/// words for is kept in its metadata, under our own namespace:
/// ```
/// <evenkeel:vm xmlns:evenkeel='urn:evenkeel:vm:1' priority='100' restart='on-failure'>
///   <evenkeel:label name='team' value='web'/>      one a label
///   <evenkeel:local disk='vda'/>                   one a disk that only this host sees
/// </evenkeel:vm>
/// ```
struct DomainDocument {
    static let namespace = "urn:evenkeel:vm:1"

    private let definition: VirtualMachineDefinition
    private let accelerator: Accelerator
    /// Whether a path is a block device of this host.
    private let isBlockDevice: (String) -> Bool
    private let sharesAreWeights: Bool

    /// `sharesAreWeights` says that the host's control groups are of version 2, whose usual weight is 100; in version 1
    /// it is 1024.
    init(
        _ definition: VirtualMachineDefinition, accelerator: Accelerator, sharesAreWeights: Bool,
        isBlockDevice: @escaping (String) -> Bool
    ) {
        self.definition = definition
        self.accelerator = accelerator
        self.sharesAreWeights = sharesAreWeights
        self.isBlockDevice = isBlockDevice
    }

    /// The whole document.
    var text: String {
        let memory = definition.maximumMemory ?? definition.memory
        let most = max(definition.maximumProcessors ?? 0, definition.virtualProcessors)
        let onCrash = definition.restart == .onFailure ? "restart" : "destroy"
        return Markup.element("domain", ["type": accelerator == .kvm ? "kvm" : "qemu"]) {
            Markup.element("name", text: definition.name.text)
            Markup.element("uuid", text: definition.id.text)
            metadata
            Markup.element("memory", ["unit": "b"], text: "\(memory.count)")
            Markup.element("currentMemory", ["unit": "b"], text: "\(definition.memory.count)")
            Markup.element(
                "vcpu", ["placement": "static", "current": "\(definition.virtualProcessors)"], text: "\(most)")
            tuning(most)
            boot
            Markup.element("features") { Markup.element("acpi") + Markup.element("apic") }
            processor
            Markup.element("clock", ["offset": "utc"])
            Markup.element("on_poweroff", text: "destroy")
            Markup.element("on_reboot", text: "restart")
            Markup.element("on_crash", text: onCrash)
            Markup.element("devices") { devices }
        }
    }

    private var metadata: String {
        Markup.element("metadata") {
            Markup.element(
                "evenkeel:vm",
                [
                    "xmlns:evenkeel": Self.namespace, "priority": "\(definition.priority)",
                    "restart": definition.restart.rawValue,
                ]
            ) {
                for (name, value) in definition.labels.sorted(by: { $0.key < $1.key }) {
                    Markup.element("evenkeel:label", ["name": name, "value": value])
                }
                for (disk, name) in zip(definition.disks, diskNames) where disk.isLocal {
                    Markup.element("evenkeel:local", ["disk": name])
                }
            }
        }
    }

    private func tuning(_ most: Int) -> String {
        let pinning = definition.pinning
        guard !pinning.isEmpty || definition.shares != nil else { return "" }
        return Markup.element("cputune") {
            if let shares = definition.shares {
                Markup.element("shares", text: "\(sharesAreWeights ? shares : max(shares * 1024 / 100, 2))")
            }
            if let first = pinning.first {
                for processor in 0..<most {
                    let set = pinning.count == 1 ? first : processor < pinning.count ? pinning[processor] : []
                    if !set.isEmpty {
                        Markup.element(
                            "vcpupin",
                            ["vcpu": "\(processor)", "cpuset": set.map { "\($0)" }.joined(separator: ",")])
                    }
                }
            }
        }
    }

    private var boot: String {
        Markup.element("os") {
            Markup.element("type", ["arch": "x86_64", "machine": definition.machine], text: "hvm")
            if let firmware = definition.firmware { Markup.element("loader", ["type": "rom"], text: firmware) }
            if let kernel = definition.kernel {
                Markup.element("kernel", text: kernel.image)
                if let disk = kernel.initialRAMDisk { Markup.element("initrd", text: disk) }
                if !kernel.commandLine.isEmpty { Markup.element("cmdline", text: kernel.commandLine) }
            }
        }
    }

    private var processor: String {
        let model = ProcessorModel(definition.processorModel)
        switch model.name {
        case "host": return Markup.element("cpu", ["mode": "host-passthrough", "check": "none"]) { features(model) }
        case "max": return Markup.element("cpu", ["mode": "maximum", "check": "none"]) { features(model) }
        default:
            let isChecked = accelerator == .kvm && !ProcessorModel.plain.contains(model.name)
            let check = isChecked ? "partial" : "none"
            return Markup.element("cpu", ["mode": "custom", "match": "exact", "check": check]) {
                Markup.element("model", ["fallback": "forbid"], text: model.name)
                features(model)
            }
        }
    }

    private func features(_ model: ProcessorModel) -> String {
        model.features.map { name, isOn in
            Markup.element("feature", ["policy": isOn ? "require" : "disable", "name": name])
        }.joined()
    }

    private var devices: String {
        var text = ""
        for (disk, name) in zip(definition.disks, diskNames) { text += element(of: disk, name) }
        if definition.disks.contains(where: { $0.bus == .scsi }) {
            text += Markup.element("controller", ["type": "scsi", "model": "virtio-scsi"])
        }
        text += Markup.element("controller", ["type": "usb", "model": "none"])
        for interface in definition.networkInterfaces { text += element(of: interface) }
        if definition.guestAgent {
            text += Markup.element("channel", ["type": "unix"]) {
                Markup.element("target", ["type": "virtio", "name": "org.qemu.guest_agent.0"])
            }
        }
        text += Markup.element("serial", ["type": "pty"])
        text += Markup.element("memballoon", ["model": definition.balloon ? "virtio" : "none"]) {
            if definition.balloon { Markup.element("stats", ["period": "5"]) }
        }
        return text
    }

    private func element(of disk: VirtualMachineDefinition.Disk, _ name: String) -> String {
        let isBlock = isBlockDevice(disk.path)
        return Markup.element("disk", ["type": isBlock ? "block" : "file", "device": "disk"]) {
            Markup.element(
                "driver", ["name": "qemu", "type": disk.format.rawValue, "cache": disk.cache.rawValue])
            Markup.element("source", [isBlock ? "dev" : "file": disk.path])
            Markup.element("target", ["dev": name, "bus": bus(of: disk)])
            if disk.isReadOnly { Markup.element("readonly") }
        }
    }

    private func element(of interface: VirtualMachineDefinition.NetworkInterface) -> String {
        let type: String
        var source = ""
        switch interface.connection {
        case .user: type = "user"
        case .bridge(let name): (type, source) = ("bridge", Markup.element("source", ["bridge": name]))
        }
        return Markup.element("interface", ["type": type]) {
            Markup.element("mac", ["address": interface.hardwareAddress])
            source
            Markup.element("model", ["type": interface.model.rawValue])
        }
    }

    /// The machine `q35` has no IDE: its disks of that kind are at SATA, which guests take for the same.
    private func bus(of disk: VirtualMachineDefinition.Disk) -> String {
        disk.bus == .ide && definition.machine.contains("q35") ? "sata" : disk.bus.rawValue
    }

    /// What libvirt calls the disks, bus by bus: `vda`, `vdb`, ...
    private var diskNames: [String] {
        var next: [String: Int] = [:]
        return definition.disks.map { disk in
            let prefix =
                switch bus(of: disk) {
                case "virtio": "vd"
                case "ide": "hd"
                default: "sd"
                }
            defer { next[prefix, default: 0] += 1 }
            return prefix + Self.letters(next[prefix, default: 0])
        }
    }

    /// 0 is `a`, 25 `z`, 26 `aa`.
    private static func letters(_ number: Int) -> String {
        let letter = String(UnicodeScalar(UInt8(ascii: "a") + UInt8(number % 26)))
        return number < 26 ? letter : letters(number / 26 - 1) + letter
    }
}

/// QEMU's way of naming a CPU with features switched on and off: `qemu64,+ssse3,-vme`, `EPYC,monitor=off`.
struct ProcessorModel: Hashable, Sendable {
    /// Those that run anywhere. libvirt counts `svm` among their features, which few hosts have, and QEMU goes without.
    static let plain = ["qemu64", "kvm64"]

    var name: String
    var features: [(name: String, isOn: Bool)] = []

    init(_ text: String) {
        var parts = text.split(separator: ",").map(String.init)[...]
        name = parts.popFirst() ?? ""
        for part in parts {
            if part.hasPrefix("+") || part.hasPrefix("-") {
                features.append((String(part.dropFirst()), part.hasPrefix("+")))
            } else if let sign = part.firstIndex(of: "=") {
                features.append((String(part[..<sign]), part[part.index(after: sign)...] == "on"))
            } else {
                features.append((part, true))
            }
        }
    }

    static func == (left: ProcessorModel, right: ProcessorModel) -> Bool {
        left.name == right.name && left.features.elementsEqual(right.features, by: ==)
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(name)
        for (name, isOn) in features {
            hasher.combine(name)
            hasher.combine(isOn)
        }
    }
}
