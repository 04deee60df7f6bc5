import FleetModel

/// What can go wrong between this room and the processes, files and sockets of a host. Every description names the
/// thing and, where a person can do something about it, what.
public enum HostRuntimeError: Error, Hashable, Sendable {
    /// QEMU is not installed, or not where the configuration says.
    case missingQEMU(path: String)
    /// A system call failed: what was being done to what, and the system's own words.
    case system(doing: String, on: String, reason: String)
    /// A Unix socket's path would be longer than the kernel takes (107 bytes).
    case socketPathTooLong(String)
    /// Another agent holds this folder.
    case folderInUse(String)
    /// A value of a VM's definition that cannot be run: the field, and what is wrong with it.
    case definition(field: String, problem: String)
    /// A folder that copies of disks cannot go to, and why.
    case copies(folder: String, problem: String)
    /// A migration address that is not `tcp:HOST:PORT`, or may not be used as it is.
    case migrationAddress(String, problem: String)
    /// A migration that cannot be made as it is wanted, and why.
    case migration(String)
    /// QEMU ended when it should have been running: how, and the last lines of its log.
    case ended(status: String, log: String)
    /// The monitor (QMP) did not do as asked.
    case monitor(MonitorError)
    /// The agent is a service of systemd's and cannot give the VM a scope of its own: why, and what to do. `isInUse` where
    /// the scope of an earlier process is still there.
    case scope(reason: String, advice: String, isInUse: Bool)
    /// An explicit accelerator that is not to be had on this host.
    case accelerator(String)
}

extension HostRuntimeError: CustomStringConvertible {
    /// The problem for a person.
    public var description: String {
        switch self {
        case .missingQEMU(let path):
            "there is no QEMU at \(path): install the package qemu-system-x86 (apt-get install qemu-system-x86), "
                + "or name its path in the configuration"
        case .system(let doing, let thing, let reason):
            "\(doing) \(thing): \(reason)"
        case .socketPathTooLong(let path):
            "the socket path \(path) has \(path.utf8.count) bytes and may have 107: choose a shorter folder for VMs"
        case .folderInUse(let path):
            "\(path) is in use by another agent: two agents must not run the same VMs; stop the other one"
        case .definition(let field, let problem):
            "the VM's \(field): \(problem)"
        case .copies(let folder, let problem):
            "the disks cannot be copied to '\(folder)': \(problem)"
        case .migrationAddress(let address, let problem):
            "the migration address '\(address)': \(problem)"
        case .ended(let status, let log):
            log.isEmpty ? "QEMU ended (\(status)) and wrote nothing" : "QEMU ended (\(status)): \(log)"
        case .monitor(let error):
            error.description
        case .accelerator(let reason), .migration(let reason):
            reason
        case .scope(let reason, _, isInUse: true):
            "the VM's scope is still in use (\(reason)): a process of it has not ended; look with systemd-cgls"
        case .scope(let reason, let advice, isInUse: false):
            "the VM was not started, as it would end with the agent's service: systemd gave it no scope of its own "
                + "(\(reason)). To do: \(advice)"
        }
    }
}
