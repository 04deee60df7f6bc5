/// What a cgroup has run and how it was held back: `cpu.stat` of version 2, `cpu.stat` and `cpuacct.stat` of version
/// 1 (Linux `Documentation/admin-guide/cgroup-v2.rst`, `cgroup-v1/cpuacct.rst`). Every time is in nanoseconds; a
/// figure that the file does not hold is `nil`.
///
/// ```
/// version 2   usage_usec 812 / user_usec 700 / system_usec 112 / nr_periods 5 / nr_throttled 1 / throttled_usec 9
/// version 1   nr_periods 5 / nr_throttled 1 / throttled_time 9000           nanoseconds
/// cpuacct     user 70 / system 11                                           ticks of 10 ms
/// ```
public struct ControlGroupProcessorTime: Hashable, Sendable {
    /// Time on logical processors, guest code included.
    public var usageNanoseconds: Int64?
    /// Time in user mode, guest code included.
    public var userNanoseconds: Int64?
    /// Time in the kernel.
    public var systemNanoseconds: Int64?
    /// Periods of its quota that went by while it wanted to run.
    public var periods: Int64?
    /// Those of them in which the quota held it back.
    public var throttledPeriods: Int64?
    /// For how long, summed over logical processors.
    public var throttledNanoseconds: Int64?

    private static let keys = KeyedNumbers<Self>([
        .init("usage_usec", \.usageNanoseconds, scale: 1000), .init("user_usec", \.userNanoseconds, scale: 1000),
        .init("system_usec", \.systemNanoseconds, scale: 1000), .init("user", \.userNanoseconds, scale: 10_000_000),
        .init("system", \.systemNanoseconds, scale: 10_000_000), .init("nr_periods", \.periods),
        .init("nr_throttled", \.throttledPeriods), .init("throttled_usec", \.throttledNanoseconds, scale: 1000),
        .init("throttled_time", \.throttledNanoseconds),
    ])

    /// Reads the file's content; throws where it holds none of the figures.
    public init(parsing bytes: Span<UInt8>, path: String) throws(CounterError) {
        self.init()
        if Self.keys.fill(&self, from: bytes) == 0 {
            throw .malformed(path: path, line: 1, expected: "lines such as 'usage_usec 0' or 'nr_periods 0'")
        }
    }

    private init() {}
}
