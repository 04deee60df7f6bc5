import FleetModel

/// A live migration as a synchronous state machine: events go in, asks to the two hosts come out.
///
/// ```
/// prepareIncoming@destination -> send@source -> inspect@destination -> releaseSource@source -> succeeded
///                                  |  not sent      |  guest is not there
///                                  v                v
///                          inspect@source     abandonIncoming@destination
///                                  |                |  done: its process is known to be gone
///        still there: abandonIncoming@destination   v
///                                  |          resumeSource@source; recover@source where its process has died
///                                  v                v
///                           failed or cancelled, the VM is at the source
/// ```
/// A quick migration has `load@destination` after `send`. In post-copy the guest runs at the destination while `send`
/// still goes on; a stream that breaks then is taken up again by another `send`, and where that does not help or the
/// source has died, the guest is lost: `recover@destination` starts the VM anew there if its policy says so.
///
/// The rule behind every arrow is that a VM runs in exactly one place: the source is ended only after the destination
/// was seen to have the guest, and the source is resumed only after the destination's process is known to be gone.
/// Where neither can be shown the guest stays halted, and the outcome says so.
///
/// Each ask is answered exactly once, maybe much later. The value is its own checkpoint: decode it, ask everything in
/// ``outstanding`` again, go on.
public struct MigrationMachine: Codable, Sendable, Hashable {
    /// One of the two hosts of a migration.
    public enum Side: String, Codable, Sendable, Hashable {
        /// Where the VM comes from.
        case source
        /// Where it goes.
        case destination
    }

    /// What happens to a migration.
    public enum Event: Sendable, Hashable {
        /// Go.
        case begin
        /// A host has answered an ask.
        case answered(Side, HostTask, HostTaskAnswer)
        /// Somebody does not want it any more; heeded as long as the guest has not left the source.
        case cancel(reason: String)
    }

    /// What is to be done about it, in order.
    public enum Action: Sendable, Hashable {
        /// Ask the host on this side to do this.
        case ask(Side, HostTask)
        /// Something for the operation's log.
        case log(String)
        /// The end; nothing follows it.
        case finish(MigrationOutcome)
    }

    /// How often an unclear answer is asked for again before the machine stops waiting for a clear one.
    static let patience = 20
    /// How often the destination is asked to give up a process that it does not say clearly about.
    static let decisions = 8
    /// How often a stream that breaks in post-copy is taken up again.
    static let resumptionLimit = 3
    /// How much longer than the source the destination waits before it gives up by itself, in seconds.
    static let destinationMarginSeconds = 60

    /// What was wanted.
    public let request: MigrationRequest
    /// How it ended; `nil` while it runs.
    public internal(set) var outcome: MigrationOutcome?
    var phase = Phase.notBegun
    var asks: [Ask] = []
    var cancelReason: String?
    var unclearAnswers = 0
    var decisionsAsked = 0
    /// Where the destination listens, once it does.
    var address: String?
    /// Where it awaits the VM's local disks.
    var disks: String?
    /// How often a stream that had broken in post-copy was taken up again.
    var resumptions: Int?

    /// A migration that has not begun.
    public init(_ request: MigrationRequest) {
        self.request = request
    }

    /// What has been asked and not been answered: to be asked again after a crash of whoever asks.
    public var outstanding: [(Side, HostTask)] { asks.map { ($0.side, $0.task) } }

    /// Whether the destination was asked to wait for the guest and has not answered: nothing can have left the source.
    public var isPreparing: Bool { if case .preparing = phase { outcome == nil } else { false } }

    /// Why somebody does not want it any more; `nil` where nobody said so in time.
    public var cancellation: String? { cancelReason }

    /// Takes one event and says what to do about it.
    public mutating func receive(_ event: Event) -> [Action] {
        guard outcome == nil else { return [] }
        switch event {
        case .begin: return begin()
        case .cancel(let reason): return cancel(reason)
        case .answered(let side, let task, let answer):
            // An answer that nothing waits for is a repetition.
            guard let place = asks.firstIndex(of: Ask(side: side, task: task)) else { return [] }
            asks.remove(at: place)
            return proceed(after: task, answer)
        }
    }

