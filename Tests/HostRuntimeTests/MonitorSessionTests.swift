import FleetModel
import Glibc
import Testing

@testable import HostRuntime

@Suite("QMP, as bytes and answers") struct MonitorSessionTests {
    static let greeting = #"{"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}}, "capabilities": []}}"#

    private func ready() -> MonitorSession {
        var session = MonitorSession()
        _ = session.receive(line(Self.greeting))
        _ = session.receive(line(#"{"return": {}, "id": 0}"#))
        return session
    }

    private func line(_ text: String) -> [UInt8] { Array((text + "\r\n").utf8) }

    @Test func theGreetingIsAnsweredAndThenCommandsAreTaken() {
        var session = MonitorSession()
        #expect(
            session.receive(line(Self.greeting)) == [
                .send(Array((#"{"execute":"qmp_capabilities","id":0}"# + "\n").utf8))
            ])
        #expect(session.receive(line(#"{"return": {}, "id": 0}"#)) == [.ready])
        #expect(session.emulatorVersion == "7.2.22")
    }

    @Test func answersFindTheirCommandsInAnyOrderAndInAnyPieces() {
        var session = ready()
        let (first, second) = (session.command("query-status", nil), session.command("query-migrate", nil))
        #expect(String(decoding: first.bytes, as: UTF8.self) == #"{"execute":"query-status","id":1}"# + "\n")
        var outputs: [MonitorSession.Output] = []
        let bytes =
            line(#"{"return": {"status": "active"}, "id": \#(second.id)}"#)
            + line(#"{"timestamp": {"seconds": 1, "microseconds": 2}, "event": "RESUME"}"#)
            + line(#"{"return": {"status": "running"}, "id": \#(first.id)}"#)
        for byte in bytes { outputs += session.receive([byte]) }
        #expect(
            outputs == [
                .answered(id: second.id, ["status": "active"]), .event(MonitorEvent(name: "RESUME", data: .null)),
                .answered(id: first.id, ["status": "running"]),
            ])
    }

    @Test func aRefusalNamesItsCommand() {
        var session = ready()
        let id = session.command("cont", nil).id
        let outputs = session.receive(line(#"{"id": \#(id), "error": {"class": "GenericError", "desc": "no"}}"#))
        #expect(outputs == [.failed(id: id, .refused(command: "cont", kind: "GenericError", reason: "no"))])
    }

    @Test func anAnswerThatComesAfterItsTimeIsPassedOver() {
        var session = ready()
        let id = session.command("cont", nil).id
        #expect(session.giveUp(on: id) == .noAnswer(to: "cont"))
        #expect(session.giveUp(on: id) == nil)
        #expect(session.receive(line(#"{"return": {}, "id": \#(id)}"#)).isEmpty)
    }

    @Test func theEndOfTheConnectionFailsWhatIsUnanswered() {
        var session = ready()
        let id = session.command("cont", nil).id
        #expect(session.close() == [.failed(id: id, .closed), .broken(.closed)])
        #expect(session.close().isEmpty)
        #expect(session.receive(line(Self.greeting)).isEmpty)
    }

    @Test(arguments: [
        "HTTP/1.1 400 Bad Request", "{", "[]", #"{"return": {}, "id": 0}"#, #"{"event": 5}"#, "null", "\u{1b}[2J",
        String(repeating: "[", count: 100_000),
    ])
    func whatIsNotQMPEndsTheConnection(_ text: String) {
        var session = MonitorSession()
        let outputs = session.receive(line(text))
        guard case .broken(.notUnderstood)? = outputs.last else {
            Issue.record("\(outputs)")
            return
        }
        #expect(session.receive(line(Self.greeting)).isEmpty)
    }

    @Test func aLineWithoutAnEndIsNotHeldForEver() {
        var session = ready()
        var isBroken = false
        for _ in 0..<40 where !isBroken {
            isBroken = !session.receive([UInt8](repeating: 0x20, count: 1 << 16)).isEmpty
        }
        #expect(isBroken)
    }

    @Test func noBytesWhateverUpsetIt() {
        var generator = SplitMix(state: 7)
        for _ in 0..<2_000 {
            var session = ready()
            _ = session.command("query-status", nil)
            var bytes = line(#"{"return": {"status": "running", "x": [1, 2.5, true, null]}, "id": 1}"#)
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            let outputs = session.receive(bytes)
            #expect(outputs.count <= 3)
        }
    }

    @Test func migrationAnswersAreRead() throws {
        let message = MonitorMessage(
            line: Array(
                #"""
                {"return": {"status": "completed", "total-time": 123, "downtime": 7, "ram": {"total": 100, "remaining": 0,
                "transferred": 55}, "socket-address": [{"type": "inet", "host": "127.0.0.1", "port": "4444"}]}, "id": 1}
                """#.utf8.filter { $0 != 0x0a }))
        guard case .returned(id: 1, let value) = message else { throw Unexpected(message as Any) }
        let reading = MigrationReading(value)
        #expect(!reading.isUnderWay && reading.figures.totalMilliseconds == 123)
        #expect(reading.figures.downtimeMilliseconds == 7 && reading.figures.transferred == Bytes(55))
        #expect(reading.address?.port == 4444)
    }
}

@Suite("A monitor whose other side misbehaves", .timeLimit(.minutes(1))) struct MonitorConnectionTests {
    /// Plays QEMU on a real socket: says `greeting` and then nothing.
    private func connection(
        saying greeting: String, closing: Bool = false,
        _ body: (MonitorConnection) async throws -> Void
    ) async throws {
        let root = try temporaryFolder()
        defer { endProcesses(under: root) }
        let listener = try UnixSocket.listening(at: "\(root)/qmp.sock")
        let connection = try MonitorConnection(path: "\(root)/qmp.sock", heard: { _ in }, ended: {})
        let peer = FileDescriptor(accept(listener.number, nil, nil))
        #expect(try peer.writeAll(Array(greeting.utf8)))
        if closing { _ = shutdown(peer.number, Int32(SHUT_RDWR)) }
        try await body(connection)
        connection.close()
        withExtendedLifetime(peer) {}
    }

    @Test func silenceIsNotWaitedForForEver() async throws {
        try await connection(saying: "") { connection in
            await #expect(throws: MonitorError.noAnswer(to: "greeting")) {
                try await connection.ready(within: .milliseconds(100))
            }
        }
    }

    @Test func aPeerThatTakesNoConnectionsIsAnErrorAndNotAWait() throws {
        let root = try temporaryFolder()
        defer { endProcesses(under: root) }
        let listener = try UnixSocket.listening(at: "\(root)/qmp.sock")
        var held: [FileDescriptor] = []
        let error = #expect(throws: HostRuntimeError.self) {
            while held.count < 1000 { held.append(try UnixSocket.connected(to: "\(root)/qmp.sock")) }
        }
        #expect(try #require(error).description.contains("QEMU does not take connections"))
        withExtendedLifetime(listener) {}
    }

    @Test func whatAPeerSaidBeforeItHungUpIsHeardAlsoByWhoWritesToItMeanwhile() async throws {
        let greeting = MonitorSessionTests.greeting + "\n" + #"{"return": {}, "id": 0}"# + "\n"
        try await connection(saying: greeting, closing: true) { connection in
            _ = try? await connection.execute("cont")
            #expect(connection.isHeardToItsEnd())
        }
        try await connection(saying: greeting) { connection in
            try await connection.ready(within: .seconds(5))
            connection.close()
            #expect(!connection.isHeardToItsEnd())
        }
    }

    @Test func anAnswerThatDoesNotComeFailsTheCommandAlone() async throws {
        let greeting = MonitorSessionTests.greeting + "\n" + #"{"return": {}, "id": 0}"# + "\n"
        try await connection(saying: greeting) { connection in
            try await connection.ready(within: .seconds(5))
            await #expect(throws: MonitorError.noAnswer(to: "cont")) {
                try await connection.execute("cont", within: .milliseconds(100))
            }
            #expect(!connection.isBroken)
        }
    }

    @Test func aPeerThatHangsUpOrSpeaksSomethingElseIsAnErrorAtOnce() async throws {
        try await connection(saying: "", closing: true) { connection in
            await #expect(throws: MonitorError.closed) { try await connection.ready(within: .seconds(30)) }
        }
        try await connection(saying: "SSH-2.0-OpenSSH\r\n") { connection in
            await #expect(throws: MonitorError.notUnderstood("SSH-2.0-OpenSSH\r")) {
                try await connection.ready(within: .seconds(30))
            }
            await #expect(throws: MonitorError.closed) { try await connection.execute("cont") }
        }
    }
}

/// A small generator with a seed, so that a failure can be had again.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
