/// `/proc/loadavg`: tasks that run, are ready or wait for a disk, on average (Linux `fs/proc/loadavg.c`).
///
/// ```
/// 2.98 2.62 2.25 5/153 14754
/// 1 m  5 m  15 m runnable/all, the newest process
/// ```
public struct LoadAverage: Hashable, Sendable {
    /// Tasks, over the last minute.
    public var oneMinute: Double
    /// Tasks, over the last five minutes.
    public var fiveMinutes: Double
    /// Tasks, over the last fifteen minutes.
    public var fifteenMinutes: Double
    /// Tasks that run or are ready now.
    public var runnable: Int64
    /// All tasks.
    public var tasks: Int64

    /// Reads the file's content; throws where it is something else.
    public init(parsing bytes: Span<UInt8>, path: String = "/proc/loadavg") throws(CounterError) {
        var place = 0
        guard let one = bytes.fraction(&place), let five = bytes.fraction(&place),
            let fifteen = bytes.fraction(&place), let runnable = bytes.counter(&place),
            bytes.byte(at: place) == .slash
        else {
            throw .malformed(path: path, line: 1, expected: "three averages and runnable/all")
        }
        place += 1
        guard let tasks = bytes.counter(&place) else {
            throw .malformed(path: path, line: 1, expected: "a number of tasks behind the slash")
        }
        self.oneMinute = one
        self.fiveMinutes = five
        self.fifteenMinutes = fifteen
        self.runnable = runnable
        self.tasks = tasks
    }
}
