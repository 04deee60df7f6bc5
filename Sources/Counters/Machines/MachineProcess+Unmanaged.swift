import FleetModel

extension MachineProcess {
    /// The VM of a process that no provider manages, as far as `/proc` shows it: what its command line says, and whether
    /// its virtual processors have ever run. `nil` where the process is not a QEMU machine.
    ///
    /// Anybody on the host can start a process with any command line: what is taken of it fits into a report, and an
    /// identity that is `taken` by another VM is not believed.
    func unmanagedStatus(besides taken: Set<VirtualMachineID>) -> VirtualMachineStatus? {
        guard let line = commandLine, let name = Self.name(line.name, process) else { return nil }
        let claimed = line.identity.flatMap { taken.contains($0) ? nil : $0 }
        let definition = VirtualMachineDefinition(
            id: claimed ?? Self.identity(process, start), name: name, virtualProcessors: line.virtualProcessors,
            memory: min(max(line.memory, .mebibytes(1)), .gibibytes(1 << 20)),
            accelerator: accelerator.map { $0 == .kvm ? .kvm : .tcg } ?? .auto,
            machine: Self.plain(line.machineType), processorModel: Self.plain(line.processorModel))
        let hasRun = virtualProcessors.contains { $0.runSeconds > 0.1 }
        return VirtualMachineStatus(
            definition: definition, state: line.isIncoming && !hasRun ? .incoming : .running, accelerator: accelerator,
            residentMemory: residentMemory, process: process, manager: "none",
            readOnly: "nobody manages its process \(process): Evenkeel only looks at it")
    }

    /// A word of a command line without anything that is none.
    private static func plain(_ text: String?) -> String {
        String((text ?? "").filter { $0.isASCII && ($0.isLetter || $0.isNumber || "._-+:".contains($0)) }.prefix(64))
    }

    /// A name that labels and paths can carry.
    private static func name(_ text: String?, _ process: Int32) -> Name<VirtualMachineKind>? {
        let cleaned = (text ?? "").map { $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) ? $0 : "-" }
        let name = String(cleaned.drop { !$0.isLetter && !$0.isNumber }.prefix(63))
        return Name(name) ?? Name("qemu-\(process)")
    }

    /// An identity for a machine that was started without one: its process on this machine until it ends (a UUID of
    /// version 8, RFC 9562).
    private static func identity(_ process: Int32, _ start: Int64) -> VirtualMachineID {
        func digits(_ value: UInt64, _ count: Int) -> String {
            let text = String(value, radix: 16)
            return String(repeating: "0", count: max(0, count - text.count)) + text.suffix(count)
        }
        let text =
            digits(UInt64(UInt32(bitPattern: process)), 8) + "-0000-8000-8000-"
            + digits(UInt64(bitPattern: start), 12)
        var generator = SystemRandomNumberGenerator()
        return VirtualMachineID(text) ?? .random(using: &generator)
    }
}
