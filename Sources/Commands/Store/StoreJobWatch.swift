import FleetModel
import FleetServer

/// Waits for a piece of work on the server's store, and shows how far it is where somebody looks.
struct StoreJobWatch {
    private static let interval = Duration.milliseconds(250)

    let client: ServerClient
    private let isSeen = TerminalSize.isErrorTerminal

    /// Returns the job once it has ended; throws when it failed.
    func end(of begun: StoreJobView) async throws -> StoreJobView {
        var job = begun
        let clock = WallClock()
        while job.state == .running {
            show(job)
            try await clock.sleep(for: Self.interval)
            job = try await client.get("/fleet/v1/store/jobs/\(job.number)")
        }
        if isSeen { StandardError.write("\r\u{1b}[K") }
        if let problem = job.problem { throw CommandFailure(.no, problem) }
        return job
    }

    private func show(_ job: StoreJobView) {
        guard isSeen else { return }
        let share = job.bytes > 0 ? Double(job.bytesDone) / Double(job.bytes) : nil
        let far = share.map { "\(Phrases.percent(min($0, 1))) of \(Bytes(job.bytes))" } ?? "file \(job.filesDone)"
        StandardError.write("\r\u{1b}[K\(job.kind.rawValue): \(far), \(job.filesDone) of \(job.files) files")
    }
}

extension StoreJobView {
    /// How long it took, for a person.
    var duration: String {
        guard let ended else { return Phrases.unknown }
        let milliseconds = (ended - began).milliseconds
        return "\(milliseconds / 1000).\(milliseconds % 1000 / 100) s"
    }
}
