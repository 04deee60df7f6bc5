import FleetModel
import Testing

@testable import FleetServer

@Suite struct CommandBoardTests {
    private let board = CommandBoard(clock: WallClock())

    private func command(_ number: Int64, host: String = "a") throws -> AgentCommand {
        let host = try #require(HostName(host))
        let machine = try #require(VirtualMachineID("0f0e0d0c-0b0a-4908-8706-050403020100"))
        return AgentCommand(
            number: number, host: host, operation: 1, task: .inspect(machine), issued: Timestamp(milliseconds: 0))
    }

    @Test func whatWaitsIsHandedOutAtOnceAndUntilItIsAnswered() async throws {
        let one = try command(1)
        let two = try command(2)
        board.post(two)
        board.post(one)
        board.post(one)
        #expect(await board.commands(for: one.host, after: 0, patience: .seconds(60)) == [one, two])
        #expect(await board.commands(for: one.host, after: 1, patience: .seconds(60)) == [two])
        board.remove(1, host: one.host)
        #expect(await board.commands(for: one.host, after: 0, patience: .seconds(60)) == [two])
    }

    @Test func anAgentThatWaitsIsWokenByItsOwnCommandOnly() async throws {
        let own = try command(5, host: "a")
        let other = try command(4, host: "b")
        async let waiting = board.commands(for: own.host, after: 0, patience: .seconds(60))
        board.post(other)
        board.post(own)
        #expect(await waiting == [own])
    }

    @Test func patienceEndsWithNothing() async throws {
        let host = try #require(HostName("a"))
        #expect(await board.commands(for: host, after: 0, patience: .milliseconds(1)).isEmpty)
        #expect(await board.commands(for: host, after: 0, patience: .zero).isEmpty)
    }

    @Test func aClosingServerSendsEverybodyHome() async throws {
        let host = try #require(HostName("a"))
        async let waiting = board.commands(for: host, after: 0, patience: .seconds(600))
        board.close()
        #expect(await waiting.isEmpty)
    }
}
