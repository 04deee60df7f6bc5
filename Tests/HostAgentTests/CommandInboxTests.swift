import FleetModel
import Testing

@testable import HostAgent

@Suite("The command inbox")
struct CommandInboxTests {
    private static let host = HostName("kvm1") ?? fallbackHost
    private static let fallbackHost: HostName = { preconditionFailure("kvm1 is a name") }()

    static func command(_ number: Int64, host: HostName = host) -> AgentCommand {
        let id = VirtualMachineID("00000000-0000-4000-8000-00000000000\(number)")
        guard let id else { preconditionFailure("not a UUID") }
        return AgentCommand(
            number: number, host: host, operation: 1, task: .inspect(id), issued: Timestamp(milliseconds: 0))
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
        #expect(inbox.receive(.performed(3, .done)) == [.record(.answered(3, .done), failures: 0)])
        #expect(inbox.receive(.recorded(.answered(3, .done))) == [.deliver(3, .done, failures: 0)])
        #expect(inbox.receive(.deliveryFailed(3)) == [.deliver(3, .done, failures: 1)])
        #expect(inbox.receive(.deliveryFailed(3)) == [.deliver(3, .done, failures: 2)])
        #expect(inbox.receive(.delivered(3)) == [.record(.delivered(3), failures: 0)])
    }

    @Test func `asks for everything again after a failure, and sends a stored answer to a server that lost it`() {
        var inbox = CommandInbox(
            host: Self.host, journal: [.begun(Self.command(3)), .answered(3, .done), .delivered(3)])
        #expect(inbox.receive(.started) == [.fetch(after: 0, failures: 0)])
        #expect(inbox.receive(.fetched([])) == [.fetch(after: 3, failures: 0)])
        #expect(inbox.receive(.fetchFailed) == [.fetch(after: 0, failures: 1)])
        #expect(
            inbox.receive(.fetched([Self.command(3)])) == [
                .deliver(3, .done, failures: 0), .fetch(after: 3, failures: 0),
            ])
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
        /// Answers that the server took.
        var taken: [Int64: HostTaskAnswer] = [:]
        /// How often each command was performed.
        var performed: [Int64: Int] = [:]
        var faultsLeft: Int
        var isStarted = false

        init(faults: Int) {
            inbox = CommandInbox(host: CommandInboxTests.host)
            faultsLeft = faults
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
                    #expect(journal.contains(.begun(command)), "begun before it was on disk")
                    #expect(!journal.contains { isAnswer($0, to: command.number) }, "performed after it was answered")
                case .deliver(let number, let answer, _):
                    #expect(journal.contains(.answered(number, answer)), "sent before it was on disk")
                case .fetch, .record:
                    break
                }
                wanted.insert(action)
            }
        }

        private func isAnswer(_ entry: CommandJournalEntry, to number: Int64) -> Bool {
            if case .answered(number, _) = entry { return true }
            return false
        }

        /// Commands that the server would give above `after`.
        func open(after: Int64) -> [AgentCommand] {
            [1, 2].filter { $0 > after && taken[$0] == nil }.map { CommandInboxTests.command($0) }
        }

        /// What happens when `action` works, and, while there are faults left, when it does not.
        func outcomes(of action: CommandInbox.Action) -> [World] {
            var success = self
            success.wanted.remove(action)
            var failure = success
            failure.faultsLeft -= 1
            switch action {
            case .fetch(let after, _):
                let found = open(after: after)
                // A poll that finds nothing waits: nothing happens until there is something.
                if found.isEmpty, after > 0 { return [] }
                success.apply(success.inbox.receive(.fetched(found)))
                failure.apply(failure.inbox.receive(.fetchFailed))
            case .record(let entry, _):
                success.journal.append(entry)
                success.apply(success.inbox.receive(.recorded(entry)))
                failure.apply(failure.inbox.receive(.recordFailed(entry)))
            case .perform(let command):
                success.performed[command.number, default: 0] += 1
                let answer = HostTaskAnswer.refused("attempt \(success.performed[command.number] ?? 0)")
                success.apply(success.inbox.receive(.performed(command.number, answer)))
                return [success]
            case .deliver(let number, let answer, _):
                #expect(success.taken[number] == nil || success.taken[number] == answer, "two answers to one command")
                success.taken[number] = answer
                // The answer arrived and the agent was not told.
                failure.taken[number] = answer
                failure.apply(failure.inbox.receive(.deliveryFailed(number)))
                success.apply(success.inbox.receive(.delivered(number)))
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
    }

    @Test func `in every order of two commands, three faults and crashes, each is answered once`() {
        var seen: Set<World> = []
        var open = [World(faults: 3)]
        var ends = 0
        while let world = open.popLast() {
            guard seen.insert(world).inserted else { continue }
            var next = world.wanted.flatMap { world.outcomes(of: $0) }
            if next.isEmpty {
                ends += 1
                #expect(world.taken.count == 2, "a command was never answered")
            }
            if let crashed = world.crashed { next.append(crashed) }
            open += next
        }
        #expect(ends > 0)
        #expect(seen.count > 10_000)
    }
}
