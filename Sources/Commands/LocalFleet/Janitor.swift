import ArgumentParser
import FleetModel
import Foundation

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
        try await endAllThatName(path + "/")
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

    /// Ends every process with that text in its command line: QEMUs, in whatever state their VMs are, and probes. Only
    /// this fleet's can have it, for the folder's name is random; and nobody is left to start another.
    private func endAllThatName(_ text: String) async throws {
        let clock = WallClock()
        while true {
            let found = try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { Int32($0) }.filter {
                let line = FileManager.default.contents(atPath: "/proc/\($0)/cmdline") ?? Data()
                return $0 != getpid() && String(decoding: line, as: UTF8.self).contains(text)
            }
            if found.isEmpty { return }
            for process in found { kill(process, SIGKILL) }
            try await clock.sleep(for: .milliseconds(20))
        }
    }
}
