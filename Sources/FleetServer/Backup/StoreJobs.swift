import FleetModel
import Logging
import TimeSeriesStore

/// A piece of work on the store as a whole, as operators see it.
public struct StoreJobView: Codable, Sendable {
    /// What is done.
    public enum Kind: String, Codable, Sendable {
        /// A backup is written.
        case backup
        /// Everything on disk is read and judged.
        case check
        /// Series are deleted.
        case delete
        /// Recorded history is played through a rule pack.
        case backtest
    }

    /// How far it is.
    public enum State: String, Codable, Sendable {
        /// It goes on.
        case running
        /// It did what it was asked.
        case done
        /// It did not.
        case failed
    }

    /// Counts up while the server runs.
    public var number: Int64
    /// What is done.
    public var kind: Kind
    /// Who asked.
    public var requestedBy: String
    /// How far it is.
    public var state = State.running
    /// When it began.
    public var began: Timestamp
    /// When it ended.
    public var ended: Timestamp?
    /// Files that there are to work on, and how many are done.
    public var files = 0
    /// How many files are done.
    public var filesDone = 0
    /// Bytes that there are to work on, as far as that is known.
    public var bytes: Int64 = 0
    /// How many bytes are done.
    public var bytesDone: Int64 = 0
    /// Why it failed.
    public var problem: String?
    /// What a check found.
    public var findings: StoreFindings?
    /// What a deletion took out.
    public var deletion: DeletionSummary?
    /// What a backtest found, once for each set of parameters.
    public var backtests: [BacktestView]?
}

/// The work on the store as a whole that operators ask for: one piece at a time, so long that nobody waits for it on a
/// connection. The last ones are remembered until the server stops.
final class StoreJobs: Sendable {
    /// What a piece of work does: tells how far it is, and writes its results into the view.
    typealias Work = @Sendable (@escaping MaintenanceReport) async throws -> @Sendable (inout StoreJobView) -> Void

    private struct State: Sendable {
        var jobs: [StoreJobView] = []
        var nextNumber: Int64 = 1
        var isClosed = false
    }

    private static let remembered = 20

    private let state = Locked(State())
    private let waiting: AsyncStream<(number: Int64, work: Work)>
    private let feed: AsyncStream<(number: Int64, work: Work)>.Continuation
    private let clock: any Clock
    private let logger: Logger

    init(clock: any Clock, logger: Logger) {
        (waiting, feed) = AsyncStream.makeStream()
        self.clock = clock
        self.logger = logger
    }

    /// Begins a piece of work. Throws `StoreError.underWay` while another goes on.
    func start(_ kind: StoreJobView.Kind, by actor: String, _ work: @escaping Work) throws(StoreError) -> StoreJobView {
        let now = clock.now
        let job = try state.withLock { state throws(StoreError) in
            if state.isClosed { throw .shuttingDown }
            if let busy = state.jobs.last, busy.state == .running {
                throw .underWay("job \(busy.number), a \(busy.kind.rawValue) of \(busy.requestedBy),")
            }
            let job = StoreJobView(number: state.nextNumber, kind: kind, requestedBy: actor, began: now)
            state.nextNumber += 1
            state.jobs = state.jobs.suffix(Self.remembered - 1) + [job]
            return job
        }
        feed.yield((job.number, work))
        return job
    }

    /// The piece of work with that number, if it is remembered.
    func job(_ number: Int64) -> StoreJobView? {
        state.withLock { state in state.jobs.first { $0.number == number } }
    }

    /// Does one piece of work after the other until it is closed.
    func run() async {
        for await (number, work) in waiting {
            let report: MaintenanceReport = { [weak self] progress in self?.note(progress, number) ?? false }
            do {
                let finish = try await work(report)
                change(number) { job in
                    finish(&job)
                    job.state = .done
                    job.ended = clock.now
                }
            } catch {
                logger.error("job \(number) on the store failed", metadata: ["reason": "\(error)"])
                change(number) { job in
                    job.problem = "\(error)"
                    job.state = .failed
                    job.ended = clock.now
                }
            }
        }
    }

    /// Lets nothing begin any more and calls off what is under way.
    func close() {
        state.withLock { $0.isClosed = true }
        feed.finish()
    }

    private func note(_ progress: MaintenanceProgress, _ number: Int64) -> Bool {
        change(number) { job in
            job.files = progress.files
            job.filesDone = progress.filesDone
            job.bytes = progress.bytes
            job.bytesDone = progress.bytesDone
        }
        return state.withLock { !$0.isClosed }
    }

    private func change(_ number: Int64, _ body: (inout StoreJobView) -> Void) {
        state.withLock { state in
            guard let place = state.jobs.firstIndex(where: { $0.number == number }) else { return }
            body(&state.jobs[place])
        }
    }
}
