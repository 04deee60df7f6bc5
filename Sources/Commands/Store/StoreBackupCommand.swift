import ArgumentParser
import FleetModel
import FleetServer

/// `evenkeel store backup`: a consistent copy of everything, while the server works on.
struct StoreBackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Lets the server write all that it keeps to a folder of its machine.",
        discussion: """
            Series, fleet state and the rules' memory, as they are when the backup begins; ingest and queries go on. The \
            folder must not be there yet, or be empty; it gets its name when everything is in it and on the disk.
            Example: evenkeel store backup /srv/backup/evenkeel-$(date +%F)
            """)

    @Argument(help: "The folder, on the server's machine, from its root on.")
    var folder: String

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let client = try server.client()
        let begun: StoreJobView = try await client.post("/fleet/v1/store/backup", BackupOrder(path: folder))
        let job = try await StoreJobWatch(client: client).end(of: begun)
        try output.show(job) { job in
            "\(folder): \(job.files) files, \(Bytes(job.bytes)), in \(job.duration)"
        }
    }
}
