import FleetModel

/// What a source does about a migration that is under way, look by look: a value without I/O.
struct OutgoingWatch: Sendable {
    /// What is to be done before the next look.
    enum Step: Hashable, Sendable {
        case wait
        /// Say how long the guest may be halted: only a migration that runs takes that.
        case limitDowntime
        /// Stop sending: its time is over, or somebody does not want it.
        case abort
        /// Let the guest go on at the destination.
        case goOnThere
        /// Nothing more comes of it in any time that may be waited for: the reason.
        case giveUp(String)
    }

    /// How much of a pass the next must have left for sending ahead to be worth it.
    static let worthwhileShare = 0.7
    /// How long libvirt has to stop, once it was told to.
    static let abortLimit = Duration.seconds(20)

    private let migration: OutgoingMigration
    private let deadline: ContinuousClock.Instant
    private(set) var last: JobReading?
    private(set) var isPostCopy = false
    /// Why it was aborted, where its time was over.
    private(set) var tooLate: String?
    private var isDowntimeLimited = false
    /// What was left at the beginning of the pass that runs.
    private var pass: (number: Int, remaining: Int64)?

    init(_ migration: OutgoingMigration, since now: ContinuousClock.Instant) {
        self.migration = migration
        deadline = now + .seconds(migration.timeLimitSeconds)
    }

    /// Takes one look and says what to do about it.
    mutating func receive(
        _ reading: JobReading, _ place: VirtualMachineState, isCancelled: Bool, at now: ContinuousClock.Instant
    ) -> Step {
        if place == .trailing { isPostCopy = true }
        let isSending = reading.isUnderWay && reading.job == .sending
        if isSending { last = reading }
        // A guest that goes on at the destination cannot be had back.
        if isPostCopy { return .wait }
        if now >= deadline + Self.abortLimit {
            return .giveUp(tooLate ?? "sending neither ended nor could be cancelled in its time limit")
        }
        if now >= deadline, tooLate == nil {
            let left = last.map { "\($0.progress.remaining) to go" } ?? "nothing was sent yet"
            tooLate =
                "it had not ended in its time limit of \(migration.timeLimitSeconds) s (\(left)), so it was cancelled"
        }
        guard isSending else { return .wait }
        if tooLate != nil || isCancelled { return .abort }
        if !isDowntimeLimited {
            isDowntimeLimited = true
            return .limitDowntime
        }
        guard migration.method.postCopy, migration.method.kind == .live, hasStalled(reading) else { return .wait }
        isPostCopy = true
        return .goOnThere
    }

    /// The guest did not go on at the destination after all: it is watched as before.
    mutating func staysHere() { isPostCopy = false }

    /// Whether another pass would leave nearly as much to send as this one: seen at the beginning of each pass after
    /// the second.
    private mutating func hasStalled(_ reading: JobReading) -> Bool {
        let remaining = reading.progress.remaining.count
        guard let before = pass else {
            pass = (reading.passes, remaining)
            return false
        }
        guard reading.passes > before.number else { return false }
        pass = (reading.passes, remaining)
        // The first pass sends everything, so what the second finds says nothing yet.
        guard before.number >= 2 else { return false }
        return Double(remaining) > Self.worthwhileShare * Double(before.remaining)
    }

    /// libvirt's figures with what was seen on the way.
    func figures(_ ended: JobReading?, since began: ContinuousClock.Instant, at now: ContinuousClock.Instant)
        -> MigrationFigures
    {
        var figures =
            (ended ?? last)?.figures
            ?? MigrationFigures(totalMilliseconds: 0, downtimeMilliseconds: 0, transferred: .zero)
        if figures.totalMilliseconds == 0 {
            figures.totalMilliseconds = Int(((now - began).inSeconds * 1000).rounded())
        }
        if let throttle = last?.figures.throttlePercent {
            figures.throttlePercent = max(figures.throttlePercent ?? 0, throttle)
        }
        if isPostCopy { figures.wasPostCopied = true }
        return figures
    }
}
