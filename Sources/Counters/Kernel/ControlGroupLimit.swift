/// `memory.max` and `memory.high` of cgroup version 2, which say `max` where there is no limit, and
/// `memory.limit_in_bytes` of version 1, which says as many pages as 63 bits of bytes hold (Linux
/// `mm/memcontrol-v1.c`, `PAGE_COUNTER_MAX`).
public enum ControlGroupLimit: Hashable, Sendable {
    /// No limit but that of the cgroups above.
    case unlimited
    /// So many bytes.
    case bytes(Int64)

    /// Less than the largest page of any architecture below 63 bits: nobody sets such a limit.
    private static let leastUnlimited: Int64 = .max - 0xf_ffff

    /// Reads the file's content; throws where it is neither a number nor `max`.
    public init(parsing bytes: Span<UInt8>, path: String) throws(CounterError) {
        if bytes.holds("max", in: bytes.line(from: 0)) {
            self = .unlimited
            return
        }
        var place = 0
        guard let count = bytes.counter(&place), bytes.line(from: place).isEmpty else {
            throw .malformed(path: path, line: 1, expected: "a number of bytes or 'max'")
        }
        self = count >= Self.leastUnlimited ? .unlimited : .bytes(count)
    }
}
