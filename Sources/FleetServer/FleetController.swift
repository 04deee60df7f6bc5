import FleetModel
import Logging
import Remediation

/// The shell around the control loop: hands it events one at a time, carries out what it decides in order, and answers
/// those who asked. The loop is a value, so a decision that cannot be made durable is forgotten and made again later.
actor FleetController {
    /// What readers see: the loop after the last event that was carried out whole.
    nonisolated let view: Locked<FleetView>
    /// What became of tips and operations.
    nonisolated let tally = Locked(FleetTally())

    private var loop: ControlLoop
    private let store: any StateStore
    private let board: CommandBoard
    private let clock: any Clock
    private let logger: Logger
    /// Hears of every tip that is new or changed, once that is stored.
    private let watch: @Sendable (Tip) -> Void
    /// Who runs plug-ins; answers by `receive`.
    nonisolated let plugIns = PlugInQueue()
    /// A stop that the store did not take: who asks for it, and what; asked for again before every other event.
    private var unstoredStop: (actor: String, kind: ControlRequest.Kind)?
    private var nextRequest: Int64 = 0
    private var isBusy = false
    private var queue: [CheckedContinuation<Void, Never>] = []
    /// What the log said of each open tip last: it tells of changes, not of every look.
    private var loggedStates: [Int64: TipState] = [:]

    init(
        loop: ControlLoop, store: any StateStore, board: CommandBoard, clock: any Clock, logger: Logger,
        watch: @escaping @Sendable (Tip) -> Void = { _ in }
    ) {
        self.watch = watch
        self.loop = loop
        self.store = store
        self.board = board
        self.clock = clock
        self.logger = logger
        view = Locked(FleetView(loop))
    }

    /// Reads what the store holds and goes on from there.
    func restore() async throws {
        try await receive(.restored(try await store.load(), time: clock.now))
    }

    /// Feeds one event; returns when everything that follows from it is done. Throws what the store throws: then
    /// nothing has happened.
    func receive(_ event: ControlEvent) async throws {
        await takeTurn()
        defer { passTurn() }
        await storeStop()
        _ = try await carryOut(event)
    }

    /// Notes that a host is about to be told these commands; returns those that it still is to be told.
    func handOut(_ commands: [AgentCommand]) async throws -> [AgentCommand] {
        if commands.isEmpty { return [] }
        try await receive(.handedOut(commands.map(\.number), time: clock.now))
        return commands.filter { loop.isOpen(command: $0.number) }
    }

    /// Why `report` cannot be its host's; `nil` when it can.
    func objection(to report: HostReport) -> String? { loop.objection(to: report) }

    /// Looks at the loop as it is; nothing is changed. What takes long holds up nothing: it has a copy.
    nonisolated func look<Answer: Sendable>(
        _ body: @Sendable (ControlLoop, Timestamp) -> Answer
    ) async -> Answer {
        let (loop, time) = await copy
        return body(loop, time)
    }

    private var copy: (ControlLoop, Timestamp) { (loop, clock.now) }

    /// Asks on behalf of `actor`.
    func request(_ kind: ControlRequest.Kind, by actor: String) async throws -> ControlReply {
        await takeTurn()
        defer { passTurn() }
        await storeStop()
        do {
            return try await ask(kind, by: actor)
        } catch {
            guard case .hold(.fleet, let reason, _) = kind else { throw error }
            // An operator's stop holds from this second on, whatever the disk says.
            if case .hold(_, _, true)? = unstoredStop?.kind {} else { unstoredStop = (actor, kind) }
            _ = try await carryOut(.stopNotStored(by: actor, reason: reason, time: clock.now))
            return .stoppedInMemory("\(error)")
        }
    }

    /// Asks for the stop again that the store did not take. What stands against it is in the log and in the status.
    private func storeStop() async {
        guard let stop = unstoredStop else { return }
        guard (try? await ask(stop.kind, by: stop.actor)) != nil else { return }
        unstoredStop = nil
        logger.notice("the stop that the disk did not take is written down", metadata: ["actor": "\(stop.actor)"])
    }

    private func ask(_ kind: ControlRequest.Kind, by actor: String) async throws -> ControlReply {
        nextRequest += 1
        let id = nextRequest
        let event = ControlEvent.request(ControlRequest(id: id, actor: actor, time: clock.now, kind: kind))
        guard let reply = try await carryOut(event)[id] else {
            return .refused("the request was not answered; this is a defect of the server")
        }
        return reply
    }

    private func carryOut(_ event: ControlEvent) async throws -> [Int64: ControlReply] {
        var next = loop
        let actions = next.receive(event)
        var replies: [Int64: ControlReply] = [:]
        var canWrite = false
        for action in actions {
            switch action {
            case .commit(let changes):
                try await commit(changes)
                canWrite = true
            case .issue(let command): board.post(command)
            case .withdraw(let command): board.remove(command.number, host: command.host)
            case .runPlugIn(let order): plugIns.run(order)
            case .stopPlugIn(let operation): plugIns.stop(operation)
            case .reply(let request, let reply): replies[request] = reply
            case .publish(let change):
                log(change)
                count(change, in: next)
                if case .tip(let tip) = change { watch(tip) }
            }
        }
        loop = next
        var seen = FleetView(next)
        view.withLock { old in
            seen.ruleFailures = old.ruleFailures
            seen.packFailures = old.packFailures
            seen.needs = old.needs
            seen.roundSeconds = old.roundSeconds
            seen.ruleGroups = old.ruleGroups
            if !canWrite { seen.problem = old.problem }
            seen.seriesProblem = old.seriesProblem
            old = seen
        }
        return replies
    }

    /// One event at a time: an actor by itself would let the next one in while this one waits for the disk.
    private func takeTurn() async {
        if isBusy { await withCheckedContinuation { queue.append($0) } }
        isBusy = true
    }

    private func passTurn() {
        if queue.isEmpty { isBusy = false } else { queue.removeFirst().resume() }
    }

    /// Takes note of whether series can be written; a change is told to the log.
    nonisolated func note(seriesProblem problem: String?) {
        let changed = view.withLock { view in
            defer { view.seriesProblem = problem }
            return view.seriesProblem != problem
        }
        guard changed else { return }
        if let problem {
            logger.error("series cannot be written", metadata: ["reason": "\(problem)"])
        } else {
            logger.notice("series can be written again")
        }
    }

    /// The cluster that `host` is known to be in.
    nonisolated func cluster(of host: HostName) -> ClusterName? {
        view.withLock { $0.hosts.first { $0.report.host == host }?.report.cluster }
    }

    private func commit(_ changes: [StateChange]) async throws {
        do {
            try await store.commit(changes)
        } catch {
            let problem = "the fleet's state cannot be written: \(error)"
            let isNew = view.withLock { view in
                defer { view.problem = problem }
                return view.problem != problem
            }
            if isNew { logger.error("the fleet's state cannot be written", metadata: ["reason": "\(error)"]) }
            throw error
        }
    }

    private func count(_ change: ControlChange, in loop: ControlLoop) {
        switch change {
        case .tip(let tip): tally.withLock { $0.note(tip) }
        case .operation(let operation):
            let host = loop.hostRecords.first { $0.report.host == operation.action.origin }
            tally.withLock { $0.note(operation, cluster: host?.report.cluster.text ?? "") }
        }
    }

    private func log(_ change: ControlChange) {
        switch change {
        case .tip(let tip):
            guard loggedStates[tip.number] != tip.state else { return }
            loggedStates[tip.number] = tip.state.isFinal ? nil : tip.state
            logger.info(
                "tip \(tip.number) is \(tip.state.rawValue)",
                metadata: ["title": "\(tip.title)", "note": "\(tip.history.last?.note ?? "")"])
        case .operation(let operation):
            logger.info(
                "operation \(operation.number) is \(operation.state.rawValue)",
                metadata: ["last": "\(operation.log.last?.text ?? "")"])
        }
    }
}
