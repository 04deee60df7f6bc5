import FleetModel
import Testing

@testable import HostAgent

/// Migrations that are called off before they are sent.
extension CommandInboxTests {
    static let machine = command(1).task.virtualMachine

    static func send(_ number: Int64, operation: Int64 = 1, at time: Int64 = 0) -> AgentCommand {
        AgentCommand(
            number: number, host: host, operation: operation,
            task: .send(
                OutgoingMigration(
                    virtualMachine: machine, destination: "tcp:127.0.0.1:1", destinationName: "kvm2",
                    bandwidthLimit: nil, downtimeLimitMilliseconds: 300, timeLimitSeconds: 60,
                    method: MigrationMethod())), issued: Timestamp(milliseconds: time))
    }

    static func cancel(_ number: Int64, operation: Int64 = 1, at time: Int64 = 0) -> AgentCommand {
        AgentCommand(
            number: number, host: host, operation: operation, task: .cancelSend(machine),
            issued: Timestamp(milliseconds: time))
    }

    static let calledOff = HostTaskAnswer.refused("sending was cancelled before it began")

    @Test(
        "A send that was called off while it had not begun is not performed by the agent's next run",
        arguments: [HostTaskAnswer.state(.running), .state(.paused)], [false, true])
    func killedAfterItsCancellation(answer: HostTaskAnswer, isDelivered: Bool) {
        var journal: [CommandJournalEntry] = [
            .begun(Self.send(3)), .begun(Self.cancel(4)), .answered(4, answer),
        ]
        if isDelivered { journal.append(.delivered(4)) }
        var inbox = CommandInbox(host: Self.host, journal: journal)
        let actions = inbox.receive(.started)
        #expect(actions.first == .record(.answered(3, Self.calledOff), failures: 0))
        #expect(!actions.contains(.perform(Self.send(3))))
        #expect(inbox.receive(.recordFailed(.answered(3, Self.calledOff))).count == 1, "it is tried again")
        #expect(
            inbox.receive(.recorded(.answered(3, Self.calledOff)))
                == [.deliver(Self.send(3), Self.calledOff, failures: 0)])
    }

    @Test(
        "A cancellation that was not answered, came too late or was another operation's keeps no send from being performed",
        arguments: [
            [.begun(cancel(4))], [.begun(cancel(4)), .answered(4, .state(.handedOver))],
            [.begun(cancel(4)), .answered(4, .state(.outgoing))], [.begun(cancel(4)), .answered(4, .failed("x"))],
            [.begun(cancel(4, operation: 2)), .answered(4, .state(.running))],
            [.begun(cancel(2)), .answered(2, .state(.running))],
            [.begun(cancel(4, at: -1)), .answered(4, .state(.running))],
        ] as [[CommandJournalEntry]])
    func stillWanted(entries: [CommandJournalEntry]) {
        var inbox = CommandInbox(host: Self.host, journal: [.begun(Self.send(3))] + entries)
        #expect(inbox.receive(.started).contains(.perform(Self.send(3))))
    }

    @Test("A send that reaches the journal only after its cancellation was answered is not performed either")
    func recordedLate() {
        var inbox = CommandInbox(host: Self.host)
        _ = inbox.receive(.started)
        _ = inbox.receive(.fetched([Self.send(3), Self.cancel(4)]))
        _ = inbox.receive(.recordFailed(.begun(Self.send(3))))
        _ = inbox.receive(.recorded(.begun(Self.cancel(4))))
        _ = inbox.receive(.performed(Self.cancel(4), .state(.running)))
        #expect(
            inbox.receive(.recorded(.begun(Self.send(3))))
                == [.record(.answered(3, Self.calledOff), failures: 0)])
    }
}
