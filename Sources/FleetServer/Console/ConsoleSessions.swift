import FleetModel
import FleetState
import HTTPTypes
import Logging

/// The consoles that are open: one a VM, since QEMU serves one client.
final class ConsoleSessions: Sendable {
    /// A side that was away for so long has gone.
    private static let longestAbsence: Duration = .seconds(20)
    /// A console at which nothing happens for so long is closed.
    private static let longestSilence: Duration = .seconds(3600)
    /// How long a session that has ended is remembered, so that both sides learn why.
    private static let memory: Duration = .seconds(60)
    private static let sweepSpan: Duration = .seconds(2)

    private struct State {
        var open: [String: ConsoleSession] = [:]
        var ended: [String: Timestamp] = [:]
        var isClosed = false
    }

    private let state = Locked(State())
    private let store: FleetStateStore
    private let clock: any Clock
    private let logger: Logger

    init(store: FleetStateStore, clock: any Clock, logger: Logger) {
        self.store = store
        self.clock = clock
        self.logger = logger
    }

    /// A new session of `owner` at a VM's console; refused while somebody else has one there.
    func open(
        _ machine: VirtualMachineID, name: String, on host: HostName, owner: String,
        using generator: inout some RandomNumberGenerator
    ) throws -> ConsoleSession {
        // 128 bits that nobody guesses.
        let id = (0..<2).map { _ in Self.hex(generator.next()) }.joined()
        let session = ConsoleSession(id: id, machine: machine, name: name, host: host, owner: owner, clock: clock)
        try state.withLock { state in
            if state.isClosed { throw APIError(.serviceUnavailable, "the server stops") }
            if let other = state.open.values.first(where: { $0.machine == machine && $0.ending == nil }) {
                throw APIError(
                    .conflict,
                    "the console of \(name) is open for \(other.owner), and it serves one at a time; one whose operator has "
                        + "gone is closed after \(Int(Self.longestAbsence.inSeconds)) s")
            }
            state.open[id] = session
        }
        return session
    }

    /// The session of that id that `owner` has opened.
    func session(_ id: String, of owner: String) throws -> ConsoleSession {
        guard let session = state.withLock({ $0.open[id] }), session.owner == owner else { throw Self.unknown }
        return session
    }

    /// The session of that id that is for `host`.
    func session(_ id: String, for host: HostName) throws -> ConsoleSession {
        guard let session = state.withLock({ $0.open[id] }), session.host == host else { throw Self.unknown }
        return session
    }

    /// Closes what has ended or decayed, and writes into the audit log that it was, until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            try? await clock.sleep(for: Self.sweepSpan)  // cancelled: the loop's condition sees it
            for session in state.withLock({ Array($0.open.values) }) {
                if let reason = session.decay(absence: Self.longestAbsence, silence: Self.longestSilence) {
                    session.end(reason)
                }
            }
            await sweep()
        }
    }

    /// Ends every session: the server stops.
    func close() {
        let open = state.withLock { state in
            state.isClosed = true
            return Array(state.open.values)
        }
        for session in open { session.end("the server stops") }
    }

    /// Forgets what has ended long ago, and writes down what has ended since the last time.
    func sweep() async {
        let now = clock.now
        let news = state.withLock { state -> [ConsoleSession] in
            for (id, time) in state.ended where now - time > Self.memory {
                state.ended[id] = nil
                state.open[id] = nil
            }
            let news = state.open.values.filter { $0.ending != nil && state.ended[$0.id] == nil }
            for session in news { state.ended[session.id] = now }
            return news
        }
        for session in news {
            let (output, input) = session.traffic
            let entry = AuditEntry(
                time: now, actor: session.owner, event: "console.end",
                detail:
                    "console of \(session.name) on \(session.host): \(session.ending ?? ""); \(output) bytes printed, "
                    + "\(input) typed")
            do {
                try await store.commit([.audit(entry)])
            } catch {
                logger.error("the end of a console is not in the audit log", metadata: ["reason": "\(error)"])
            }
        }
    }

    private static let unknown = APIError(.notFound, "there is no such console session, or it is not yours")

    private static func hex(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
