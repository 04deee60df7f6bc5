import FleetModel

/// The VMs that a machine's processes show without asking anybody who runs them: every QEMU process, with what its
/// command line says. For looking at a machine where no agent is; whether a guest runs or is paused nobody can see so.
public struct MachineSight: Sendable {
    private let procFolder: String
    private var finder = MachineFinder()
    private var buffer = ReadBuffer()
    private var known: [Int32: VirtualMachineStatus] = [:]

    /// Nothing is looked at yet. `procFolder` is where the kernel's files are.
    public init(procFolder: String = "/proc") {
        self.procFolder = procFolder
    }

    /// The VMs that there are now, by process; throws where the list of processes cannot be read.
    public mutating func look() throws(CounterError) -> [VirtualMachineStatus] {
        for (process, status) in known where commandLine(of: process).map({ Self.status(process, $0) }) != status {
            known[process] = nil
        }
        for found in try finder.find(in: procFolder, except: Set(known.keys), buffer: &buffer) {
            known[found.process] = Self.status(found.process, found.commandLine)
        }
        return known.sorted { $0.key < $1.key }.map(\.value)
    }

    private mutating func commandLine(of process: Int32) -> QEMUCommandLine? {
        guard let file = try? ProcFile("\(procFolder)/\(process)/cmdline"), let length = try? file.read(into: &buffer)
        else { return nil }
        return QEMUCommandLine(parsing: buffer.bytes.span.extracting(0..<length))
    }

    /// A VM without a name is called after its process, and so is its identity where the line gives none.
    private static func status(_ process: Int32, _ line: QEMUCommandLine) -> VirtualMachineStatus? {
        let digits = String(process)
        let tail = String(repeating: "0", count: max(0, 12 - digits.count)) + digits
        guard let id = line.id ?? VirtualMachineID("00000000-0000-0000-0000-\(tail)"),
            let name = line.name.flatMap(safeName) ?? Name("qemu-\(digits)")
        else { return nil }
        return VirtualMachineStatus(
            definition: VirtualMachineDefinition(
                id: id, name: name, virtualProcessors: line.virtualProcessors, memory: line.memory),
            state: .running, accelerator: line.accelerator, process: process, manager: "none",
            readOnly: "it was found among the machine's processes")
    }

    /// A name that is safe everywhere: what others allow in a VM's name becomes a dash.
    private static func safeName(_ text: String) -> Name<VirtualMachineKind>? {
        let safe = text.map { character in
            character.isASCII && (character.isLetter || character.isNumber) || "._-".contains(character)
                ? character : "-"
        }
        return Name(String(String(safe.drop { "._-".contains($0) }).prefix(63)))
    }
}
