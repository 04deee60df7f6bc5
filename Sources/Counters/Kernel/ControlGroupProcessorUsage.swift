/// `cpuacct.usage_percpu` of cgroup version 1: exact time of a VM on every logical processor (Linux
/// `kernel/sched/cpuacct.c`).
///
/// ```
/// 240019928 1200173 0 8911
/// LP 0      LP 1    LP 2 (possible, never online) LP 3       nanoseconds
/// ```
public struct ControlGroupProcessorUsage: Hashable, Sendable {
    /// Nanoseconds, by number of logical processor: all that are possible, those offline included.
    public var nanoseconds: [Int64] = []

    /// An empty reading, to be filled by `parse`.
    public init() {}

    /// Takes the content of the file; the room of `nanoseconds` is kept between calls. Throws where it is not a line
    /// of numbers.
    public mutating func parse(_ bytes: Span<UInt8>, path: String) throws(CounterError) {
        nanoseconds.removeAll(keepingCapacity: true)
        var place = 0
        while let value = bytes.counter(&place) { nanoseconds.append(value) }
        if nanoseconds.isEmpty || !bytes.line(from: place).isEmpty {
            throw .malformed(path: path, line: 1, expected: "a number for each logical processor")
        }
    }
}
