import FleetModel

/// What becomes of the commands that a server gives to a host: a pure decision core.
///
/// Each command is on disk before it is begun, and its answer before it is sent. So whatever dies in between, a command
/// that was begun and not answered is performed again (every host task may be told twice), and an answer that was found
/// is sent until the server has it. Several commands run at once; numbers are begun in ascending order.
///
/// A server whose database was restored or made anew gives out numbers once more. So a command is the one that is known
/// only if all of it is the same; otherwise it takes the known one's place, and whatever is still heard of that one
/// counts for nothing. What the server does not have, it no longer waits for: its newest number is the one it gave last.
///
/// A migration that was called off before it was sent is not sent by another run of the agent either: the answer to its
/// cancellation is on disk before the server hears of it, and a `send` that has none yet is refused for it.
///
/// The core knows no time: actions carry how often they failed before, and the shell waits accordingly.
public struct CommandInbox: Hashable, Sendable {
    /// What the shell tells the core.
    public enum Event: Hashable, Sendable {
        /// The shell is up; told once, first.
        case started
        /// The server gave these commands, none where it had none.
        case fetched([AgentCommand])
        /// The server could not be asked, for this reason.
        case fetchFailed
        /// The journal has the entry.
        case recorded(CommandJournalEntry)
        /// The journal does not take the entry.
        case recordFailed(CommandJournalEntry)
        /// The command was performed, with this answer.
        case performed(AgentCommand, HostTaskAnswer)
        /// The server has the answer, or wants none.
        case delivered(AgentCommand)
        /// The server could not be told the answer.
        case deliveryFailed(AgentCommand)
    }

    /// What the core wants of the shell. `failures` says how often in a row it did not work.
    public enum Action: Hashable, Sendable {
        /// Ask the server for commands above `after`.
        case fetch(after: Int64, failures: Int)
        /// Write the entry to the journal.
        case record(CommandJournalEntry, failures: Int)
        /// Do the command.
        case perform(AgentCommand)
        /// Send the answer.
        case deliver(AgentCommand, HostTaskAnswer, failures: Int)
    }

    fileprivate enum Station: Hashable, Sendable {
        case recordingBegin
        case performing
        case recordingAnswer(HostTaskAnswer)
        case delivering(HostTaskAnswer)
        case delivered(HostTaskAnswer)
    }

    private struct Entry: Hashable, Sendable {
        var command: AgentCommand
        var station: Station
        var failures = 0
    }

    /// How many delivered answers are remembered, in case the server asks once more.
    public static let remembered = 256

    private let host: HostName
    private var entries: [Int64: Entry] = [:]
    private var highest: Int64 = 0
    private var fetchFailures = 0
    /// Set after a start, after every failure and after every poll that ended with nothing: the server may not be the
    /// one it was, so all that it still waits for is asked for.
    private var mustReconcile = true

    /// The inbox of `host` as its journal left it, oldest entry first.
    public init(host: HostName, journal: [CommandJournalEntry] = []) {
        self.host = host
        for entry in journal {
            switch entry {
            case .begun(let command):
                if entries[command.number]?.command != command {
                    entries[command.number] = Entry(command: command, station: .performing)
                }
            case .answered(let number, let answer): entries[number]?.station = .delivering(answer)
            case .delivered(let number):
                if case .delivering(let answer) = entries[number]?.station {
                    entries[number]?.station = .delivered(answer)
                }
            }
        }
        highest = entries.keys.max() ?? 0
        forgetOld()
    }

    /// The journal that gives this inbox back: what a compacted file holds.
    public var journal: [CommandJournalEntry] {
        entries.values.sorted { $0.command.number < $1.command.number }.flatMap { entry -> [CommandJournalEntry] in
            let number = entry.command.number
            switch entry.station {
            case .recordingBegin: return []
            case .performing, .recordingAnswer: return [.begun(entry.command)]
            case .delivering(let answer): return [.begun(entry.command), .answered(number, answer)]
            case .delivered(let answer): return [.begun(entry.command), .answered(number, answer), .delivered(number)]
            }
        }
    }

    /// Takes an event and says what to do next.
    public mutating func receive(_ event: Event) -> [Action] {
        switch event {
        case .started:
            return resume() + [fetch()]
        case .fetched(let commands):
            let own = commands.filter { $0.host == host }.sorted { $0.number < $1.number }
            fetchFailures = 0
            highest = max(mustReconcile ? 0 : highest, own.last?.number ?? 0)
            mustReconcile = own.isEmpty
            return own.flatMap { take($0) } + [fetch()]
        case .fetchFailed:
            fetchFailures += 1
            mustReconcile = true
            return [fetch()]
        case .recorded(let entry):
            return recorded(entry)
        case .recordFailed(let entry):
            guard isWanted(entry) else { return [] }
            return again(entry.number) { .record(entry, failures: $0) }
        case .performed(let command, let answer):
            guard station(of: command) == .performing else { return [] }
            entries[command.number]?.station = .recordingAnswer(answer)
            return [.record(.answered(command.number, answer), failures: 0)]
        case .delivered(let command):
            guard case .delivering(let answer) = station(of: command) else { return [] }
            entries[command.number]?.station = .delivered(answer)
            entries[command.number]?.failures = 0
            forgetOld()
            return [.record(.delivered(command.number), failures: 0)]
        case .deliveryFailed(let command):
            guard case .delivering(let answer) = station(of: command) else { return [] }
            return again(command.number) { .deliver(command, answer, failures: $0) }
        }
    }

