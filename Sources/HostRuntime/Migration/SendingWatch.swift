import FleetModel

/// What a source does about a migration that is under way, reading by reading: a value without I/O.
struct SendingWatch: Sendable {
    /// What is to be done before the next reading.
    enum Step: Hashable, Sendable {
        case wait
        /// Cancel it: its time is over.
        case cancel
        /// Let the guest go on at the destination (`migrate-start-postcopy`).
        case goOnThere
        /// The guest is halted for its last part: let go of the disks that moved along, then go on.
        case handOverDisks
        /// Declare a stream broken that does not move (`migrate-pause`).
        case cutOff
        /// Take the broken stream up again.
        case resume(address: String)
        /// Nothing more comes of it; the reason where it is known.
        case giveUp(reason: String?)
    }

    /// How long to wait for news before another reading.
    static let longestWait = Duration.milliseconds(200)
    /// How much of a pass the next must have left for sending ahead to be worth it.
    static let worthwhileShare = 0.7
    /// How long a stream of post-copy may stand still before it is taken for broken.
    static let stillLimit = Duration.seconds(10)
    /// How long a broken one is tried again.
    static let resumeLimit = Duration.seconds(60)
    /// How long to wait between two tries.
    static let resumePause = Duration.seconds(1)

    private let migration: OutgoingMigration
    private let deadline: ContinuousClock.Instant
    private var tooLate: String?
    private var isSwitchAsked = false
    private var areDisksHandedOver = false
    private var wasPostCopied = false
    private var throttlePercent: Int?
    /// What was left at the beginning of the pass that runs, and of the one before.
    private var pass: (number: Int, remaining: Int64)?
    private var lastMove: (transferred: Bytes, at: ContinuousClock.Instant)?
    private var brokenSince: ContinuousClock.Instant?
    private var lastResume: ContinuousClock.Instant?

    init(_ migration: OutgoingMigration, since now: ContinuousClock.Instant) {
        self.migration = migration
        deadline = now + .seconds(migration.timeLimitSeconds)
    }

    /// Takes one reading and says what to do about it.
    mutating func receive(_ reading: MigrationReading, at now: ContinuousClock.Instant) -> Step {
        throttlePercent = max(throttlePercent ?? 0, reading.throttlePercent ?? 0)
        switch reading.status {
        case "completed": return .wait
        case "failed": return .giveUp(reason: reading.problem.map { "QEMU gave up sending: \($0)" })
        case "cancelled": return .giveUp(reason: tooLate ?? "sending was cancelled")
        case "none": return .giveUp(reason: "nothing is being sent")
        case "pre-switchover":
            // QEMU needs a moment to see that it may go on.
            if areDisksHandedOver { return .wait }
            areDisksHandedOver = true
            return .handOverDisks
        default: return reading.isPostCopy ? trailing(reading, at: now) : ahead(reading, at: now)
        }
    }

    /// QEMU's figures with what was seen on the way.
    func figures(of reading: MigrationReading) -> MigrationFigures {
        var figures = reading.figures
        figures.passes = reading.passes
        if let throttlePercent, throttlePercent > 0 { figures.throttlePercent = throttlePercent }
        if wasPostCopied { figures.wasPostCopied = true }
        return figures
    }

    // MARK: While the guest runs here

    private mutating func ahead(_ reading: MigrationReading, at now: ContinuousClock.Instant) -> Step {
        if now >= deadline + QEMUMachine.cancelLimit {
            return .giveUp(reason: "sending neither ended nor could be cancelled in time")
        }
        if now >= deadline {
            guard tooLate == nil else { return .wait }
            tooLate =
                "it had not ended in its time limit of \(migration.timeLimitSeconds) s "
                + "(\(reading.progress.remaining) of memory to go), so it was cancelled: the guest changes its memory "
                + "faster than the network takes it"
            return .cancel
        }
        guard migration.method.postCopy, !isSwitchAsked, hasStalled(reading) else { return .wait }
        isSwitchAsked = true
        return .goOnThere
    }

    /// Whether another pass would leave nearly as much to send as this one: seen at the beginning of each pass after
    /// the second.
    private mutating func hasStalled(_ reading: MigrationReading) -> Bool {
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

    // MARK: While the guest runs there

    private mutating func trailing(_ reading: MigrationReading, at now: ContinuousClock.Instant) -> Step {
        wasPostCopied = true
        if reading.isCutOff { return broken(at: now) }
        let transferred = reading.progress.transferred
        if reading.status == "postcopy-active" {
            brokenSince = nil
            guard let last = lastMove, last.transferred == transferred else {
                lastMove = (transferred, now)
                return .wait
            }
            if now - last.at >= Self.stillLimit {
                lastMove = nil
                return .cutOff
            }
        }
        return .wait
    }

    private mutating func broken(at now: ContinuousClock.Instant) -> Step {
        lastMove = nil
        let since = brokenSince ?? now
        brokenSince = since
        if now - since >= Self.resumeLimit {
            return .giveUp(reason: "the stream broke in post-copy and could not be taken up again")
        }
        if let lastResume, now - lastResume < Self.resumePause { return .wait }
        lastResume = now
        return .resume(address: migration.destination)
    }
}
