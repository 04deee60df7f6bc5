import Console
import FleetModel

/// One operator at one VM's console: two streams of bytes between a command line and an agent, both of which only ever
/// ask. What each side has is kept until it says so, in windows of bounded size: a side that does not read makes the other
/// wait.
final class ConsoleSession: Sendable {
    /// What is known of one direction or of the session's end.
    enum Piece: Sendable {
        /// Bytes from this position on.
        case bytes(at: Int64, [UInt8])
        /// None yet.
        case nothing
        /// It is over, for this reason, and all that came before was read.
        case ended(String)
    }

    /// What each side does not find in the session.
    struct Misplaced: Error {}

    /// The two ways through the session.
    enum Direction: Sendable {
        /// From the guest to the operator.
        case output
        /// From the operator to the guest.
        case input
    }

    private struct State {
        var output = ByteWindow(capacity: 256 << 10)
        var input = ByteWindow(capacity: 16 << 10)
        var ending: String?
        /// When each side was here last, and how many of its requests wait here now.
        var seen: [Direction: Timestamp] = [:]
        var present: [Direction: Int] = [:]
        /// When anything was said last.
        var moved: Timestamp
        var listeners: [Int: AsyncStream<Void>.Continuation] = [:]
        var nextListener = 0
    }

    /// The most bytes of one answer.
    private static let longestPiece = 64 << 10

    let id: String
    let machine: VirtualMachineID
    let name: String
    let host: HostName
    let owner: String
    let opened: Timestamp
    private let clock: any Clock
    private let state: Locked<State>

    init(
        id: String, machine: VirtualMachineID, name: String, host: HostName, owner: String, clock: any Clock
    ) {
        self.id = id
        self.machine = machine
        self.name = name
        self.host = host
        self.owner = owner
        self.clock = clock
        opened = clock.now
        // Both sides are expected from now on.
        state = Locked(State(seen: [.output: opened, .input: opened], moved: opened))
    }

    /// Waits up to `patience` for bytes of `direction` from `position` on; whoever asks has all that lies before it.
    func read(_ direction: Direction, after position: Int64, patience: Duration) async throws -> Piece {
        try await stay(direction) {
            try await self.once(patience) { try self.look(direction, after: position) } ?? .nothing
        }
    }

    /// Puts bytes of `direction` at `position` and returns up to where the session has them: less than all after a wait
    /// in which the reader made no room.
    func write(
        _ direction: Direction, _ bytes: [UInt8], at position: Int64, patience: Duration
    ) async throws -> Int64 {
        // Who writes the output is who reads the input.
        try await stay(direction == .output ? .input : .output) {
            let whole = try await self.once(patience) { () throws -> Int64? in
                let end = try self.put(direction, bytes, at: position)
                return end >= position + Int64(bytes.count) ? end : nil
            }
            return try whole ?? self.put(direction, bytes, at: position)
        }
    }

    /// Ends the session; the first reason counts. Whether this was it.
    @discardableResult
    func end(_ reason: String) -> Bool {
        let isFirst = state.withLock { state in
            defer { state.ending = state.ending ?? reason }
            return state.ending == nil
        }
        if isFirst { ring() }
        return isFirst
    }

    var ending: String? { state.withLock { $0.ending } }

    /// How many bytes went each way.
    var traffic: (output: Int64, input: Int64) { state.withLock { ($0.output.end, $0.input.end) } }

    /// Why the session cannot go on: a side has left without a word, or nothing was said for long.
    func decay(absence: Duration, silence: Duration) -> String? {
        let now = clock.now
        return state.withLock { state in
            for (direction, side) in [(Direction.output, "the operator's side"), (.input, "the agent of \(host)")] {
                if state.present[direction, default: 0] > 0 { continue }
                if let seen = state.seen[direction], now - seen > absence { return "\(side) has gone" }
            }
            return now - state.moved > silence
                ? "nothing was typed or printed for \(Int(silence.inSeconds / 60)) minutes" : nil
        }
    }

    // MARK: Looking and waiting

    private func look(_ direction: Direction, after position: Int64) throws -> Piece? {
        let (piece, hasRoom): (Piece?, Bool) = try state.withLock { state in
            let piece: [UInt8]
            let start: Int64
            let wasFull: Bool
            switch direction {
            case .output:
                wasFull = state.output.isFull
                guard state.output.forget(before: position) else { throw Misplaced() }
                (piece, start) = (state.output.first(Self.longestPiece), state.output.start)
            case .input:
                wasFull = state.input.isFull
                guard state.input.forget(before: position) else { throw Misplaced() }
                (piece, start) = (state.input.first(Self.longestPiece), state.input.start)
            }
            if !piece.isEmpty { return (.bytes(at: start, piece), wasFull) }
            return (state.ending.map(Piece.ended), wasFull)
        }
        if hasRoom { ring() }
        return piece
    }

    private func put(_ direction: Direction, _ bytes: [UInt8], at position: Int64) throws -> Int64 {
        let now = clock.now
        let (end, isNew): (Int64, Bool) = try state.withLock { state in
            let before = direction == .output ? state.output.end : state.input.end
            let end =
                direction == .output
                ? state.output.append(bytes, at: position) : state.input.append(bytes, at: position)
            guard let end else { throw Misplaced() }
            if end > before { state.moved = now }
            return (end, end > before)
        }
        if isNew { ring() }
        return end
    }

    /// Looks again whenever something has changed, until there is something or `patience` is over.
    private func once<Value: Sendable>(
        _ patience: Duration, _ look: @escaping @Sendable () throws -> Value?
    ) async throws -> Value? {
        if let found = try look() { return found }
        let (changes, ticket) = listen()
        defer { forget(ticket) }
        return try await TimeLimit.race(patience) { () async throws -> Value? in
            // What changed before anybody listened has rung for nobody.
            if let found = try look() { return found }
            for await _ in changes {
                if let found = try look() { return found }
                // It is over, and what was waited for will not come.
                if self.ending != nil { return nil }
            }
            return nil
        } ?? nil
    }

    private func listen() -> (AsyncStream<Void>, Int) {
        let (changes, listener) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let ticket = state.withLock { state in
            state.nextListener += 1
            state.listeners[state.nextListener] = listener
            return state.nextListener
        }
        return (changes, ticket)
    }

    private func forget(_ ticket: Int) { state.withLock { $0.listeners[ticket] = nil } }

    private func ring() {
        for listener in state.withLock({ Array($0.listeners.values) }) { listener.yield() }
    }

    /// A side is there while one of its requests is.
    private func stay<Value>(_ direction: Direction, _ body: () async throws -> Value) async throws -> Value {
        state.withLock { $0.present[direction, default: 0] += 1 }
        defer {
            let now = clock.now
            state.withLock { state in
                state.present[direction, default: 0] -= 1
                state.seen[direction] = now
            }
        }
        return try await body()
    }
}
