import FleetModel
import Logging

/// More or fewer processors and more or less memory.
extension QEMUMachine {
    /// Guests take memory in pieces of this size (Linux on x86: Documentation/admin-guide/mm/memory-hotplug.rst).
    static let memoryStep = Bytes.mebibytes(128)
    /// How long is looked whether the guest follows its balloon.
    private static let balloonLimit = Duration.seconds(3)
    /// How long a guest has to let go of a processor.
    private static let unplugLimit = Duration.seconds(5)

    /// See ``HostTask/resize(_:virtualProcessors:memory:)``.
    func resize(virtualProcessors: Int?, memory: Bytes?) async throws -> HostTaskAnswer {
        let state = await look()
        guard let record else { return .refused("this host does not know the VM \(id)") }
        var wanted = record.definition
        wanted.atNextStart = .init(
            virtualProcessors: virtualProcessors ?? wanted.atNextStart?.virtualProcessors,
            memory: memory ?? wanted.atNextStart?.memory)
        wanted = wanted.forStart
        if wanted.pinning.count > 1, wanted.pinning.count < wanted.virtualProcessors {
            throw HostRuntimeError.definition(
                field: "pinning", problem: "it says nothing of the processors to be added")
        }
        try check(wanted)
        switch state {
        case .stopped, .crashed:
            try update { $0.definition = wanted }
            return .done
        case .running, .paused: break
        default: return .refused("the VM is \(state?.rawValue ?? "not known") here")
        }
        if try await areDisksMoving() { return .refused("the VM is being migrated: its disks are on their way") }
        if let memory, memory > record.definition.memory, let problem = self.memory.objection(to: memory, for: id) {
            throw HostRuntimeError.definition(field: "memory", problem: problem)
        }
        var notes: [String] = []
        if let virtualProcessors { notes += try await setProcessors(virtualProcessors) }
        if let memory { notes += try await setMemory(memory) }
        return notes.isEmpty ? .done : .advised(notes)
    }

    // MARK: Processors

    private func setProcessors(_ wanted: Int) async throws(HostRuntimeError) -> [String] {
        try await plug(upTo: min(wanted, record?.definition.maximumProcessors ?? wanted))
        try await unplug(downTo: wanted)
        guard let have = record?.definition.virtualProcessors else { return [] }
        try update { $0.definition.nextStart(processors: have == wanted ? nil : wanted) }
        if have == wanted { return [] }
        let isFixed = record?.definition.maximumProcessors == nil
        let why =
            have < wanted
            ? "no more can be added while it runs"
            : isFixed ? "it has no maximumProcessors" : "its guest did not let go of the others"
        return ["it has \(have) virtual processors, as \(why), and \(wanted) from its next start"]
    }

    private func plug(upTo wanted: Int) async throws(HostRuntimeError) {
        guard let have = record?.definition.virtualProcessors, have < wanted else { return }
        let free = try await slots().filter { $0.path == nil }
        guard free.count >= wanted - have else { return }
        for slot in free.prefix(wanted - have) {
            var arguments = slot.properties
            arguments["driver"] = .string(slot.type)
            arguments["id"] = .string(slot.name)
            try await command("device_add", .object(arguments))
            try update { $0.definition.virtualProcessors += 1 }
        }
        try await pinProcessors()
    }

    private func unplug(downTo wanted: Int) async throws(HostRuntimeError) {
        // Without a maximum of their own the number of processors is in the guest's topology and in its disks' queues.
        guard let have = record?.definition.virtualProcessors, have > wanted,
            record?.definition.maximumProcessors != nil
        else { return }
        let deadline = ContinuousClock.now + Self.unplugLimit
        for slot in try await slots().filter({ $0.path != nil }).suffix(have - wanted).reversed() {
            guard let path = slot.path else { continue }
            do throws(HostRuntimeError) {
                try await command("device_del", ["id": .string(path)])
            } catch {
                // One whose guest was asked before, or that cannot go: what counts is what is there in the end.
                log.info("a processor stays: \(error)", metadata: ["vm": "\(id)"])
            }
            while true {
                let seen = changes.rings
                if try await !slots().contains(where: { $0.path == path }) { break }
                let remaining = deadline - ContinuousClock.now
                guard remaining > .zero else { return await recountProcessors() }
                await changes.wait(after: seen, upTo: min(remaining, .milliseconds(500)))
            }
            await recountProcessors()
        }
    }

    /// Takes note of how many processors there are: a guest may let go of one long after it was asked.
    func recountProcessors() async {
        guard process?.isAlive == true, let slots = try? await slots() else { return }
        let have = slots.count { $0.path != nil }
        guard have > 0, have != record?.definition.virtualProcessors else { return }
        note { record in
            record.definition.virtualProcessors = have
            if record.definition.atNextStart?.virtualProcessors == have {
                record.definition.nextStart(processors: nil)
            }
        }
    }

    /// The places for processors, lowest first, as `query-hotpluggable-cpus` lists them.
    private func slots() async throws(HostRuntimeError) -> [ProcessorSlot] {
        try await command("query-hotpluggable-cpus").fewItems.compactMap(ProcessorSlot.init).sorted {
            $0.order.lexicographicallyPrecedes($1.order)
        }
    }

