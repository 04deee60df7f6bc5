/// `/proc/uptime`: two times in seconds (Linux `fs/proc/uptime.c`).
public struct Uptime: Hashable, Sendable {
    /// Seconds since the machine started, those asleep included.
    public var seconds: Double
    /// Seconds in which logical processors were idle, summed over them.
    public var idleSeconds: Double

    /// Reads the file's content; throws where it is something else.
    public init(parsing bytes: Span<UInt8>, path: String = "/proc/uptime") throws(CounterError) {
        var place = 0
        guard let up = bytes.fraction(&place), let idle = bytes.fraction(&place) else {
            throw .malformed(path: path, line: 1, expected: "two numbers of seconds")
        }
        seconds = up
        idleSeconds = idle
    }
}
