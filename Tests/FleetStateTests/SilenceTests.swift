import FleetModel
import FleetState
import Foundation
import Testing

@Suite("Silences on disk")
struct SilenceTests {
    private func silence(_ from: Int64, _ until: Int64) -> Silence {
        Silence(
            matchers: ["cluster=lab"], created: Fixture.time(from), until: Fixture.time(until), actor: "ann",
            reason: "r")
    }

    @Test("A silence has a number of its own, holds until its end, and is audited")
    func life() async throws {
        let folder = try TemporaryFolder()
        let store = try FleetStateStore(path: folder.file("fleet.sqlite"))
        let first = try #require(try await store.addSilence(silence(1, 100)))
        let second = try #require(try await store.addSilence(silence(2, 50)))
        #expect([first.number, second.number] == [1, 2])
        #expect(try await store.silences(at: Fixture.time(49)) == [first, second])
        #expect(try await store.silences(at: Fixture.time(50)) == [first])
        let ended = try await store.endSilence(1, actor: "bob", at: Fixture.time(60))
        #expect(ended?.until == Fixture.time(60))
        #expect(try await store.endSilence(1, actor: "bob", at: Fixture.time(61)) == nil)
        #expect(try await store.endSilence(9, actor: "bob", at: Fixture.time(61)) == nil)
        try store.close()
        let again = try FleetStateStore(path: folder.file("fleet.sqlite"))
        #expect(try await again.silences(at: Fixture.time(60)).isEmpty)
        #expect(try await again.silences(at: Fixture.time(60), all: true).map(\.number) == [1, 2])
        #expect(try await again.addSilence(silence(70, 80))?.number == 3)
        let audit = try await again.audit(limit: 10)
        #expect(audit.map(\.event) == ["silence.add", "silence.add", "silence.end", "silence.add"])
        #expect(audit.map(\.actor) == ["ann", "ann", "bob", "ann"])
        #expect(audit[2].detail == "silence 1 of cluster=lab: r")
    }

    @Test("So many hold at a time, and one that has ended makes room")
    func limit() async throws {
        let store = try FleetStateStore.inMemory()
        for _ in 0..<FleetStateStore.mostSilences { _ = try await store.addSilence(silence(1, 100)) }
        #expect(try await store.addSilence(silence(2, 100)) == nil)
        #expect(try await store.addSilence(silence(100, 200)) != nil)
    }
}
