extension VirtualMachineDefinition {
    /// What in the definition cannot be, by the field's name, for whoever wrote it; `nil` for one that a host can be
    /// asked to take.
    public var objection: String? {
        sizeObjection ?? textObjection ?? firstObjection(disks, "disks", \.objection)
            ?? firstObjection(networkInterfaces, "networks", \.objection) ?? pinningObjection ?? labelObjection
    }

    private var sizeObjection: String? {
        if !(1...255).contains(virtualProcessors) { return "vcpus: \(virtualProcessors) is not 1 to 255" }
        if let most = maximumProcessors, !(virtualProcessors...255).contains(most) {
            return "max_vcpus: \(most) is not from \(virtualProcessors), which it starts with, to 255"
        }
        if !(Bytes.mebibytes(1)...Bytes(1 << 50)).contains(memory) { return "memory: \(memory) is not 1 MiB to 1 PiB" }
        if let most = maximumMemory, !(memory...Bytes(1 << 50)).contains(most) {
            return "max_memory: \(most) is not from \(memory), which it starts with, to 1 PiB"
        }
        if let shares, !(1...10_000).contains(shares) { return "shares: \(shares) is not 1 to 10000" }
        if !(0...1000).contains(priority) { return "priority: \(priority) is not 0 to 1000" }
        return disks.count > 64 || networkInterfaces.count > 64 ? "it has more than 64 disks or networks" : nil
    }

    private var textObjection: String? {
        if !Self.isWord(machine) { return "machine: '\(machine)' is not a machine type such as q35" }
        // A CPU model may switch features on and off: `qemu64,+ssse3`.
        // A host switches off each flag that it cannot give, so it may be long.
        if !Self.isWord(processorModel, with: ",+=", upTo: 2000) {
            return "cpu: '\(processorModel)' is not a CPU model such as qemu64"
        }
        if let firmware, let reason = Self.pathObjection(firmware) { return "firmware: \(reason)" }
        guard let kernel else { return nil }
        if let reason = Self.pathObjection(kernel.image) { return "kernel.image: \(reason)" }
        if let disk = kernel.initialRAMDisk, let reason = Self.pathObjection(disk) { return "kernel.initrd: \(reason)" }
        return Self.isPlain(kernel.commandLine, upTo: 4096) ? nil : "kernel.cmdline: one line of at most 4096 bytes"
    }

    private var pinningObjection: String? {
        if pinning.isEmpty { return nil }
        let most = maximumProcessors ?? virtualProcessors
        guard pinning.count == 1 || (virtualProcessors...most).contains(pinning.count) else {
            return
                "pinning: \(pinning.count) entries; write one for all VPs, or one for each of the \(virtualProcessors)"
        }
        let isWhole = pinning.allSatisfy { !$0.isEmpty && $0.count <= 4096 && $0.allSatisfy((0..<65_536).contains) }
        return isWhole ? nil : "pinning: each entry names LPs by their numbers"
    }

    private var labelObjection: String? {
        if labels.count > 64 { return "labels: \(labels.count) are more than 64" }
        for (name, value) in labels {
            guard Name<VirtualMachineKind>(name) != nil else { return "labels: '\(name)' is not a name" }
            guard Self.isPlain(value, upTo: 256) else { return "labels.\(name): one line of at most 256 bytes" }
        }
        return nil
    }

    private func firstObjection<Element>(
        _ elements: [Element], _ field: String, _ reason: (Element) -> String?
    ) -> String? {
        for (place, element) in elements.enumerated() {
            if let reason = reason(element) { return "\(field)[\(place)].\(reason)" }
        }
        return nil
    }

    /// Letters, digits, what QEMU's names have beside them, and `extra`; a comma would end an option.
    private static func isWord(_ text: String, with extra: String = "", upTo most: Int = 63) -> Bool {
        (1...most).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
                    || [0x2d, 0x2e, 0x5f].contains(byte) || extra.utf8.contains(byte)
            }
    }

    /// One line without control characters.
    private static func isPlain(_ text: String, upTo limit: Int) -> Bool {
        text.utf8.count <= limit && text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
    }

    /// What is wrong with a path on a host; `nil` for one that may be tried.
    public static func pathObjection(_ path: String) -> String? {
        guard path.hasPrefix("/") else { return "'\(path)' is not an absolute path: it is one on the host" }
        guard isPlain(path, upTo: 4000) else { return "a path has at most 4000 bytes and no control characters" }
        return path.split(separator: "/").contains("..") ? "'\(path)' goes up with '..': write where it leads" : nil
    }
}

extension VirtualMachineDefinition.Disk {
    fileprivate var objection: String? { Self.pathObjection(path, isLocal: isLocal).map { "path: \($0)" } }

    /// What is wrong with an image's path. That of a local disk may be relative: it lies in the folder that each host has
    /// for such disks.
    public static func pathObjection(_ path: String, isLocal: Bool) -> String? {
        let isInFolder = isLocal && !path.hasPrefix("/") && !path.isEmpty
        return VirtualMachineDefinition.pathObjection(isInFolder ? "/" + path : path)
    }
}

extension VirtualMachineDefinition.NetworkInterface {
    fileprivate var objection: String? {
        if case .bridge(let name) = connection {
            let isName = Name<HostKind>(name) != nil && name.utf8.count <= 15
            if !isName {
                return "bridge: '\(name)' is not the name of a bridge: up to 15 letters, digits, '.', '_', '-'"
            }
        }
        return Self.isHardwareAddress(hardwareAddress)
            ? nil : "mac: '\(hardwareAddress)' is not a card's address such as 52:54:00:12:34:56"
    }

    /// Six numbers of two digits, not a group's (IEEE 802, the first byte's lowest bit) and not all zero.
    public static func isHardwareAddress(_ text: String) -> Bool {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        let bytes = parts.compactMap { $0.utf8.count == 2 && $0.first != "+" ? UInt8($0, radix: 16) : nil }
        return parts.count == 6 && bytes.count == 6 && bytes[0] & 1 == 0 && bytes != [0, 0, 0, 0, 0, 0]
    }

    /// An address for a VM's card that has none of its own: QEMU's prefix and three bytes that follow from the VM's UUID
    /// and the card's place (FNV-1a).
    public static func hardwareAddress(of machine: VirtualMachineID, place: Int) -> String {
        var hash: UInt32 = 2_166_136_261
        for byte in "\(machine)/\(place)".utf8 { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
        hash ^= hash >> 24
        let bytes = [16, 8, 0].map { shift in
            let text = String(hash >> UInt32(shift) & 255, radix: 16)
            return text.count == 1 ? "0\(text)" : text
        }
        return "52:54:00:" + bytes.joined(separator: ":")
    }
}
