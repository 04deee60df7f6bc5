import ArgumentParser
import FleetModel
import Foundation
import HostRuntime
import Logging

/// `evenkeel tidy-local-fleet`: waits until whoever started it is gone, however that came, and removes what it left:
/// its processes, the VMs below its folder, and the folder. It hears of each process by its number on a line of its
/// standard input; the end of that input is the sign.
struct JanitorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "tidy-local-fleet", shouldDisplay: false)

    /// How long servers and agents, whose input ends as well, have to end by themselves.
    private static let patience: Duration = .seconds(10)

    @Argument var path: String

    func validate() throws {
        let name = URL(fileURLWithPath: path).lastPathComponent
        guard name.hasPrefix(FleetFolder.prefix) else { throw ValidationError("\(path) is not a local fleet's folder") }
    }

    func run() async throws {
        for number in [SIGINT, SIGTERM, SIGHUP, SIGPIPE] { signal(number, SIG_IGN) }
        var processes: [Int32] = []
        while let line = readLine() { processes += Int32(line).map { [$0] } ?? [] }
        for process in processes { try await end(process) }
        for host in try FileManager.default.contentsOfDirectory(atPath: path) {
            let machines = "\(path)/\(host)/vms"
            if FileManager.default.fileExists(atPath: machines) { try await stopMachines(in: machines) }
        }
        try FleetFolder(existing: path).remove()
    }

    /// Waits until a process has ended, and ends it by force when it takes too long.
    private func end(_ process: Int32) async throws {
        let clock = WallClock()
        let deadline = clock.now + Self.patience
        while isOurs(process) {
            if clock.now > deadline { kill(process, SIGKILL) }
            try await clock.sleep(for: .milliseconds(20))
        }
    }

    /// Whether the number still is a process that runs this executable, and not somebody else's or a dead one's.
    private func isOurs(_ process: Int32) -> Bool {
        let link = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process)/exe")
        return link == Daemon.executable
    }

    private func stopMachines(in folder: String) async throws {
        let quiet = Logger(label: "evenkeel.janitor", factory: { _ in SwiftLogNoOpLogHandler() })
        let runtime = try QEMURuntime(RuntimeConfiguration(folder: folder), log: quiet)
        for status in await runtime.virtualMachines() {
            _ = await runtime.perform(.stop(status.definition.id, force: true), progress: { _ in })
        }
    }
}
