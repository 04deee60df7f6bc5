import ArgumentParser
import FleetModel
import FleetServer

/// `evenkeel store restore`: a backup becomes the data folder of a server.
struct StoreRestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Puts a backup in place as a new data folder, without a server.",
        discussion: """
            Everything is verified before and after it is copied: each file against what the backup wrote, then each \
            page of the series. The data folder must not be there yet, or be empty.
            Example: evenkeel store restore /srv/backup/evenkeel-2026-11-25 --data /var/lib/evenkeel
            """)

    @Argument(help: "The backup's folder.")
    var folder: String

    @Option(help: "The data folder to make.")
    var data: String

    @OptionGroup var output: OutputOptions

    private struct Result: Encodable {
        let data: String
        let made: Timestamp
        let version: String
        let files: Int
        let bytes: Int64
    }

    func run() async throws {
        let manifest: BackupManifest
        do {
            manifest = try await BackupRestore(from: folder, to: data).run()
        } catch let error as BackupError {
            throw CommandFailure(error.isOfTheFileSystem ? .environment : .no, "\(error)")
        } catch {
            throw CommandFailure(.environment, "\(error)")
        }
        let result = Result(
            data: data, made: manifest.made, version: manifest.version, files: manifest.files.count,
            bytes: manifest.bytes)
        try output.show(result) { result in
            let age = Phrases.age(result.made, now: WallClock().now)
            return
                "\(data): \(result.files) files, \(Bytes(result.bytes)), as they were \(age) ago; start the server with it"
        }
    }
}

extension BackupError {
    fileprivate var isOfTheFileSystem: Bool {
        if case .failed = self { true } else { false }
    }
}