    private mutating func begin() -> [Action] {
        guard case .notBegun = phase else { return [] }
        enter(.preparing)
        var incoming = IncomingMigration(
            definition: request.definition, accelerator: request.accelerator,
            timeLimitSeconds: request.timeLimitSeconds + Self.destinationMarginSeconds, method: request.method,
            emulatorVersion: request.emulatorVersion, manager: request.manager)
        incoming.diskSizes = request.diskSizes
        return [
            .log("asking \(request.destination) to wait for \(request.definition.name)"),
            ask(.destination, .prepareIncoming(incoming)),
        ]
    }

    private mutating func cancel(_ reason: String) -> [Action] {
        guard cancelReason == nil else { return [] }
        switch phase {
        case .notBegun:
            return finish(.cancelled(reason: reason))
        case .preparing:
            cancelReason = reason
            return [.log("cancelled before the VM left: \(reason)")]
        case .sending(let ended) where ended == nil:
            cancelReason = reason
            return [.log("cancelling: \(reason)"), ask(.source, .cancelSend(virtualMachine))]
        default:
            return [.log("too late to cancel (\(reason)): the migration is coming to its end")]
        }
    }

    var virtualMachine: VirtualMachineID { request.definition.id }

    mutating func ask(_ side: Side, _ task: HostTask) -> Action {
        asks.append(Ask(side: side, task: task))
        return .ask(side, task)
    }

    mutating func finish(_ outcome: MigrationOutcome) -> [Action] {
        enter(.ended)
        self.outcome = outcome
        return [.finish(outcome)]
    }

    /// Goes on to another phase, with new patience.
    mutating func enter(_ next: Phase) {
        phase = next
        unclearAnswers = 0
    }

    /// Counts an answer that does not say what is needed; false when there have been too many of them.
    mutating func mayAskAgain() -> Bool {
        unclearAnswers += 1
        return unclearAnswers <= Self.patience
    }
}

extension MigrationMachine {
    /// An ask that has not been answered.
    struct Ask: Codable, Sendable, Hashable {
        var side: Side
        var task: HostTask
    }

    /// What is known of the source once sending has ended.
    enum SourceHold: String, Codable, Sendable, Hashable {
        /// The guest is halted there, whole, and could go on.
        case handedOver
        /// Its process is gone; the VM is still defined there.
        case dead
        /// The guest went on at the destination, and the rest of its memory is still there.
        case trailing
        /// The source does not know the VM, or does not say.
        case lost
    }

    /// What the machine is waiting for.
    enum Phase: Codable, Sendable, Hashable {
        case notBegun
        /// The destination's process.
        case preparing
        /// The end of sending; `ended` holds it while the answer to a cancellation is still due.
        case sending(ended: HostTaskAnswer?)
        /// The end of loading what a quick migration has saved.
        case loading(figures: MigrationFigures)
        /// Whether the source still has the guest, after sending did not succeed.
        case locating(reason: String)
        /// Whether the destination has the guest. `trouble` says why that is in doubt.
        case confirming(SourceHold, figures: MigrationFigures?, trouble: String?)
        /// The end of the waiting process at the destination, the guest being at the source.
        case clearing(MigrationOutcome)
        /// The end of the waiting process at the destination, which decides where the guest goes on.
        case deciding(SourceHold, figures: MigrationFigures?, reason: String, endedThere: Bool)
        /// The guest's going on at the source; `looking` while the source is asked whether it does.
        case resuming(reason: String, looking: Bool)
        /// A new start of the VM, whose guest is lost, on this side.
        case recovering(Side, SourceHold, reason: String)
        /// The end of the source's process; `looking` while the source is asked whether it has ended.
        case releasing(MigrationOutcome, looking: Bool)
        case ended
    }
}