    /// Whether an action is still to be carried out. One that waited may have been overtaken: the shell asks right
    /// before it writes or sends.
    public func isWanted(_ action: Action) -> Bool {
        switch action {
        case .fetch: true
        case .record(let entry, _): isWanted(entry)
        case .perform(let command): station(of: command) == .performing
        case .deliver(let command, let answer, _): station(of: command) == .delivering(answer)
        }
    }

    /// Whether the journal is to have the entry next.
    private func isWanted(_ entry: CommandJournalEntry) -> Bool {
        switch (entry, entries[entry.number]?.station) {
        case (.begun(let command), .recordingBegin): entries[entry.number]?.command == command
        case (.answered(_, let answer), .recordingAnswer(let wanted)): answer == wanted
        case (.delivered, .delivered): true
        default: false
        }
    }

    /// Where a command stands; `nil` for one that is not known or has lost its place to another.
    private func station(of command: AgentCommand) -> Station? {
        guard let entry = entries[command.number], entry.command == command else { return nil }
        return entry.station
    }

    private func fetch() -> Action {
        .fetch(after: mustReconcile ? 0 : highest, failures: fetchFailures)
    }

    /// What a run of the agent that ended had not brought to its end.
    private mutating func resume() -> [Action] {
        entries.values.sorted { $0.command.number < $1.command.number }.compactMap { entry in
            switch entry.station {
            case .performing: perform(entry.command)
            case .delivering(let answer): .deliver(entry.command, answer, failures: 0)
            case .recordingBegin, .recordingAnswer, .delivered: nil
            }
        }
    }

    /// Has a command performed that is on disk, or answers it where it was called off meanwhile.
    private mutating func perform(_ command: AgentCommand) -> Action {
        guard isCalledOff(command) else { return .perform(command) }
        let answer = HostTaskAnswer.refused("sending was cancelled before it began")
        entries[command.number]?.station = .recordingAnswer(answer)
        return .record(.answered(command.number, answer), failures: 0)
    }

    /// Whether a `send` was cancelled with the guest still here, as the answer to the cancellation said. Where that is no
    /// longer so the server learns it by looking, as after any `send` that was refused. A cancellation of an earlier life
    /// of the server, whose operations had the same numbers, is none.
    private func isCalledOff(_ command: AgentCommand) -> Bool {
        guard case .send(let migration) = command.task else { return false }
        return entries.values.contains { entry in
            entry.command.task == .cancelSend(migration.virtualMachine)
                && entry.command.operation == command.operation && entry.command.number > command.number
                && entry.command.issued >= command.issued && entry.station.showsGuestHere
        }
    }

    private mutating func take(_ command: AgentCommand) -> [Action] {
        switch station(of: command) {
        case nil:
            entries[command.number] = Entry(command: command, station: .recordingBegin)
            return [.record(.begun(command), failures: 0)]
        case .delivered(let answer):
            // The server does not know an answer that it once took: it gets it once more.
            entries[command.number]?.station = .delivering(answer)
            return [.deliver(command, answer, failures: 0)]
        case .recordingBegin, .performing, .recordingAnswer, .delivering:
            return []
        }
    }

    private mutating func recorded(_ entry: CommandJournalEntry) -> [Action] {
        guard isWanted(entry), let command = entries[entry.number]?.command else { return [] }
        entries[entry.number]?.failures = 0
        switch entry {
        case .begun:
            entries[entry.number]?.station = .performing
            return [perform(command)]
        case .answered(let number, let answer):
            entries[number]?.station = .delivering(answer)
            return [.deliver(command, answer, failures: 0)]
        case .delivered:
            return []
        }
    }

    private mutating func again(_ number: Int64, _ action: (Int) -> Action) -> [Action] {
        guard let failures = entries[number]?.failures else { return [] }
        entries[number]?.failures = failures + 1
        return [action(failures + 1)]
    }

    private mutating func forgetOld() {
        let done = entries.values.filter { entry in
            if case .delivered = entry.station { return true }
            return false
        }
        for entry in done.sorted(by: { $0.command.number < $1.command.number }).dropLast(Self.remembered) {
            entries[entry.command.number] = nil
        }
    }
}

extension CommandInbox.Station {
    /// Whether the answer says that the guest had not left.
    fileprivate var showsGuestHere: Bool {
        switch self {
        case .recordingAnswer(let answer), .delivering(let answer), .delivered(let answer):
            answer == .state(.running) || answer == .state(.paused)
        case .recordingBegin, .performing: false
        }
    }
}
