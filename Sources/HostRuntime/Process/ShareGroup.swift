import FleetModel
import Glibc

/// A control group of a VM's own, by which the kernel weighs its processor time against that of others. Under systemd
/// the VM's scope is that group; this is for an agent that was started otherwise.
/// ```
/// version 2: CGROUPS/<parent of ours>/evenkeel-vm-UUID/{cpu.weight,cgroup.procs}    weight 1...10000, 100 as usual
/// version 1: CGROUPS/cpu/<ours>/evenkeel-vm-UUID/{cpu.shares,cgroup.procs}          shares 2...262144, 1024 as usual
/// ```
/// In version 2 only groups without processes have groups that are weighed, so it cannot lie in ours.
struct ShareGroup: Sendable {
    /// The group's folder.
    let folder: String
    private let isUnified: Bool
    private let parent: String

    init(_ id: VirtualMachineID, _ surroundings: HostSurroundings) {
        let root = surroundings.controlGroups
        let isUnified = unsafe access("\(root)/cgroup.controllers", F_OK) == 0
        let lines = String(decoding: SmallFile.read(surroundings.controlGroup) ?? [], as: UTF8.self)
            .split(separator: "\n")
        let own =
            lines.compactMap { line -> Substring? in
                let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
                guard parts.count == 3 else { return nil }
                let isMeant = isUnified ? parts[0] == "0" : parts[1].split(separator: ",").contains("cpu")
                return isMeant ? parts[2] : nil
            }.first ?? "/"
        self.isUnified = isUnified
        if isUnified {
            let above = own.lastIndex(of: "/").map { own[..<$0] } ?? ""
            parent = root + above
        } else {
            parent = "\(root)/cpu\(own == "/" ? "" : own)"
        }
        folder = "\(parent)/evenkeel-vm-\(id.text)"
    }

    /// Puts a process with all its threads into the group. Why that is not to be had, for a person; `nil` when it is.
    func take(_ process: Int32, shares: Int) -> String? {
        if isUnified {
            let controllers = String(decoding: SmallFile.read("\(parent)/cgroup.subtree_control") ?? [], as: UTF8.self)
            if !controllers.split(whereSeparator: \.isWhitespace).contains("cpu"),
                let problem = write("+cpu", to: "\(parent)/cgroup.subtree_control")
            {
                return problem
            }
        }
        guard unsafe mkdir(folder, 0o755) == 0 || errno == EEXIST else { return "\(folder): \(lastSystemError())" }
        let problem =
            isUnified
            ? write("\(shares)", to: "\(folder)/cpu.weight")
            : write("\(max(2, shares * 1024 / 100))", to: "\(folder)/cpu.shares")
        return problem ?? write("\(process)", to: "\(folder)/cgroup.procs")
    }

    /// Removes the group of a process that has ended; the kernel keeps one that still has processes.
    func remove() { unsafe _ = rmdir(folder) }

    private func write(_ text: String, to path: String) -> String? {
        let number = unsafe open(path, O_WRONLY | O_CLOEXEC)
        guard number >= 0 else { return "\(path): \(lastSystemError())" }
        let file = FileDescriptor(number)
        let bytes = Array(text.utf8)
        let count = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(file.number, $0.baseAddress, $0.count) }
        return count == bytes.count ? nil : "\(path): \(lastSystemError())"
    }
}
