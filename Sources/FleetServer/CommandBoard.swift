import FleetModel

/// The commands that hosts have yet to answer, and the agents that wait for some. Only what is durable is put on it.
final class CommandBoard: Sendable {
    private struct Waiter {
        let ticket: Int
        let after: Int64
        let continuation: CheckedContinuation<[AgentCommand], Never>
    }

    private struct State {
        var pending: [HostName: [AgentCommand]] = [:]
        var waiters: [HostName: [Waiter]] = [:]
        var nextTicket = 0
        /// Tickets that gave up before their waiter was in line.
        var givenUp: Set<Int> = []
        var isClosed = false
    }

    private let state = Locked(State())
    private let clock: any Clock

    init(clock: any Clock) {
        self.clock = clock
    }

    /// Hands `command` to its host, at once if its agent waits.
    func post(_ command: AgentCommand) {
        let woken = state.withLock { state -> [Waiter] in
            var pending = state.pending[command.host] ?? []
            guard !pending.contains(where: { $0.number == command.number }) else { return [] }
            pending.append(command)
            pending.sort { $0.number < $1.number }
            state.pending[command.host] = pending
            let woken = (state.waiters[command.host] ?? []).filter { command.number > $0.after }
            state.waiters[command.host]?.removeAll { command.number > $0.after }
            return woken
        }
        for waiter in woken { waiter.continuation.resume(returning: [command]) }
    }

    /// Takes the command off the board: its answer is durable.
    func remove(_ number: Int64, host: HostName) {
        state.withLock { $0.pending[host]?.removeAll { $0.number == number } }
    }

    /// The unanswered commands of `host` above `after`; when there are none, waits up to `patience` for one.
    func commands(for host: HostName, after: Int64, patience: Duration) async -> [AgentCommand] {
        let ticket = state.withLock { state in
            state.nextTicket += 1
            return state.nextTicket
        }
        return await withTaskGroup(of: Void.self) { group in
            let clock = clock
            group.addTask { [self] in
                try? await clock.sleep(for: patience)  // cancelled when the answer came first
                giveUp(ticket, host: host)
            }
            let found = await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    enter(Waiter(ticket: ticket, after: after, continuation: continuation), host: host)
                }
            } onCancel: {
                giveUp(ticket, host: host)
            }
            group.cancelAll()
            await group.waitForAll()
            state.withLock { _ = $0.givenUp.remove(ticket) }
            return found
        }
    }

    /// Sends every waiting agent home with nothing and lets nobody wait any more: the server stops.
    func close() {
        let waiting = state.withLock { state -> [Waiter] in
            state.isClosed = true
            defer { state.waiters = [:] }
            return state.waiters.values.flatMap(\.self)
        }
        for waiter in waiting { waiter.continuation.resume(returning: []) }
    }

    private func enter(_ waiter: Waiter, host: HostName) {
        let ready = state.withLock { state -> [AgentCommand]? in
            let found = (state.pending[host] ?? []).filter { $0.number > waiter.after }
            if !found.isEmpty || state.isClosed || state.givenUp.contains(waiter.ticket) { return found }
            state.waiters[host, default: []].append(waiter)
            return nil
        }
        if let ready { waiter.continuation.resume(returning: ready) }
    }

    private func giveUp(_ ticket: Int, host: HostName) {
        let waiter = state.withLock { state -> Waiter? in
            guard let place = state.waiters[host]?.firstIndex(where: { $0.ticket == ticket }) else {
                state.givenUp.insert(ticket)
                return nil
            }
            return state.waiters[host]?.remove(at: place)
        }
        waiter?.continuation.resume(returning: [])
    }
}
