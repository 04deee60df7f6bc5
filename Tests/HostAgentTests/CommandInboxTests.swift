import FleetModel
import Testing

@testable import HostAgent

@Suite("The command inbox")
struct CommandInboxTests {
    static let host = HostName("kvm1") ?? fallbackHost
    private static let fallbackHost: HostName = { preconditionFailure("kvm1 is a name") }()

    static func command(_ number: Int64, host: HostName = host, operation: Int64 = 1) -> AgentCommand {
        let id = VirtualMachineID("00000000-0000-4000-8000-00000000000\(number)")
        guard let id else { preconditionFailure("not a UUID") }
        return AgentCommand(
            number: number, host: host, operation: operation, task: .inspect(id), issued: Timestamp(milliseconds: 0))
    }

    @Test func `journals, performs, journals, answers, in this order`() {
        var inbox = CommandInbox(host: Self.host)
        let command = Self.command(3)
        #expect(inbox.receive(.started) == [.fetch(after: 0, failures: 0)])
        #expect(
            inbox.receive(.fetched([command])) == [
                .record(.begun(command), failures: 0), .fetch(after: 3, failures: 0),
            ])
        #expect(inbox.receive(.recorded(.begun(command))) == [.perform(command)])
        #expect(inbox.receive(.performed(command, .done)) == [.record(.answered(3, .done), failures: 0)])
        #expect(inbox.receive(.recorded(.answered(3, .done))) == [.deliver(command, .done, failures: 0)])
        #expect(inbox.receive(.deliveryFailed(command)) == [.deliver(command, .done, failures: 1)])
        #expect(inbox.receive(.deliveryFailed(command)) == [.deliver(command, .done, failures: 2)])
        #expect(inbox.receive(.delivered(command)) == [.record(.delivered(3), failures: 0)])
    }

    @Test func `asks for everything again after a failure, and sends a stored answer to a server that lost it`() {
        var inbox = CommandInbox(
            host: Self.host, journal: [.begun(Self.command(3)), .answered(3, .done), .delivered(3)])
        #expect(inbox.receive(.started) == [.fetch(after: 0, failures: 0)])
        #expect(inbox.receive(.fetched([])) == [.fetch(after: 0, failures: 0)])
        #expect(inbox.receive(.fetched([Self.command(4)])).last == .fetch(after: 4, failures: 0))
        #expect(inbox.receive(.fetchFailed) == [.fetch(after: 0, failures: 1)])
        #expect(
            inbox.receive(.fetched([Self.command(3)])) == [
                .deliver(Self.command(3), .done, failures: 0), .fetch(after: 3, failures: 0),
            ])
    }

    @Test func `a server whose numbers start over is asked from the first one, also when no poll failed`() {
        var inbox = CommandInbox(host: Self.host)
        _ = inbox.receive(.started)
        #expect(inbox.receive(.fetched([Self.command(9)])).last == .fetch(after: 9, failures: 0))
        #expect(inbox.receive(.fetched([])) == [.fetch(after: 0, failures: 0)])
        #expect(inbox.receive(.fetched([Self.command(1)])).last == .fetch(after: 1, failures: 0))
    }

    @Test func `another command with a known number is done, and the known one's answer never stands for it`() {
        let old = Self.command(3)
        let new = Self.command(3, operation: 2)
        var inbox = CommandInbox(host: Self.host, journal: [.begun(old), .answered(3, .done), .delivered(3)])
        _ = inbox.receive(.started)
        #expect(inbox.receive(.fetched([new])).first == .record(.begun(new), failures: 0))
        #expect(inbox.receive(.recorded(.begun(new))) == [.perform(new)])
        #expect(inbox.receive(.performed(old, .done)).isEmpty)
        #expect(inbox.receive(.delivered(old)).isEmpty)
        #expect(inbox.receive(.deliveryFailed(old)).isEmpty)
        #expect(!inbox.isWanted(.deliver(old, .done, failures: 1)))
        #expect(!inbox.isWanted(.record(.begun(old), failures: 1)))
        #expect(inbox.receive(.performed(new, .failed("x"))) == [.record(.answered(3, .failed("x")), failures: 0)])
        #expect(!inbox.isWanted(.record(.answered(3, .done), failures: 1)))
        // The journal holds both, and the newer one counts.
        let journal: [CommandJournalEntry] = [.begun(old), .answered(3, .done), .begun(new)]
        #expect(CommandInbox(host: Self.host, journal: journal).journal == [.begun(new)])
    }

    @Test func `two commands run at once`() {
        var inbox = CommandInbox(host: Self.host)
        _ = inbox.receive(.started)
        _ = inbox.receive(.fetched([Self.command(2), Self.command(1)]))
        #expect(inbox.receive(.recorded(.begun(Self.command(1)))) == [.perform(Self.command(1))])
        #expect(inbox.receive(.recorded(.begun(Self.command(2)))) == [.perform(Self.command(2))])
    }

    @Test func `commands for another host are none of ours`() throws {
        var inbox = CommandInbox(host: Self.host)
        let stranger = Self.command(5, host: try #require(HostName("kvm2")))
        #expect(inbox.receive(.fetched([stranger])) == [.fetch(after: 0, failures: 0)])
    }

    @Test func `remembers a bounded number of delivered answers`() {
        var journal: [CommandJournalEntry] = []
        for number in 1...1_000 as ClosedRange<Int64> {
            let command = AgentCommand(
                number: number, host: Self.host, operation: 1, task: Self.command(1).task,
                issued: Timestamp(milliseconds: 0))
            journal += [.begun(command), .answered(number, .done), .delivered(number)]
        }
        let inbox = CommandInbox(host: Self.host, journal: journal)
        #expect(inbox.journal.count == CommandInbox.remembered * 3)
        #expect(CommandInbox(host: Self.host, journal: inbox.journal).journal == inbox.journal)
    }

    // MARK: Every order of events

    /// An agent, its disk and its server in one value, in which everything that can happen next can be enumerated.
    private struct World: Hashable {
        var inbox: CommandInbox
        var journal: [CommandJournalEntry] = []
        var wanted: Set<CommandInbox.Action> = []
        /// Commands that the server has given, or will.
        var given: [AgentCommand]
        /// Answers that the server took.
        var taken: [AgentCommand: HostTaskAnswer] = [:]
        /// How often each command was performed.
        var performed: [AgentCommand: Int] = [:]
        var faultsLeft: Int
        /// Whether the server may still be made anew.
        var canRestore: Bool

        init(
            faults: Int, canRestore: Bool,
            given: [AgentCommand] = [CommandInboxTests.command(1), CommandInboxTests.command(2)]
        ) {
            self.given = given
            inbox = CommandInbox(host: CommandInboxTests.host)
            faultsLeft = faults
            self.canRestore = canRestore
            start()
        }

        mutating func start() {
            wanted = []
            apply(inbox.receive(.started))
        }

        mutating func apply(_ actions: [CommandInbox.Action]) {
            for action in actions {
                switch action {
                case .perform(let command):
                    let since = entries(since: command)
                    #expect(since != nil, "begun before it was on disk")
                    #expect(since?.contains(where: Self.isAnswer) == false, "performed after it was answered")
                    let isCalledOff = journal.contains(.answered(2, .state(.running))) && command.isSend
                    #expect(!isCalledOff, "performed after its cancellation was on disk")
                case .deliver(let command, let answer, _):
                    let isOnDisk = entries(since: command)?.contains(.answered(command.number, answer)) ?? false
                    #expect(isOnDisk, "sent before it was on disk")
                case .fetch, .record:
                    break
                }
                wanted.insert(action)
            }
        }

        /// What the journal has of a command's number since that very command was begun.
        private func entries(since command: AgentCommand) -> [CommandJournalEntry]? {
            journal.lastIndex(of: .begun(command)).map { place in
                journal[place...].filter { $0.number == command.number }
            }
        }

        private static func isAnswer(_ entry: CommandJournalEntry) -> Bool {
            if case .answered = entry { return true }
            return false
        }

        /// What happens when `action` works, and, while there are faults left, when it does not.
        func outcomes(of action: CommandInbox.Action) -> [World] {
            var success = self
            success.wanted.remove(action)
            guard inbox.isWanted(action) else { return [success] }
            var failure = success
            failure.faultsLeft -= 1
            switch action {
            case .fetch(let after, _):
                success.apply(
                    success.inbox.receive(.fetched(given.filter { $0.number > after && taken[$0] == nil })))
                failure.apply(failure.inbox.receive(.fetchFailed))
                // A poll that finds nothing waits: nothing happens until there is something.
                if success == self { return [] }
            case .record(let entry, _):
                success.journal.append(entry)
                success.apply(success.inbox.receive(.recorded(entry)))
                failure.apply(failure.inbox.receive(.recordFailed(entry)))
            case .perform(let command):
                success.performed[command, default: 0] += 1
                let attempt = "operation \(command.operation), attempt \(success.performed[command] ?? 0)"
                let isCancel = command.task == .cancelSend(command.task.virtualMachine)
                success.apply(
                    success.inbox.receive(.performed(command, isCancel ? .state(.running) : .refused(attempt))))
                return [success]
            case .deliver(let command, let answer, _):
                // A server that does not have this very command wants no answer to it.
                if given.contains(command) {
                    let isFirst = taken[command] == nil || taken[command] == answer
                    #expect(isFirst, "two answers to one command")
                    success.taken[command] = answer
                    // The answer arrived and the agent was not told.
                    failure.taken[command] = answer
                }
                failure.apply(failure.inbox.receive(.deliveryFailed(command)))
                success.apply(success.inbox.receive(.delivered(command)))
            }
            return faultsLeft > 0 ? [success, failure] : [success]
        }

        /// The agent dies and comes back with what is on its disk.
        var crashed: World? {
            guard faultsLeft > 0 else { return nil }
            var next = self
            next.faultsLeft -= 1
            next.inbox = CommandInbox(host: CommandInboxTests.host, journal: journal)
            next.start()
            return next
        }

        /// The server comes back with an older database: it knows nothing of the second command, has lost the answer
        /// to the first, and gives the second number to something else.
        var restored: World? {
            guard canRestore else { return nil }
            var next = self
            next.canRestore = false
            next.taken = [:]
            next.given[1] = CommandInboxTests.command(2, operation: 2)
            return next
        }
    }

    /// Walks through every order of events; returns how many different moments there are.
    private func walk(from world: World) -> Int {
        var seen: Set<World> = []
        var open = [world]
        var ends = 0
        while let world = open.popLast() {
            guard seen.insert(world).inserted else { continue }
            var next = world.wanted.flatMap { world.outcomes(of: $0) }
            if next.isEmpty {
                ends += 1
                for command in world.given where command.isSend || command.task.isInspection {
                    if world.taken[command] == CommandInboxTests.calledOff { continue }
                    guard case .refused(let reason) = world.taken[command] else {
                        Issue.record("command \(command.number) was never answered")
                        continue
                    }
                    let isOwn = reason.hasPrefix("operation \(command.operation),")
                    #expect(isOwn, "the answer is another command's: \(reason)")
                }
            }
            next += [world.crashed, world.restored].compactMap(\.self)
            open += next
        }
        #expect(ends > 0)
        return seen.count
    }

    @Test func `in every order of two commands, three faults and crashes, each is answered once`() {
        #expect(walk(from: World(faults: 3, canRestore: false)) > 10_000)
    }

    @Test func `in every order of a send and its cancellation, with crashes, none is sent once that is on disk`() {
        #expect(walk(from: World(faults: 3, canRestore: false, given: [Self.send(1), Self.cancel(2)])) > 10_000)
    }

    @Test func `in every order, a server whose numbers start over gets an answer of its own to each command`() {
        #expect(walk(from: World(faults: 1, canRestore: true)) > 10_000)
    }
}

extension AgentCommand {
    fileprivate var isSend: Bool { if case .send = task { true } else { false } }
}

extension HostTask {
    fileprivate var isInspection: Bool { if case .inspect = self { true } else { false } }
}
