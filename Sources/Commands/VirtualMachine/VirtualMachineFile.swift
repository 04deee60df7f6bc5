import ConfigurationFile
import Counters
import FleetModel

/// The YAML file of a VM, as `evenkeel vm create` takes it.
struct VirtualMachineFile {
    /// What the VM is made of.
    var definition: VirtualMachineDefinition
    /// Where it is to be; `nil` where the file does not say.
    var host: HostName?

    /// Reads and checks the file at `path`.
    static func load(_ path: String) throws(ConfigurationError) -> VirtualMachineFile {
        var generator = SystemRandomNumberGenerator()
        return try VirtualMachineFile(
            yaml: ConfigurationReader.text(ofFile: path), file: path, newID: .random(using: &generator))
    }

    /// Reads and checks YAML; `file` names it in errors, `newID` is the identity of a VM that the text gives none.
    init(yaml: String, file: String, newID: VirtualMachineID) throws(ConfigurationError) {
        var reader = try ConfigurationReader(yaml: yaml, file: file)
        guard let name: Name<VirtualMachineKind> = try reader.value("name", Self.name) else {
            throw reader.problem("name", "a VM needs one")
        }
        let id = try reader.value("uuid", Self.identity) ?? newID
        guard let processors = try reader.value("vcpus", { Self.count($0, in: 1...255) }) else {
            throw reader.problem("vcpus", "say how many virtual processors it has")
        }
        guard let memory = try reader.value("memory", Self.size) else {
            throw reader.problem("memory", "say how much it has, such as 2GiB")
        }
        definition = VirtualMachineDefinition(
            id: id, name: name, virtualProcessors: processors, memory: memory, balloon: true)
        host = try reader.value("host", Self.name)
        try readMachine(&reader)
        try readDevices(&reader)
        try readCare(&reader)
        try reader.refuseUnknownKeys()
        // What no single value shows; it begins with the key that it is about.
        guard let objection = definition.objection else { return }
        let key = String(objection.prefix { $0.isLetter || $0 == "_" })
        let reason = objection.dropFirst(key.count).drop { $0 == ":" || $0 == " " }
        throw reader.problem(key, String(reason))
    }

    private mutating func readMachine(_ reader: inout ConfigurationReader) throws(ConfigurationError) {
        definition.maximumProcessors = try reader.value("max_vcpus") { Self.count($0, in: 1...255) }
        definition.maximumMemory = try reader.value("max_memory", Self.size)
        definition.processorModel = try reader.value("cpu", Self.text) ?? definition.processorModel
        definition.machine = try reader.value("machine", Self.text) ?? definition.machine
        definition.accelerator = try reader.value("accelerator", Self.choice) ?? definition.accelerator
        definition.firmware = try reader.value("firmware", Self.path)
        guard var kernel = try reader.section("kernel") else { return }
        guard let image = try kernel.value("image", Self.path) else {
            throw kernel.problem("image", "say which kernel, by its path on the host")
        }
        definition.kernel = VirtualMachineDefinition.KernelBoot(
            image: image, initialRAMDisk: try kernel.value("initrd", Self.path),
            commandLine: try kernel.text("cmdline") ?? "")
        try kernel.refuseUnknownKeys()
    }

    private mutating func readDevices(_ reader: inout ConfigurationReader) throws(ConfigurationError) {
        for var entry in try reader.list("disks") { definition.disks.append(try Self.disk(&entry)) }
        for var entry in try reader.list("networks") {
            let place = definition.networkInterfaces.count
            definition.networkInterfaces.append(try Self.network(&entry, of: definition.id, place: place))
        }
        definition.balloon = try reader.value("balloon", Self.flag) ?? true
        definition.guestAgent = try reader.value("guest_agent", Self.flag) ?? false
    }

    private mutating func readCare(_ reader: inout ConfigurationReader) throws(ConfigurationError) {
        for text in try reader.texts("pinning") ?? [] {
            do throws(CounterError) {
                definition.pinning.append(Array(try LogicalProcessorSet(parsing: text).numbers))
            } catch {
                throw reader.problem("pinning", "\(error)")
            }
        }
        definition.shares = try reader.value("shares") { Self.count($0, in: 1...10_000) }
        definition.priority = try reader.value("priority") { Self.count($0, in: 0...1000) } ?? definition.priority
        definition.restart = try reader.value("restart", Self.choice) ?? definition.restart
        definition.labels = try reader.table("labels")
    }

    private static func disk(
        _ entry: inout ConfigurationReader
    ) throws(ConfigurationError) -> VirtualMachineDefinition.Disk {
        guard let path = try entry.value("path", text) else {
            throw entry.problem("path", "say which image or device, by its path on the host")
        }
        let isLocal = try entry.value("local", flag) ?? false
        if let objection = VirtualMachineDefinition.Disk.pathObjection(path, isLocal: isLocal) {
            throw entry.problem("path", objection)
        }
        let given: VirtualMachineDefinition.Disk.Format? = try entry.value("format", choice)
        // What an image says of itself is the guest's to write: it is never asked.
        let shown = path.split(separator: ".").last.flatMap {
            VirtualMachineDefinition.Disk.Format(rawValue: String($0))
        }
        guard let format = given ?? shown else {
            throw entry.problem("format", "say raw or qcow2: '\(path)' does not end in either")
        }
        let disk = VirtualMachineDefinition.Disk(
            path: path, format: format, bus: try entry.value("bus", choice) ?? .virtio,
            cache: try entry.value("cache", choice) ?? .none, isLocal: isLocal,
            isReadOnly: try entry.value("readonly", flag) ?? false)
        try entry.refuseUnknownKeys()
        return disk
    }

    private static func network(
        _ entry: inout ConfigurationReader, of machine: VirtualMachineID, place: Int
    ) throws(ConfigurationError) -> VirtualMachineDefinition.NetworkInterface {
        typealias Interface = VirtualMachineDefinition.NetworkInterface
        let bridge = try entry.value("bridge", text)
        let isUser = try entry.value("user", flag) ?? false
        let model: Interface.Model = try entry.value("model", choice) ?? .virtio
        let address = try entry.value("mac", hardwareAddress)
        try entry.refuseUnknownKeys()
        let connection: Interface.Connection
        switch (bridge, isUser) {
        case (let name?, false): connection = .bridge(name)
        case (nil, true): connection = .user
        case (_?, true): throw entry.problem("user", "it is on a bridge already: write one of the two")
        case (nil, false):
            throw entry.problem("bridge", "say which bridge of the host, or 'user: on' for its own addresses")
        }
        return Interface(
            connection: connection, model: model,
            hardwareAddress: address ?? Interface.hardwareAddress(of: machine, place: place))
    }
}
