import Delivery
import FleetModel
import Foundation
import Logging

/// Keeps the book of foreign alerts: takes batches, writes their series, and lets them outlive the server in a file.
final class EventDesk: Sendable {
    let limits: ForeignAlertLimits
    private let path: String
    private let clock: any Clock
    private let logger: Logger
    private let book: Locked<EventBook>
    /// Held while the file is written, so that an older state never replaces a newer one.
    private let saving = Locked(())

    /// Goes on from what an earlier run left at `path`. A file that cannot be read is an error, not a fresh start: a
    /// forgotten alert would close its tip.
    init(path: String, limits: ForeignAlertLimits, clock: any Clock, logger: Logger) throws {
        self.path = path
        self.limits = limits
        self.clock = clock
        self.logger = logger
        guard FileManager.default.fileExists(atPath: path) else {
            book = Locked(EventBook())
            return
        }
        do {
            let data = try Data(contentsOf: URL(fileURLWithPath: path))
            book = Locked(try JSONDecoder().decode(EventBook.self, from: data))
        } catch {
            throw ServerError.unreadable(
                path, error,
                "It holds alerts that others pushed; put it back from a backup, or move it away to begin without them")
        }
    }

    /// Takes in a batch; what is news is on disk when it returns. Throws `ServerError`.
    func receive(_ alerts: [ForeignAlert]) throws -> EventBook.Receipt {
        let now = clock.now
        let receipt = book.withLock { $0.receive(alerts, at: now, atMost: limits.active) }
        if receipt.changes > 0 { try save() }
        return receipt
    }

    /// What is active now, by labels.
    var active: [EventBook.Event] {
        let now = clock.now
        return book.withLock { $0.active(at: now) }
    }

    /// Writes the series of one round. A failure is told to the log and holds nobody up: the next round tries again.
    func write(at moment: Timestamp, naming names: EventNames, to sink: any SeriesSink) async {
        do {
            let before = book.withLock { book in
                book.forgetEnded(at: moment)
                return book
            }
            let samples = before.samples(at: moment, naming: names)
            if samples.isEmpty { return }
            try await sink.append(samples)
            book.withLock { $0.note(written: samples) }
            try save()
        } catch {
            logger.error("foreign alerts cannot be written as series", metadata: ["reason": "\(error)"])
        }
    }

    private func save() throws {
        try saving.withLock { _ in
            let book = book.withLock { $0 }
            do {
                try DurableFile.replace(path, with: Array(JSONEncoder().encode(book)))
            } catch {
                throw ServerError.damagedFile(path: path, reason: "\(error)")
            }
        }
    }
}
