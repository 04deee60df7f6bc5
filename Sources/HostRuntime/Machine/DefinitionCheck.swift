import FleetModel
import Glibc

/// What a definition must keep to before QEMU sees any of it.
struct DefinitionCheck: Sendable {
    /// How the host runs VMs.
    let host: RuntimeConfiguration
    /// What it meets besides.
    var surroundings = HostSurroundings()

    private static let wholeMemory: ClosedRange<Int64> = 1 << 20...1 << 44

    /// Throws for the first field that cannot be run on this host.
    func check(_ definition: VirtualMachineDefinition) throws(HostRuntimeError) {
        try Self.check(definition.virtualProcessors, in: 1...255, field: "virtualProcessors")
        try Self.checkMemory(definition.memory, field: "memory")
        // A firmware or a machine may be named, but not an option of QEMU's.
        try Self.checkWord(definition.machine, field: "machine", extra: "")
        // A CPU model may switch features on and off: `qemu64,+ssse3`. A host has switched off what it cannot give.
        try Self.checkWord(definition.processorModel, field: "processorModel", extra: ",+=", upTo: 2000)
        try checkSizes(of: definition)
        try checkPolicy(of: definition)
        try checkFiles(of: definition)
        try checkDisks(definition.disks)
        try checkNetwork(definition.networkInterfaces)
    }

    // MARK: Size and place

    private func checkSizes(of definition: VirtualMachineDefinition) throws(HostRuntimeError) {
        if let most = definition.maximumProcessors {
            try Self.check(most, in: definition.virtualProcessors...255, field: "maximumProcessors")
        }
        if let most = definition.maximumMemory {
            try Self.checkMemory(most, field: "maximumMemory")
            guard most >= definition.memory else {
                throw .definition(field: "maximumMemory", problem: "\(most) is less than its memory")
            }
        }
        if !definition.memoryModules.isEmpty {
            let modules = definition.memoryModules
            for (place, size) in modules.enumerated() {
                try Self.checkMemory(size, field: "memoryModules[\(place)]")
            }
            guard modules.count <= QEMUCommandLine.memorySlots, definition.memoryAtStart >= .mebibytes(1),
                definition.maximumMemory != nil
            else { throw .definition(field: "memoryModules", problem: "they are not a part of its memory") }
        }
        if let processors = definition.atNextStart?.virtualProcessors {
            try Self.check(processors, in: 1...255, field: "atNextStart.virtualProcessors")
        }
        if let memory = definition.atNextStart?.memory { try Self.checkMemory(memory, field: "atNextStart.memory") }
    }

    private func checkPolicy(of definition: VirtualMachineDefinition) throws(HostRuntimeError) {
        if let shares = definition.shares { try Self.check(shares, in: 1...10_000, field: "shares") }
        try Self.check(definition.priority, in: 0...1000, field: "priority")
        guard definition.labels.count <= 64 else {
            throw .definition(field: "labels", problem: "\(definition.labels.count) are more than 64")
        }
        for (name, value) in definition.labels.sorted(by: { $0.key < $1.key }) {
            let isPlain = (name + value).unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
            guard isPlain, (1...63).contains(name.utf8.count), value.utf8.count <= 255 else {
                throw .definition(
                    field: "labels", problem: "'\(name.prefix(63))' or its value is not plain or too long")
            }
        }
        try checkPinning(of: definition)
    }

    private func checkPinning(of definition: VirtualMachineDefinition) throws(HostRuntimeError) {
        let pinning = definition.pinning
        let most = max(definition.virtualProcessors, definition.maximumProcessors ?? 0)
        guard pinning.count <= 1 || (definition.virtualProcessors...most).contains(pinning.count) else {
            throw .definition(
                field: "pinning",
                problem:
                    "\(pinning.count) entries are for none of its \(definition.virtualProcessors) virtual processors "
                    + "each: write one for all, or one for every one")
        }
        guard let there = host.logicalProcessors ?? Affinity.allowed() else { return }
        for (place, processors) in pinning.enumerated() {
            if let missing = processors.first(where: { !there.contains($0) }) {
                throw .definition(
                    field: "pinning[\(place)]",
                    problem: "logical processor \(missing) is not one of this host's \(Self.ranges(there))")
            }
        }
    }

    // MARK: Files and devices

    private func checkFiles(of definition: VirtualMachineDefinition) throws(HostRuntimeError) {
        if let firmware = definition.firmware { try checkFile(firmware, field: "firmware") }
        guard let kernel = definition.kernel else { return }
        try checkFile(kernel.image, field: "kernel.image")
        if let disk = kernel.initialRAMDisk { try checkFile(disk, field: "kernel.initialRAMDisk") }
        guard !kernel.commandLine.utf8.contains(0) else {
            throw .definition(field: "kernel.commandLine", problem: "it contains a zero byte")
        }
    }

