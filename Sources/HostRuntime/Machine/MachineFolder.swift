import FleetModel
import FoundationEssentials
import Glibc

/// A VM's folder under the runtime's:
/// ```
/// UUID/machine.json   what the VM is and how it runs (MachineRecord)
///      qmp.sock       QEMU's monitor
///      console.sock   the guest's first serial port
///      agent.sock     the guest agent's port, where the VM has one
///      qemu.pid       QEMU's number, written and kept locked by itself: a second process for the VM cannot start
///      memory.saved   the guest's memory while the VM is saved, as QEMU's migration stream
///      qemu.log       what QEMU said since its last start
/// ```
struct MachineFolder: Hashable, Sendable {
    let path: String

    init(root: String, _ id: VirtualMachineID) { path = "\(root)/\(id.text)" }

    var record: String { "\(path)/machine.json" }
    var monitor: String { "\(path)/qmp.sock" }
    var console: String { "\(path)/console.sock" }
    var agent: String { "\(path)/agent.sock" }
    var pidFile: String { "\(path)/qemu.pid" }
    var memory: String { "\(path)/memory.saved" }
    var log: String { "\(path)/qemu.log" }

    func make() throws(HostRuntimeError) {
        guard unsafe mkdir(path, 0o700) == 0 || errno == EEXIST else {
            throw .system(doing: "cannot make the folder", on: path, reason: lastSystemError())
        }
    }

    /// Removes what this room put there, and the folder if nothing else is in it.
    func remove() {
        for file in [monitor, console, agent, pidFile, log, memory, record + ".new", record] { unsafe _ = unlink(file) }
        unsafe _ = rmdir(path)
    }

    /// Removes the sockets of a process that has ended.
    func removeSockets() {
        for file in [monitor, console, agent, pidFile] { unsafe _ = unlink(file) }
    }

    /// Removes the guest's memory.
    func removeMemory() { unsafe _ = unlink(memory) }

    func write(_ value: MachineRecord) throws(HostRuntimeError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(value) else {
            throw .system(doing: "cannot write", on: record, reason: "the record has no JSON form")
        }
        try SmallFile.replace(record, with: Array(data))
    }

    func read() throws(HostRuntimeError) -> MachineRecord {
        guard let bytes = SmallFile.read(record) else {
            throw .system(doing: "cannot read", on: record, reason: lastSystemError())
        }
        do {
            return try JSONDecoder().decode(MachineRecord.self, from: Data(bytes))
        } catch {
            throw .system(doing: "cannot read", on: record, reason: "\(error)")
        }
    }

    /// The log for a new process; what an earlier one said goes.
    func newLog() throws(HostRuntimeError) -> FileDescriptor { try Self.log(at: log) }

    static func log(at path: String) throws(HostRuntimeError) -> FileDescriptor {
        let number = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0o600)
        guard number >= 0 else { throw .system(doing: "cannot write", on: path, reason: lastSystemError()) }
        return FileDescriptor(number)
    }

    /// The last lines that QEMU wrote, without what could upset a terminal.
    func lastLogLines(_ count: Int = 5) -> String {
        let lines = (SmallFile.read(log) ?? []).split(separator: 0x0a).suffix(count)
        let clean = lines.map { line in line.suffix(500).map { (0x20...0x7e).contains($0) ? $0 : 0x3f } }
        return clean.map { String(decoding: $0, as: UTF8.self) }.joined(separator: " | ")
    }

    /// The VM's process, if it is alive: `recorded` or the number in the pid file, whichever is a process that was
    /// started with this folder's pid file.
    func process(recorded: Int32?) throws(HostRuntimeError) -> ProcessHandle? {
        let written = SmallFile.read(pidFile).flatMap { bytes in
            Int32(String(decoding: bytes.prefix { (0x30...0x39).contains($0) }, as: UTF8.self))
        }
        for identifier in [recorded, written].compactMap({ $0 }) where identifier > 1 {
            if let handle = try ProcessHandle(identifier), handle.arguments.contains(pidFile) { return handle }
        }
        return nil
    }
}
