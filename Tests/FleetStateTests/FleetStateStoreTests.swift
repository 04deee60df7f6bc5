import FleetModel
import FleetState
import Foundation
import Testing

@Suite("The fleet's state on disk")
struct FleetStateStoreTests {
    @Test("What was committed is there for the next run, each kind in its place")
    func survivesReopening() async throws {
        let folder = try TemporaryFolder()
        let path = folder.file("fleet.sqlite")
        let first = try FleetStateStore(path: path)
        let setting = ParameterSetting(pack: "p", name: "n", cluster: ClusterName("main"), value: 70)
        try await first.commit([
            .saveHost(try Fixture.record("h1")), .saveTip(try Fixture.tip(1)), .saveTip(try Fixture.tip(2, .resolved)),
            .saveOperation(try Fixture.operation(1)), .saveOperation(try Fixture.operation(2, .failed, ended: 9)),
            .saveCommand(try Fixture.command(1)), .saveParameter(setting),
            .savePolicy(try Fixture.policy()),
            .saveHold(Hold(scope: .fleet, actor: "ann", since: Fixture.time(3), reason: "storm")),
            .audit(AuditEntry(time: Fixture.time(1), actor: "ann", event: "test", detail: "d")),
        ])
        try first.close()

        let state = try await FleetStateStore(path: path).load()
        #expect(state.hosts == [try Fixture.record("h1")])
        #expect(state.tips == [try Fixture.tip(1)])
        #expect(state.endedTips == [try Fixture.tip(2, .resolved)])
        #expect(state.operations == [try Fixture.operation(1)])
        #expect(state.endedOperations == [try Fixture.operation(2, .failed, ended: 9)])
        #expect(state.commands == [try Fixture.command(1)])
        #expect(state.parameters == [setting])
        #expect(state.policy == (try Fixture.policy().policy))
        #expect(state.holds.map(\.scope) == [.fleet])
        #expect(state.lastNumbers.tip == 2)
        #expect(state.lastNumbers.operation == 2)
        #expect(state.lastNumbers.command == 1)
        #expect(state.lastNumbers.audit == 1)
    }

    @Test("A commit is whole or not at all")
    func commitsAreAtomic() async throws {
        let store = try FleetStateStore.inMemory()
        let token = AccessToken(name: try #require(Name("a")), role: .agent, hash: "same", created: Fixture.time(1))
        let other = AccessToken(name: try #require(Name("b")), role: .agent, hash: "same", created: Fixture.time(1))
        let command = try Fixture.command(1)  // no number is used twice
        await #expect(throws: FleetStateError.self) {
            try await store.commit([
                .saveToken(token), .saveTip(try Fixture.tip(1)), .saveCommand(command), .saveCommand(command),
                .saveToken(other),
            ])
        }
        let state = try await store.load()
        #expect(state.tokens.isEmpty)
        #expect(state.lastNumbers == LastNumbers())
    }

    @Test("The first answer counts, and a command's number is never used again")
    func firstAnswerCounts() async throws {
        let store = try FleetStateStore.inMemory()
        try await store.commit([.saveCommand(try Fixture.command(7))])
        #expect(try await store.receipt(ofCommand: 7)?.answer == nil)
        #expect(try await store.receipt(ofCommand: 8) == nil)
        try await store.commit([.answerCommand(number: 7, answer: .done, time: Fixture.time(8))])
        try await store.commit([.answerCommand(number: 7, answer: .failed("late"), time: Fixture.time(9))])
        let again = try Fixture.command(7, host: "h2")
        await #expect(throws: FleetStateError.self) { try await store.commit([.saveCommand(again)]) }
        #expect(try await store.receipt(ofCommand: 7)?.answer == .done)
        #expect(try await store.load().commands.isEmpty)
    }

    @Test("Saving again replaces; what has ended is history, newest first")
    func savingReplaces() async throws {
        let store = try FleetStateStore.inMemory()
        try await store.commit([
            .saveTip(try Fixture.tip(1)), .saveTip(try Fixture.tip(2)), .saveTip(try Fixture.tip(3)),
        ])
        try await store.commit([
            .saveTip(try Fixture.tip(2, .dismissed, updated: 30)), .saveTip(try Fixture.tip(1, .expired, updated: 40)),
        ])
        let history = try await store.history(limit: 10)
        #expect(history.tips.map(\.number) == [1, 2])
        #expect(try await store.history(limit: 1).tips.map(\.number) == [1])
        #expect(try await store.load().tips.map(\.number) == [3])
        #expect(try await store.tip(2)?.state == .dismissed)
        #expect(try await store.tip(9) == nil)
    }

    @Test("A parameter of a cluster and one of the fleet are two")
    func parametersByCluster() async throws {
        let store = try FleetStateStore.inMemory()
        let fleet = ParameterSetting(pack: "p", name: "n", cluster: nil, value: 1)
        let cluster = ParameterSetting(pack: "p", name: "n", cluster: ClusterName("main"), value: 2)
        try await store.commit([.saveParameter(fleet), .saveParameter(cluster)])
        #expect(try await store.load().parameters == [fleet, cluster])
        try await store.commit([.removeParameter(pack: "p", name: "n", cluster: nil)])
        #expect(try await store.load().parameters == [cluster])
    }

    @Test("Two processes write the same file, and neither loses an audit entry")
    func twoWriters() async throws {
        let folder = try TemporaryFolder()
        let server = try FleetStateStore(path: folder.file("fleet.sqlite"))
        let commandLine = try FleetStateStore(path: folder.file("fleet.sqlite"))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for store in [server, commandLine] {
                group.addTask {
                    for place in 0..<20 {
                        let entry = AuditEntry(
                            time: Fixture.time(1), actor: "a", event: "e", detail: "\(place)")
                        try await store.commit([.audit(entry)])
                    }
                }
            }
            try await group.waitForAll()
        }
        let entries = try await server.audit(limit: 100)
        #expect(entries.map(\.number) == Array(1...40))
        #expect(try await server.audit(after: 38, limit: 100).map(\.number) == [39, 40])
    }
}