    private func checkDisks(_ disks: [VirtualMachineDefinition.Disk]) throws(HostRuntimeError) {
        let storage = StorageFolders(host.storage)
        for (place, disk) in disks.enumerated() {
            let field = "disks[\(place)].path"
            try checkFile(disk.path, field: field, isDisk: true)
            if let problem = ImageHead.objection(to: disk) { throw .definition(field: field, problem: problem) }
            if disk.format == .qcow2, let problem = storage.objection(toChainOf: disk.path) {
                throw .definition(field: field, problem: problem)
            }
            if !disk.isReadOnly {
                guard unsafe access(disk.path, W_OK) == 0 else {
                    throw .definition(field: field, problem: "\(disk.path): \(lastSystemError())")
                }
                guard !disks[..<place].contains(where: { $0.path == disk.path }) else {
                    throw .definition(field: field, problem: "\(disk.path) is another of its disks")
                }
            } else if disk.bus == .ide {
                throw .definition(
                    field: "disks[\(place)].bus", problem: "an IDE disk cannot be read-only: use virtio or scsi")
            }
        }
    }

    private func checkNetwork(_ interfaces: [VirtualMachineDefinition.NetworkInterface]) throws(HostRuntimeError) {
        for (place, interface) in interfaces.enumerated() {
            let field = "networkInterfaces[\(place)]"
            if let problem = HardwareAddress.objection(to: interface.hardwareAddress) {
                throw .definition(field: "\(field).hardwareAddress", problem: problem)
            }
            let address = HardwareAddress.bytes(of: interface.hardwareAddress)
            guard !interfaces[..<place].contains(where: { HardwareAddress.bytes(of: $0.hardwareAddress) == address })
            else {
                throw .definition(
                    field: "\(field).hardwareAddress", problem: "\(interface.hardwareAddress) is another interface's")
            }
            if case .bridge(let name) = interface.connection, !NetworkTap.isBridge(name, surroundings) {
                throw .definition(field: "\(field).bridge", problem: "this host has no bridge '\(name.prefix(40))'")
            }
        }
    }

    private func checkFile(_ path: String, field: String, isDisk: Bool = false) throws(HostRuntimeError) {
        guard path.hasPrefix("/"), !path.utf8.contains(0) else {
            throw .definition(field: field, problem: "'\(path)' is not an absolute path")
        }
        guard unsafe access(path, R_OK) == 0 else {
            throw .definition(field: field, problem: "\(path): \(lastSystemError())")
        }
        if let problem = StorageFolders(host.storage).objection(to: path) {
            throw .definition(field: field, problem: problem)
        }
        var status = stat()
        guard unsafe stat(path, &status) == 0 else {
            throw .definition(field: field, problem: "\(path): \(lastSystemError())")
        }
        let kind = status.st_mode & S_IFMT
        guard kind == S_IFREG || isDisk && kind == S_IFBLK else {
            throw .definition(
                field: field, problem: "\(path) is neither a file\(isDisk ? " nor a block device" : "")")
        }
    }

    // MARK: Values

    private static func check(_ value: Int, in range: ClosedRange<Int>, field: String) throws(HostRuntimeError) {
        guard range.contains(value) else {
            throw .definition(field: field, problem: "\(value) is not \(range.lowerBound) to \(range.upperBound)")
        }
    }

    private static func checkMemory(_ memory: Bytes, field: String) throws(HostRuntimeError) {
        guard wholeMemory.contains(memory.count), memory.count % (1 << 20) == 0 else {
            throw .definition(
                field: field, problem: "\(memory.count) bytes is not a whole number of MiB, 1 MiB to 16 TiB")
        }
    }

    private static func checkWord(
        _ text: String, field: String, extra: String, upTo most: Int = 200
    ) throws(HostRuntimeError) {
        let allowed = Set("._-".utf8).union(extra.utf8)
        let isWord = text.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
                || allowed.contains(byte)
        }
        guard isWord, !text.isEmpty, text.utf8.count <= most, !text.hasPrefix("-") else {
            throw .definition(field: field, problem: "'\(text)' is not a name that QEMU knows")
        }
    }

    /// `0-3,8` for a person.
    private static func ranges(_ numbers: [Int]) -> String {
        var ranges: [ClosedRange<Int>] = []
        for number in numbers.sorted() {
            if let last = ranges.last, number <= last.upperBound + 1 {
                ranges[ranges.count - 1] = last.lowerBound...max(last.upperBound, number)
            } else {
                ranges.append(number...number)
            }
        }
        return ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
            .joined(separator: ",")
    }
}
