import FleetModel
import Glibc

/// Asks a QEMU what it can make VMs of: one that has no machine, answers and ends, in about a tenth of a second.
struct EmulatorProbe: Sendable {
    /// QEMU, by absolute path.
    var qemu: String
    /// What VMs run under: other models can be had under KVM than under TCG.
    var accelerator: Accelerator
    /// A folder for a socket while it runs.
    var folder: String

    private static let limit = Duration.seconds(10)

    func ask() async throws(HostRuntimeError) -> EmulatorKnowledge {
        let path = "\(folder)/emulator-\(getpid()).sock"
        let log = "\(folder)/emulator-\(getpid()).log"
        let socket = try UnixSocket.listening(at: path)
        defer { for file in [path, log] { unsafe _ = unlink(file) } }
        let connection = try MonitorConnection(path: path, heard: { _ in }, ended: {})
        defer { connection.close() }
        let process = try start(socket, MachineFolder.log(at: log))
        do throws(MonitorError) {
            let knowledge = try await knowledge(over: connection)
            _ = try? await connection.execute("quit")
            await end(process)
            return knowledge
        } catch {
            await end(process)
            throw .monitor(error)
        }
    }

    private func start(_ socket: FileDescriptor, _ log: FileDescriptor) throws(HostRuntimeError) -> ProcessHandle? {
        let arguments = [
            "-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny", "-no-user-config",
            "-nodefaults", "-display", "none", "-machine", "none", "-accel", accelerator.rawValue,
            "-chardev", "socket,id=monitor,fd=3,server=on,wait=off", "-mon", "chardev=monitor,mode=control",
        ]
        return try ProcessHandle(
            try Spawn(program: qemu, arguments: arguments, output: log, passed: [socket]).start())
    }

    private func knowledge(over connection: MonitorConnection) async throws(MonitorError) -> EmulatorKnowledge {
        try await connection.ready(within: Self.limit)
        let machines = try await connection.execute("query-machines", within: Self.limit)
        let models = try await connection.execute("query-cpu-definitions", within: Self.limit)
        var knowledge = EmulatorKnowledge(
            version: connection.emulatorVersion ?? "", machines: machines, models: models)
        let usable = Set(knowledge.usableModels)
        for place in knowledge.models.indices where usable.contains(knowledge.models[place].name) {
            let model: JSONValue = ["type": "full", "model": ["name": .string(knowledge.models[place].name)]]
            guard let answer = try? await connection.execute("query-cpu-model-expansion", model),
                case .object(let flags)? = answer["model"]?["props"]
            else { continue }
            knowledge.models[place].richness = flags.values.count { $0 == true }
        }
        return knowledge
    }

    private func end(_ process: ProcessHandle?) async {
        guard let process else { return }
        if await !process.ended(within: .seconds(2)) {
            process.signal(SIGKILL)
            _ = await process.ended(within: .seconds(5))
        }
        _ = process.howItEnded()
    }
}

/// What is known of QEMUs on this machine. One that was replaced, as by an upgrade of its package, is asked anew.
actor KnownEmulators {
    private struct Key: Hashable {
        var path: String
        var accelerator: Accelerator
        var inode: UInt
        var modified: Int
        var size: Int
    }

    /// Every runtime of a process asks the same QEMU, and it answers each the same.
    static let shared = KnownEmulators()

    private var known: [Key: Task<Result<EmulatorKnowledge, HostRuntimeError>, Never>] = [:]

    /// What the QEMU of this probe knows; an answer that was had before is given again at once.
    func knowledge(_ probe: EmulatorProbe) async throws(HostRuntimeError) -> EmulatorKnowledge {
        var status = stat()
        guard unsafe stat(probe.qemu, &status) == 0 else { throw .missingQEMU(path: probe.qemu) }
        let key = Key(
            path: probe.qemu, accelerator: probe.accelerator, inode: status.st_ino, modified: status.st_mtim.tv_sec,
            size: status.st_size)
        let task =
            known[key]
            ?? Task {
                do throws(HostRuntimeError) {
                    return .success(try await probe.ask())
                } catch {
                    return .failure(error)
                }
            }
        known[key] = task
        let answer = await task.value
        // What went wrong once may go well the next time.
        if case .failure = answer { known[key] = nil }
        return try answer.get()
    }
}
