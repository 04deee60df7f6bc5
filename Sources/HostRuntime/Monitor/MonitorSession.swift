/// QMP as a synchronous state machine: bytes and commands go in, bytes and answers come out. What it holds of the
/// other side is bounded, whatever that sends.
struct MonitorSession: Sendable {
    /// What is to be done, in order.
    enum Output: Hashable, Sendable {
        case send([UInt8])
        /// Commands may be given from now on.
        case ready
        case answered(id: Int64, JSONValue)
        case failed(id: Int64, MonitorError)
        case event(MonitorEvent)
        /// Nothing more can come of this connection.
        case broken(MonitorError)
    }

    /// The longest line that is taken. QEMU's longest answers (query-qmp-schema) have some 200 KiB.
    static let longestLine = 1 << 20

    private enum Stage { case greeting, negotiating, ready, broken }

    /// The version of QEMU, as its greeting gave it.
    private(set) var emulatorVersion: String?
    private var takesUrgent = false
    private var stage = Stage.greeting
    private var line: [UInt8] = []
    private var nextID: Int64 = 1
    private var pending: [Int64: String] = [:]

    /// How many commands were given.
    var commandsGiven: Int64 { nextID - 1 }

    init() {}

    /// Takes what the other side sent.
    mutating func receive(_ bytes: some Collection<UInt8>) -> [Output] {
        var outputs: [Output] = []
        var rest = bytes[...]
        while stage != .broken, let end = rest.firstIndex(of: 0x0a) {
            line += rest[..<end]
            rest = rest[rest.index(after: end)...]
            defer { line = [] }
            if line.count > Self.longestLine { return outputs + breakOff("a line without an end") }
            outputs += take(line)
        }
        if stage == .broken { return outputs }
        line += rest
        return line.count > Self.longestLine ? outputs + breakOff("a line without an end") : outputs
    }

    /// A command that is to be sent, and the number its answer will have. An urgent one is done before others and while
    /// QEMU's main loop hangs, where QEMU can (docs/interop/qmp-spec.txt, "out-of-band").
    mutating func command(
        _ name: String, _ arguments: JSONValue?, isUrgent: Bool = false
    ) -> (id: Int64, bytes: [UInt8]) {
        defer { nextID += 1 }
        pending[nextID] = name
        return (nextID, Self.encode(name, arguments, id: nextID, isUrgent: isUrgent && takesUrgent))
    }

    /// Stops waiting for an answer; `nil` where none was waited for.
    mutating func giveUp(on id: Int64) -> MonitorError? {
        pending.removeValue(forKey: id).map { .noAnswer(to: $0) }
    }

    /// Takes the end of the connection: whatever is unanswered has failed.
    mutating func close(_ reason: MonitorError = .closed) -> [Output] {
        guard stage != .broken else { return [] }
        stage = .broken
        line = []
        defer { pending = [:] }
        return pending.keys.sorted().map { .failed(id: $0, reason) } + [.broken(reason)]
    }

    private mutating func take(_ line: [UInt8]) -> [Output] {
        if line.allSatisfy({ $0 == 0x0d || $0 == 0x20 }) { return [] }
        guard let message = MonitorMessage(line: line) else {
            return breakOff(String(decoding: line.prefix(80), as: UTF8.self))
        }
        switch (stage, message) {
        case (.greeting, .greeting(let version, let takesUrgent)):
            stage = .negotiating
            emulatorVersion = version
            self.takesUrgent = takesUrgent
            return [.send(Self.encode("qmp_capabilities", takesUrgent ? ["enable": ["oob"]] : nil, id: 0))]
        case (.negotiating, .returned(id: 0, _)):
            stage = .ready
            return [.ready]
        case (.ready, .returned(let id, let value)):
            return pending.removeValue(forKey: id) == nil ? [] : [.answered(id: id, value)]
        case (.ready, .failed(let id?, let kind, let reason)):
            guard let command = pending.removeValue(forKey: id) else { return [] }
            return [.failed(id: id, .refused(command: command, kind: kind, reason: reason))]
        case (.ready, .event(let event)), (.negotiating, .event(let event)):
            return [.event(event)]
        default:
            return breakOff("a message out of turn")
        }
    }

    private mutating func breakOff(_ why: String) -> [Output] { close(.notUnderstood(why)) }

    private static func encode(
        _ name: String, _ arguments: JSONValue?, id: Int64, isUrgent: Bool = false
    ) -> [UInt8] {
        var command: [String: JSONValue] = [isUrgent ? "exec-oob" : "execute": .string(name), "id": .integer(id)]
        if let arguments { command["arguments"] = arguments }
        return JSONText.bytes(of: .object(command)) + [0x0a]
    }
}
