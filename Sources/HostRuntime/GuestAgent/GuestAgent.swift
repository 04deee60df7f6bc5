import FleetModel

/// What a guest's agent (qemu-ga) says on its port: JSON, one answer a line, and a byte 0xff before the answer that
/// brings both sides together (QEMU's qga/qapi-schema.json, `guest-sync-delimited`). What it holds is bounded, whatever
/// the guest sends.
struct GuestAgentSession: Sendable {
    /// The longest line that is taken.
    static let longestLine = 1 << 16
    private static let mark: UInt8 = 0xff

    private var line: [UInt8] = []
    private var isTooLong = false

    /// The answers that are whole with these bytes; what is no answer is passed over.
    mutating func receive(_ bytes: some Sequence<UInt8>) -> [JSONValue] {
        var answers: [JSONValue] = []
        for byte in bytes {
            switch byte {
            case Self.mark:
                line = []
                isTooLong = false
            case 0x0a:
                if !isTooLong, let value = JSONText.value(line) {
                    answers.append(value)
                }
                line = []
                isTooLong = false
            default:
                if line.count < Self.longestLine { line.append(byte) } else { isTooLong = true }
            }
        }
        return answers
    }
}

/// A conversation with the agent in a guest, over the socket of its port. A command that the guest does not take goes
/// with the connection: it is not kept for an agent that comes later.
final class GuestAgent: Sendable {
    private struct State {
        var session = GuestAgentSession()
        var answers: [JSONValue] = []
        var hasEnded = false
    }
    /// More than anybody waits for.
    private static let mostAnswers = 16

    private let socket: FileDescriptor
    private let state = Locked(State())
    private let bell = Bell()
    private let watch = Locked<Readiness?>(nil)

    /// Connects to the socket at `path`.
    init(path: String) throws(HostRuntimeError) {
        socket = try UnixSocket.connected(to: path)
        let readiness = Readiness(of: socket) { [weak self] _ in self?.readAvailable() }
        watch.withLock { $0 = readiness }
    }

    deinit { watch.withLock { $0 }?.cancel() }

    /// Whether an agent is there: it answers with the number that it is told.
    func isThere(number: Int64, within limit: Duration) async -> Bool {
        let hello: JSONValue = ["execute": "guest-sync-delimited", "arguments": ["id": .integer(number)]]
        guard send(hello, after: [0xff]) else { return false }
        let deadline = ContinuousClock.now + limit
        while let answer = await next(by: deadline) {
            if answer["return"]?.whole == number { return true }
        }
        return false
    }

    /// Gives a command and waits for its answer; `nil` where none came.
    func execute(_ command: String, within limit: Duration) async -> JSONValue? {
        guard send(["execute": .string(command)]) else { return nil }
        return await next(by: ContinuousClock.now + limit)
    }

    private func send(_ value: JSONValue, after first: [UInt8] = []) -> Bool {
        (try? socket.writeAll(first + JSONText.bytes(of: value) + [0x0a])) ?? false
    }

    private func next(by deadline: ContinuousClock.Instant) async -> JSONValue? {
        while true {
            let seen = bell.rings
            let (answer, hasEnded) = state.withLock { state in
                (state.answers.isEmpty ? nil : state.answers.removeFirst(), state.hasEnded)
            }
            if let answer { return answer }
            let remaining = deadline - ContinuousClock.now
            guard !hasEnded, remaining > .zero else { return nil }
            await bell.wait(after: seen, upTo: remaining)
        }
    }

    private func readAvailable() {
        while true {
            let bytes = (try? socket.read(limit: 1 << 14)) ?? nil
            guard let bytes, !bytes.isEmpty else {
                // Nothing there yet is no end.
                if bytes?.isEmpty == true {
                    state.withLock { $0.hasEnded = true }
                    watch.withLock { $0 }?.cancel()
                }
                break
            }
            state.withLock { state in
                state.answers += state.session.receive(bytes)
                if state.answers.count > Self.mostAnswers {
                    state.answers.removeFirst(state.answers.count - Self.mostAnswers)
                }
            }
        }
        bell.ring()
    }
}