    // MARK: Memory

    private func setMemory(_ wanted: Bytes) async throws(HostRuntimeError) -> [String] {
        guard let definition = record?.definition else { return [] }
        if wanted > definition.memory, try await plug(wanted - definition.memory, in: definition) {
            try update { $0.definition.nextStart(memory: nil) }
            return []
        }
        let isThere = wanted == definition.memory
        try update { $0.definition.nextStart(memory: isThere ? nil : wanted) }
        if isThere { return [] }
        let why =
            wanted < definition.memory
            ? "memory cannot be taken from it while it runs, other than through its balloon"
            : "it has no room for more while it runs"
        return [
            "it has \(MemoryBook.mebibytes(definition.memory)), as \(why), and \(MemoryBook.mebibytes(wanted)) "
                + "from its next start"
        ]
    }

    /// False where there is no room for it.
    private func plug(
        _ size: Bytes, in definition: VirtualMachineDefinition
    ) async throws(HostRuntimeError) -> Bool {
        let place = definition.memoryModules.count
        guard let most = definition.maximumMemory, definition.memory + size <= most,
            place < QEMUCommandLine.memorySlots
        else { return false }
        guard size.count % Self.memoryStep.count == 0 else {
            throw .definition(
                field: "memory",
                problem: "while it runs, memory is added in steps of \(MemoryBook.mebibytes(Self.memoryStep)): "
                    + "\(MemoryBook.mebibytes(size)) more is none")
        }
        let (backend, device) = (QEMUCommandLine.memoryName(place), QEMUCommandLine.moduleName(place))
        try await command(
            "object-add",
            ["qom-type": "memory-backend-ram", "id": .string(backend), "size": .integer(size.count)])
        do throws(HostRuntimeError) {
            try await command(
                "device_add", ["driver": "pc-dimm", "id": .string(device), "memdev": .string(backend)])
        } catch {
            _ = try? await command("object-del", ["id": .string(backend)])
            throw error
        }
        try update {
            $0.definition.memory = $0.definition.memory + size
            $0.definition.memoryModules.append(size)
        }
        memory.note(id, definition.memory + size)
        return true
    }

    // MARK: Balloon

    func balloon(_ size: Bytes) async throws -> HostTaskAnswer {
        let state = await look()
        guard state == .running || state == .paused, let definition = record?.definition else {
            return .refused("the VM is \(state?.rawValue ?? "not known") here")
        }
        guard definition.balloon else { return .refused("the VM has no balloon: define it with one") }
        guard size >= .mebibytes(1), size <= definition.memory else {
            return .refused(
                "\(MemoryBook.mebibytes(size)) is not between 1 MiB and its \(MemoryBook.mebibytes(definition.memory))")
        }
        try await command("balloon", ["value": .integer(size.count)])
        let deadline = ContinuousClock.now + Self.balloonLimit
        while true {
            let seen = changes.rings
            let actual = BalloonReading.size(try await command("query-balloon"))
            if actual == size { return .done }
            let remaining = deadline - ContinuousClock.now
            guard remaining > .zero else {
                let now = actual.map { MemoryBook.mebibytes($0) } ?? "an unknown part"
                return .advised([
                    "the guest has \(now) so far; one without a driver for the balloon, or with no memory to spare, "
                        + "gives nothing back"
                ])
            }
            await changes.wait(after: seen, upTo: min(remaining, .milliseconds(200)))
        }
    }
}

/// One place for a processor (QEMU's qapi/machine.json, HotpluggableCPU).
struct ProcessorSlot: Hashable, Sendable {
    /// The type of device that goes there.
    var type: String
    /// Socket, core and so on, as `device_add` wants them.
    var properties: [String: JSONValue]
    /// What is there; `nil` where it is free.
    var path: String?

    private static let keys = ["socket-id", "die-id", "core-id", "thread-id"]

    init?(_ value: JSONValue) {
        guard let type = value["type"]?.plainText(limit: 200), case .object(let properties)? = value["props"] else {
            return nil
        }
        self.type = type
        self.properties = properties.filter { Self.keys.contains($0.key) }
        path = value["qom-path"]?.plainText(limit: 500)
    }

    /// Lower places are filled first and left last, so that those that are filled need only be counted.
    var order: [Int64] { Self.keys.map { properties[$0]?.whole ?? 0 } }

    /// What the device is called.
    var name: String { "vp-" + Self.keys.map { "\(properties[$0]?.whole ?? 0)" }.joined(separator: "-") }
}

extension VirtualMachineDefinition {
    /// Sets what the next start brings; `nil` for nothing.
    fileprivate mutating func nextStart(processors: Int?) {
        let size = Size(virtualProcessors: processors, memory: atNextStart?.memory)
        atNextStart = size == Size() ? nil : size
    }

    fileprivate mutating func nextStart(memory: Bytes?) {
        let size = Size(virtualProcessors: atNextStart?.virtualProcessors, memory: memory)
        atNextStart = size == Size() ? nil : size
    }
}
