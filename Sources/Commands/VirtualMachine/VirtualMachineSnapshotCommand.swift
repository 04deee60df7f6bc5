import ArgumentParser
import FleetServer

/// `evenkeel vm snapshot`: copies disks as they are at one moment.
struct VirtualMachineSnapshotCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapshot", abstract: "Copies a VM's disks as they are at one moment into a folder of its host.",
        discussion: """
            The guest's file systems are brought to rest where its guest agent answers.
            Example: evenkeel vm snapshot web-1 --to /srv/backup/web-1-2026-11-26
            """)

    @OptionGroup var target: MachineOptions
    @Option(name: .customLong("to"), help: "A folder of the host that is there, by its absolute path.")
    var folder: String

    @OptionGroup var options: StepOptions

    func run() async throws {
        try await target.order("snapshot", SnapshotOrder(folder: folder), following: options)
    }
}
