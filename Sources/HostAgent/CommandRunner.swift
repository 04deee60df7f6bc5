import Delivery
import FleetModel
import HTTPClient
import Logging

/// The shell around the command inbox: fetches, journals, performs and answers. Several commands run at once, so that a
/// migration can be called off while it runs.
actor CommandRunner {
    /// How long the server is asked to keep a poll waiting, in seconds.
    private static let pollSeconds = 25
    /// A server that answers a poll with nothing before this is not asked again at once.
    private static let shortestPoll: Duration = .seconds(1)
    /// Progress of a migration is told this often at most.
    private static let progressSpan: Duration = .milliseconds(500)

    private var inbox: CommandInbox
    private var journal: CommandJournal
    private let link: ServerLink
    private let provider: any VirtualMachineProvider
    private let consoles: ConsoleDesk
    private let patience: Patience
    private let logger: Logger
    /// Called after every command that was performed: a VM may have changed.
    private let changed: @Sendable () async -> Void
    private let event: AsyncStream<CommandInbox.Event>.Continuation
    private let events: AsyncStream<CommandInbox.Event>

    init(
        host: HostName, journal: CommandJournal, link: ServerLink, provider: any VirtualMachineProvider,
        consoles: ConsoleDesk, patience: Patience, logger: Logger, changed: @escaping @Sendable () async -> Void
    ) {
        self.journal = journal
        inbox = CommandInbox(host: host, journal: journal.entries)
        self.link = link
        self.provider = provider
        self.consoles = consoles
        self.patience = patience
        self.logger = logger
        self.changed = changed
        (events, event) = AsyncStream.makeStream()
    }

    /// Runs until the task is cancelled. Commands under way are then left where they are: their journal entry makes
    /// the next run of the agent take them up again.
    func run() async {
        event.yield(.started)
        await withDiscardingTaskGroup { group in
            for await event in events {
                var pending = [event]
                while !pending.isEmpty {
                    for action in inbox.receive(pending.removeFirst()) {
                        if let outcome = recordNow(action) {
                            pending.append(outcome)
                        } else {
                            group.addTask { await self.carryOut(action) }
                        }
                    }
                }
            }
        }
    }

    /// Journals at once where that was not tried before; otherwise `nil`.
    private func recordNow(_ action: CommandInbox.Action) -> CommandInbox.Event? {
        guard case .record(let entry, failures: 0) = action else { return nil }
        return record(entry)
    }

    private func record(_ entry: CommandJournalEntry) -> CommandInbox.Event {
        do throws(AgentError) {
            try journal.append(entry)
            if journal.wantsCompaction { try journal.compact(to: inbox.journal + [entry]) }
            return .recorded(entry)
        } catch {
            logger.error("command \(entry.number) waits, since the journal cannot be written: \(error)")
            return .recordFailed(entry)
        }
    }

    private func carryOut(_ action: CommandInbox.Action) async {
        do {
            switch action {
            case .fetch(let after, let failures):
                try await patience.wait(failures: failures)
                event.yield(try await fetch(after: after))
            case .record(let entry, let failures):
                try await patience.wait(failures: failures)
                guard inbox.isWanted(action) else { return }
                event.yield(record(entry))
            case .perform(let command):
                // Without an answer the agent was told to stop: the command stays begun.
                guard let answer = await perform(command) else { return }
                event.yield(.performed(command, answer))
                await changed()
            case .deliver(let command, let answer, let failures):
                try await patience.wait(failures: failures)
                guard inbox.isWanted(action) else { return }
                event.yield(await deliver(answer, to: command))
            }
        } catch {
            // Cancelled: nobody listens any more.
        }
    }

    private func fetch(after: Int64) async throws -> CommandInbox.Event {
        let begin = patience.clock.now
        do throws(HTTPClientError) {
            let found = try await link.commands(after: after, wait: Self.pollSeconds)
            for number in found.foreign { await refuse(number) }
            let isHasty = found.commands.isEmpty && patience.clock.now - begin < Self.shortestPoll
            if isHasty { try? await patience.clock.sleep(for: Self.shortestPoll) }
            return .fetched(found.commands)
        } catch {
            try Task.checkCancellation()
            logger.debug("cannot ask for commands: \(error)")
            return .fetchFailed
        }
    }

    /// Answers a command that a newer server gave and this version does not understand.
    private func refuse(_ number: Int64) async {
        let answer = HostTaskAnswer.refused("this agent does not know the command: bring it to the server's version")
        logger.error("command \(number) is not one of this version: refused")
        _ = try? await link.answer(answer, to: number)
    }

    /// Does the command; `nil` when the agent is told to stop before it ends.
    ///
    /// The step is no child of this task: stopping the agent must neither wait for a migration nor tear a step in the
    /// middle. It goes on until the process ends, and the next run tells it once more, as after a crash.
    private func perform(_ command: AgentCommand) async -> HostTaskAnswer? {
        logger.info("command \(command.number) begins", metadata: ["vm": "\(command.task.virtualMachine)"])
        let (figures, figure) = AsyncStream.makeStream(
            of: MigrationProgress.self, bufferingPolicy: .bufferingNewest(1))
        let (outcomes, outcome) = AsyncStream.makeStream(of: HostTaskAnswer.self)
        Task { [provider, consoles] in
            if case .openConsole(let machine, let session) = command.task {
                outcome.yield(await consoles.connect(machine, to: session))
            } else {
                outcome.yield(await provider.perform(command.task) { figure.yield($0) })
            }
            outcome.finish()
        }
        let answer = await withTaskGroup(of: Void.self) { group -> HostTaskAnswer? in
            group.addTask { await self.tellProgress(figures, of: command) }
            defer { group.cancelAll() }
            for await answer in outcomes { return answer }
            return nil
        }
        let ending = answer.map { "ended: \($0)" } ?? "is left to the next run of the agent"
        logger.info("command \(command.number) \(ending)", metadata: ["vm": "\(command.task.virtualMachine)"])
        return answer
    }

    /// For a person's eyes alone: what does not arrive is not missed.
    private func tellProgress(_ figures: AsyncStream<MigrationProgress>, of command: AgentCommand) async {
        for await figure in figures {
            try? await link.progress(figure, of: command.number)
            try? await patience.clock.sleep(for: Self.progressSpan)
        }
    }

    private func deliver(_ answer: HostTaskAnswer, to command: AgentCommand) async -> CommandInbox.Event {
        do throws(HTTPClientError) {
            let response = try await link.answer(answer, to: command)
            switch response.status {
            case 200...299:
                return .delivered(command)
            case 404, 409, 410:
                logger.warning("the server wants no answer to command \(command.number): \(response.text)")
                return .delivered(command)
            default:
                logger.warning(
                    "the answer to command \(command.number) waits: status \(response.status) \(response.text)")
                return .deliveryFailed(command)
            }
        } catch {
            logger.debug("the answer to command \(command.number) waits: \(error)")
            return .deliveryFailed(command)
        }
    }
}
