import CLinux

/// The logical processors that the calling thread, and what it starts, may run on.
enum Affinity {
    /// How many bytes a set of logical processors has: 1024 of them.
    private static let size = 128

    /// The logical processors that we may run on ourselves; `nil` where that cannot be read.
    static func allowed() -> [Int]? {
        var bits = [UInt8](repeating: 0, count: size)
        guard unsafe linux_sched_getaffinity(size, &bits) >= 0 else { return nil }
        return (0..<size * 8).filter { bits[$0 / 8] & 1 << UInt8($0 % 8) != 0 }
    }

    /// Confines the thread `thread` to `processors`.
    static func confine(thread: Int32, to processors: [Int]) throws(HostRuntimeError) {
        guard unsafe linux_sched_setaffinity_of(thread, size, bits(of: processors)) == 0 else {
            throw .system(
                doing: "cannot confine a virtual processor to", on: "logical processors \(processors)",
                reason: lastSystemError())
        }
    }

    private static func bits(of processors: [Int]) -> [UInt8] {
        var bits = [UInt8](repeating: 0, count: size)
        for processor in processors where (0..<size * 8).contains(processor) {
            bits[processor / 8] |= 1 << UInt8(processor % 8)
        }
        return bits
    }

    /// Runs `body` confined to `processors`; `body` must not suspend.
    static func during<Result>(
        _ processors: [Int]?, _ body: () throws(HostRuntimeError) -> Result
    ) throws(HostRuntimeError) -> Result {
        guard let processors else { return try body() }
        let confined = bits(of: processors)
        var before = [UInt8](repeating: 0, count: size)
        // The C library's function gives 0 or a negative number.
        guard unsafe linux_sched_getaffinity(size, &before) >= 0 else {
            throw .system(doing: "cannot read", on: "affinity", reason: lastSystemError())
        }
        guard unsafe linux_sched_setaffinity(size, confined) == 0 else {
            throw .system(
                doing: "cannot confine a VM to", on: "logical processors \(processors)", reason: lastSystemError())
        }
        defer { unsafe _ = linux_sched_setaffinity(size, before) }
        return try body()
    }
}
