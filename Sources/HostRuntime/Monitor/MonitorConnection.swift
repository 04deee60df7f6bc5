import Dispatch
import FleetModel

/// A connection to the monitor of one QEMU process over its Unix socket: the I/O around ``MonitorSession``.
///
/// QEMU serves one client per socket at a time, so the runtime keeps one connection for as long as it knows the VM.
final class MonitorConnection: Sendable {
    private struct State {
        var session = MonitorSession()
        var isReady = false
        var isBroken = false
        var brokenBy = MonitorError.closed
        var hasEnded = false
        var waiting: [Int64: CheckedContinuation<Result<JSONValue, MonitorError>, Never>] = [:]
    }

    private let socket: FileDescriptor
    private let state = Locked(State())
    private let watch = Locked<Readiness?>(nil)
    private let changes = Bell()
    private let heard: @Sendable (MonitorEvent) -> Void
    private let ended: @Sendable () -> Void

    /// Connects to the socket at `path`. `heard` is called for each event and `ended` once, at the end of the
    /// connection; both on a queue of their own and in order.
    init(
        path: String, heard: @escaping @Sendable (MonitorEvent) -> Void, ended: @escaping @Sendable () -> Void
    ) throws(HostRuntimeError) {
        let socket = try UnixSocket.connected(to: path)
        self.socket = socket
        self.heard = heard
        self.ended = ended
        let readiness = Readiness(of: socket) { [weak self] _ in self?.readAvailable() }
        watch.withLock { $0 = readiness }
    }

    /// Waits until QEMU takes commands.
    func ready(within limit: Duration) async throws(MonitorError) {
        let deadline = ContinuousClock.now + limit
        while true {
            let seen = changes.rings
            let (isReady, failure) = state.withLock { ($0.isReady, $0.isBroken ? $0.brokenBy : nil) }
            if let failure { throw failure }
            if isReady { return }
            let remaining = deadline - ContinuousClock.now
            if remaining <= .zero { throw .noAnswer(to: "greeting") }
            await changes.wait(after: seen, upTo: remaining)
        }
    }

    /// The version of QEMU, as its greeting gave it.
    var emulatorVersion: String? { state.withLock { $0.session.emulatorVersion } }

    /// How many commands it was given.
    var commandsGiven: Int64 { state.withLock { $0.session.commandsGiven } }

    /// Whether nothing more can come of it.
    var isBroken: Bool { state.withLock { $0.isBroken } }

    /// Whether all that QEMU ever said has been heard: to be asked once its process has ended. What it said last lies
    /// in the socket by then, and is read before this returns.
    func isHeardToItsEnd() -> Bool {
        watch.withLock { $0 }?.callNow()
        return state.withLock { $0.hasEnded }
    }

    /// Gives a command and waits for its answer. `getfd` takes the descriptor that goes along.
    @discardableResult
    func execute(
        _ command: String, _ arguments: JSONValue? = nil, passing descriptor: FileDescriptor? = nil,
        isUrgent: Bool = false, within limit: Duration = .seconds(5)
    ) async throws(MonitorError) -> JSONValue {
        let result = await withCheckedContinuation { continuation in
            start(command, arguments, passing: descriptor, isUrgent: isUrgent, within: limit, continuation)
        }
        return try result.get()
    }

    /// Ends the connection; the VM goes on.
    func close() {
        perform(state.withLock { $0.session.close() })
        stopReading()
    }

    private func start(
        _ command: String, _ arguments: JSONValue?, passing descriptor: FileDescriptor?, isUrgent: Bool,
        within limit: Duration,
        _ continuation: CheckedContinuation<Result<JSONValue, MonitorError>, Never>
    ) {
        let given = state.withLock { state -> (id: Int64, bytes: [UInt8])? in
            guard state.isReady, !state.isBroken else { return nil }
            let given = state.session.command(command, arguments, isUrgent: isUrgent)
            state.waiting[given.id] = continuation
            return given
        }
        guard let given else { return continuation.resume(returning: .failure(.closed)) }
        send(given.bytes, passing: descriptor)
        DispatchQueue.global().asyncAfter(deadline: .now() + limit.inSeconds) { [weak self] in
            self?.giveUp(on: given.id)
        }
    }

    private func giveUp(on id: Int64) {
        guard let failure = state.withLock({ $0.session.giveUp(on: id) }) else { return }
        perform([.failed(id: id, failure)])
    }

    private func send(_ bytes: [UInt8], passing descriptor: FileDescriptor? = nil) {
        do throws(HostRuntimeError) {
            // Where QEMU has closed, the reader comes upon that after what it said last.
            _ = try socket.writeAll(bytes, passing: descriptor)
        } catch {
            perform(state.withLock { $0.session.close(.transport(error.description)) })
        }
    }

    private func readAvailable() {
        do throws(HostRuntimeError) {
            while let bytes = try socket.read(limit: 1 << 16) {
                let isEnd = bytes.isEmpty
                perform(
                    state.withLock { state in
                        // A connection that was given up on, by us or for what came over it, has no end to be heard.
                        if isEnd, !state.isBroken { state.hasEnded = true }
                        return isEnd ? state.session.close() : state.session.receive(bytes)
                    })
                if isEnd { return stopReading() }
            }
        } catch {
            perform(state.withLock { $0.session.close(.transport(error.description)) })
        }
    }

    private func stopReading() {
        watch.withLock { watch in
            watch?.cancel()
            watch = nil
        }
    }

    private func perform(_ outputs: [MonitorSession.Output]) {
        for output in outputs {
            switch output {
            case .send(let bytes): send(bytes)
            case .ready:
                state.withLock { $0.isReady = true }
                changes.ring()
            case .answered(let id, let value):
                state.withLock { $0.waiting.removeValue(forKey: id) }?.resume(returning: .success(value))
            case .failed(let id, let error):
                state.withLock { $0.waiting.removeValue(forKey: id) }?.resume(returning: .failure(error))
            case .event(let event): heard(event)
            case .broken(let error):
                state.withLock {
                    $0.isBroken = true
                    $0.brokenBy = error
                }
                stopReading()
                changes.ring()
                ended()
            }
        }
    }
}
