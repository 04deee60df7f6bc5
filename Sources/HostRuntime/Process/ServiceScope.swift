import FleetModel
import Glibc

/// Keeps VMs out of the agent's own control group when the agent is a service of systemd's: each is started through
/// `systemd-run --scope`, which registers its own process as a scope and then becomes QEMU by exec. So the process id,
/// the descriptors, the environment, the user and the logical processors all stay (systemd-run(1)).
///
/// In the service's control group a VM would share the agent's limits, be ended with it by `systemctl kill`, by the
/// memory killer's `OOMPolicy=` or by a unit file without `KillMode=process`, and its work would count as the agent's.
/// Where no scope is to be had the VM is therefore refused, with what to do: who starts it sees that at once, and a
/// migration goes on at its source. A VM that dies at the next upgrade of the agent would be seen too late.
struct ServiceScope: Hashable, Sendable {
    /// Whose manager makes the scope.
    enum Manager: Hashable, Sendable {
        /// The machine's. It takes root, or a right that is as good as root's: see `systemd/50-evenkeel.rules`.
        case system
        /// The agent's user's own, which stays for as long as the machine runs where that user lingers
        /// (`loginctl enable-linger`). It takes no right at all. The folder is its run-time one.
        case user(folder: String)
    }

    let manager: Manager
    /// `systemd-run`, by absolute path.
    let program: String

    /// `nil` where this process is no service: started from a shell, in a container, under another service manager.
    ///
    /// `INVOCATION_ID` alone does not show it, since every terminal of a desktop has inherited one; the control group
    /// does: `0::/system.slice/evenkeel-agent.service` (version 2), `1:name=systemd:/...` (version 1).
    init?(_ surroundings: HostSurroundings) {
        guard surroundings.invocation != nil, unsafe access(surroundings.systemd, F_OK) == 0 else { return nil }
        let groups = String(decoding: SmallFile.read(surroundings.controlGroup) ?? [], as: UTF8.self)
        let path = groups.split(separator: "\n").compactMap { line in
            ["0::", "1:name=systemd:"].first { line.hasPrefix($0) }.map { line.dropFirst($0.count) }
        }.first { $0 != "/" }
        let units = (path ?? "").split(separator: "/").filter { $0.hasSuffix(".service") || $0.hasSuffix(".scope") }
        guard let own = units.last, own.hasSuffix(".service") else { return nil }
        program = surroundings.systemdRun
        let folder = "\(surroundings.userFolders)/\(surroundings.user)"
        let hasOwnManager = unsafe access("\(folder)/systemd/private", F_OK) == 0
        // A service of the user's manager can only be helped by that one.
        let isUsers = units.dropLast().contains { $0.hasPrefix("user@") }
        manager = isUsers || surroundings.user != 0 && hasOwnManager ? .user(folder: folder) : .system
    }

    /// The unit of a VM.
    static func unit(_ id: VirtualMachineID) -> String { "evenkeel-vm-\(id.text).scope" }

    /// What `systemd-run` is started with to become `command`. `keepsDollars` is for a systemd that would replace `$NAME`
    /// in the arguments and takes an option against it.
    func arguments(
        for command: [String], _ definition: VirtualMachineDefinition, keepsDollars: Bool = false
    ) -> [String] {
        var arguments = ["--scope", "--quiet", "--collect", "--no-ask-password"]
        if case .user = manager { arguments.insert("--user", at: 0) }
        if keepsDollars { arguments.append("--expand-environment=no") }
        arguments += [
            "--unit=\(Self.unit(definition.id))", "--slice=machine.slice",
            "--description=Evenkeel VM \(definition.name.text)",
            // What a VM takes is then counted by its control group, whatever the machine's defaults are.
            "--property=CPUAccounting=yes", "--property=MemoryAccounting=yes", "--property=IOAccounting=yes",
            // QEMU has threads for virtual processors and up to 64 for each kind of work.
            "--property=TasksMax=16384",
        ]
        if let shares = definition.shares { arguments.append("--property=CPUWeight=\(shares)") }
        return arguments + ["--"] + command
    }

    /// What QEMU's environment needs besides ours for `systemd-run` to find the manager.
    var environment: [String: String] {
        if case .user(let folder) = manager { ["XDG_RUNTIME_DIR": folder] } else { [:] }
    }

    /// Why the scope was not made, out of what a process that has ended wrote; `nil` where QEMU had begun, whose lines
    /// all carry its name.
    func problem(in log: String, qemu: String) -> HostRuntimeError? {
        let name = qemu.split(separator: "/").last.map(String.init) ?? qemu
        guard !log.isEmpty, !log.contains("\(name):") else { return nil }
        // A scope whose process has just ended is still there for a moment.
        let isInUse = log.contains("already loaded") || log.contains("already exists")
        return .scope(reason: log, advice: advice, isInUse: isInUse)
    }

    /// The program is there, or the error that says what to do.
    func check() throws(HostRuntimeError) {
        guard unsafe access(program, X_OK) == 0 else {
            throw .scope(reason: "\(program): \(lastSystemError())", advice: advice, isInUse: false)
        }
    }

    private var advice: String {
        switch manager {
        case .system:
            "let the agent's user have a service manager of its own (loginctl enable-linger USER, then restart the "
                + "agent), or allow it to make scopes (systemd's 50-evenkeel.rules, as good as root), or run it as root"
        case .user(let folder):
            "look after the user's service manager in \(folder) (loginctl enable-linger USER, systemctl status user@UID)"
        }
    }

    /// Whether the program replaces `$NAME` in arguments unless told otherwise: the option came with systemd 254, and
    /// later versions do so for scopes too. `version` is what it says to `--version`: `systemd 254 (254.1-1)`.
    static func expandsDollars(version: String) -> Bool {
        let words = version.split(whereSeparator: \.isWhitespace)
        guard words.count > 1, words[0] == "systemd" else { return false }
        return (Int(words[1].prefix { $0.isNumber }) ?? 0) >= 254
    }
}
