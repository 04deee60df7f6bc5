import FleetModel

@testable import HostAgent

/// A disk in memory that fills up, tears its last write and loses its power as a test wants it to.
final class MemoryDisk: Disk {
    private struct State {
        var files: [String: [UInt8]] = [:]
        var capacity = Int.max
        var isTruncating = true
    }

    private let state = Locked(State())

    /// How many bytes fit on the disk.
    var capacity: Int {
        get { state.withLock { $0.capacity } }
        set { state.withLock { $0.capacity = newValue } }
    }

    /// Whether files can be cut: a disk that is failing may not even do that.
    var isTruncating: Bool {
        get { state.withLock { $0.isTruncating } }
        set { state.withLock { $0.isTruncating = newValue } }
    }

    var files: [String: [UInt8]] {
        get { state.withLock { $0.files } }
        set { state.withLock { $0.files = newValue } }
    }

    /// Another disk with the same content: what a restart finds.
    func copy() -> MemoryDisk {
        let disk = MemoryDisk()
        disk.files = files
        return disk
    }

    func names() -> [String] { files.keys.shuffled() }

    func read(_ name: String) -> [UInt8] { files[name] ?? [] }

    func append(_ bytes: [UInt8], to name: String) throws(AgentError) {
        try state.withLock { state throws(AgentError) in
            let room = state.capacity - state.files.values.reduce(0) { $0 + $1.count }
            state.files[name, default: []] += bytes.prefix(max(0, room))
            if room < bytes.count { throw Self.full(name) }
        }
    }

    func truncate(_ name: String, to length: Int) throws(AgentError) {
        try state.withLock { state throws(AgentError) in
            guard state.isTruncating else { throw Self.full(name) }
            if let content = state.files[name] { state.files[name] = Array(content.prefix(length)) }
        }
    }

    func replace(_ name: String, with bytes: [UInt8]) throws(AgentError) {
        try state.withLock { state throws(AgentError) in
            let room = state.capacity - state.files.values.reduce(0) { $0 + $1.count }
            if room < bytes.count { throw Self.full(name) }
            state.files[name] = bytes
        }
    }

    func note(_ bytes: [UInt8], in name: String) throws(AgentError) {
        try replace(name, with: bytes)
    }

    func remove(_ name: String) { state.withLock { $0.files[name] = nil } }

    private static func full(_ name: String) -> AgentError {
        .file(path: name, call: "write", reason: "No space left on device", errno: AgentError.noSpace)
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014).
struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
