import FleetModel
import FleetState
import Foundation
import Logging
import Testing

@testable import FleetServer

@Suite("Console sessions")
struct ConsoleSessionTests {
    /// Stands still until it is set.
    private final class SetClock: FleetModel.Clock {
        private let time = Locked(Timestamp(milliseconds: 1_000_000))
        var now: Timestamp { time.withLock { $0 } }
        func pass(_ span: Duration) { time.withLock { $0 = $0 + span } }
        func sleep(until moment: Timestamp) async throws { try await Task.sleep(for: .seconds(3600)) }
    }

    private let clock = SetClock()
    private let machine: VirtualMachineID
    private let host: HostName

    init() throws {
        machine = try #require(VirtualMachineID("00000000-0000-4000-8000-000000000001"))
        host = try #require(HostName("kvm1"))
    }

    private func session() -> ConsoleSession {
        ConsoleSession(id: "s", machine: machine, name: "web", host: host, owner: "ann", clock: clock)
    }

    private func bytes(_ piece: ConsoleSession.Piece) -> (Int64, String)? {
        guard case .bytes(let place, let bytes) = piece else { return nil }
        return (place, String(decoding: bytes, as: UTF8.self))
    }

    @Test(
        "What is written is read once it is there, kept until its reader has it, and counts once however often it comes"
    )
    func repeatable() async throws {
        let session = session()
        async let waiting = session.read(.output, after: 0, patience: .seconds(60))
        #expect(try await session.write(.output, Array("abc".utf8), at: 0, patience: .zero) == 3)
        #expect(bytes(try await waiting).map { $0 == (0, "abc") } == true)
        #expect(try await session.write(.output, Array("abc".utf8), at: 0, patience: .zero) == 3)
        #expect(try await session.write(.output, Array("cde".utf8), at: 2, patience: .zero) == 5)
        #expect(bytes(try await session.read(.output, after: 0, patience: .zero)).map { $0 == (0, "abcde") } == true)
        #expect(bytes(try await session.read(.output, after: 3, patience: .zero)).map { $0 == (3, "de") } == true)
        guard case .nothing = try await session.read(.output, after: 5, patience: .milliseconds(1)) else {
            Issue.record("there is something")
            return
        }
        await #expect(throws: ConsoleSession.Misplaced.self) {
            try await session.read(.output, after: 2, patience: .zero)
        }
        await #expect(throws: ConsoleSession.Misplaced.self) {
            _ = try await session.write(.output, [1], at: 9, patience: .zero)
        }
    }

    @Test("A writer waits for a reader who makes room, and a session holds no more than its windows")
    func backPressure() async throws {
        let session = session()
        let much = [UInt8](repeating: 7, count: 20 << 10)
        #expect(try await session.write(.input, much, at: 0, patience: .milliseconds(1)) == 16 << 10)
        async let rest = session.write(.input, Array(much[(16 << 10)...]), at: 16 << 10, patience: .seconds(60))
        guard case .bytes(let place, let piece) = try await session.read(.input, after: 0, patience: .zero) else {
            Issue.record("there is nothing")
            return
        }
        #expect(place == 0 && piece.count == 16 << 10)
        _ = try await session.read(.input, after: 16 << 10, patience: .seconds(60))
        #expect(try await rest == 20 << 10)
    }

    @Test("The end comes behind the last bytes, wakes who waits, and keeps its first reason")
    func end() async throws {
        let session = session()
        _ = try await session.write(.output, Array("bye".utf8), at: 0, patience: .zero)
        async let waiting = session.read(.input, after: 0, patience: .seconds(60))
        #expect(session.end("closed by ann") && !session.end("again"))
        guard case .ended("closed by ann") = try await waiting else {
            Issue.record("not ended")
            return
        }
        #expect(bytes(try await session.read(.output, after: 0, patience: .zero))?.1 == "bye")
        guard case .ended = try await session.read(.output, after: 3, patience: .zero) else {
            Issue.record("not ended")
            return
        }
    }

    @Test("A side that has gone, and long silence, end it; a request that waits is a side that is there")
    func decay() async throws {
        func reason(_ session: ConsoleSession) -> String? {
            session.decay(absence: .seconds(20), silence: .seconds(3600))
        }
        var session = session()
        clock.pass(.seconds(20))
        #expect(reason(session) == nil)
        clock.pass(.seconds(1))
        #expect(reason(session) != nil)
        session = self.session()
        clock.pass(.seconds(30))
        _ = try await session.read(.output, after: 0, patience: .zero)
        #expect(reason(session) == "the agent of kvm1 has gone")
        _ = try await session.read(.input, after: 0, patience: .zero)
        #expect(reason(session) == nil)
        clock.pass(.seconds(3600))
        _ = try await session.read(.output, after: 0, patience: .zero)
        _ = try await session.read(.input, after: 0, patience: .zero)
        #expect(reason(session) == "nothing was typed or printed for 60 minutes")
        session = self.session()
        let there = session
        async let waiting = there.read(.output, after: 0, patience: .seconds(60))
        async let other = there.read(.input, after: 0, patience: .seconds(60))
        // Both are in the session's books once each has been woken by what the other side did.
        _ = try await there.write(.output, [1], at: 0, patience: .zero)
        _ = try await there.write(.input, [1], at: 0, patience: .zero)
        _ = try await (waiting, other)
        #expect(reason(there) == nil)
    }

    @Test("One at a time at a VM; only who opened it and the host that it is for get in; ends are in the audit log")
    func rights() async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/evenkeel-consoles-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let store = try FleetStateStore(path: folder + "/fleet.sqlite")
        let sessions = ConsoleSessions(store: store, clock: clock, logger: Logger(label: "test"))
        var generator = SystemRandomNumberGenerator()
        let session = try sessions.open(machine, name: "web", on: host, owner: "ann", using: &generator)
        #expect(session.id.utf8.count == 32)
        let refused = #expect(throws: APIError.self) {
            _ = try sessions.open(machine, name: "web", on: host, owner: "bob", using: &generator)
        }
        #expect(refused?.reason.contains("open for ann") == true)
        #expect(try sessions.session(session.id, of: "ann") === session)
        #expect(try sessions.session(session.id, for: host) === session)
        let other = try #require(HostName("kvm2"))
        #expect(throws: APIError.self) { try sessions.session(session.id, of: "bob") }
        #expect(throws: APIError.self) { try sessions.session(session.id, for: other) }
        #expect(throws: APIError.self) { try sessions.session("", of: "ann") }
        session.end("closed by ann")
        await sessions.sweep()
        let audit = try await store.audit(limit: 10)
        #expect(audit.map(\.event) == ["console.end"] && audit.first?.actor == "ann")
        let next = try sessions.open(machine, name: "web", on: host, owner: "bob", using: &generator)
        #expect(next.id != session.id)
        sessions.close()
        #expect(next.ending == "the server stops")
        #expect(throws: APIError.self) {
            _ = try sessions.open(machine, name: "web", on: host, owner: "ann", using: &generator)
        }
    }
}
