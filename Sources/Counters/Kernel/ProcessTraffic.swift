/// `/proc/PID/io`: what a process has read and written (Linux `Documentation/filesystems/proc.rst`). A figure that the
/// file does not hold is `nil`. Reading it needs the right to trace the process.
///
/// ```
/// rchar: 6976
/// read_bytes: 4096
/// ```
public struct ProcessTraffic: Hashable, Sendable {
    /// Bytes that its reads asked for, those from caches, pipes and sockets included.
    public var bytesAskedToRead: Int64?
    /// Bytes that its writes asked for, likewise.
    public var bytesAskedToWrite: Int64?
    /// Read calls.
    public var readCalls: Int64?
    /// Write calls.
    public var writeCalls: Int64?
    /// Bytes that were read from disks for it.
    public var bytesRead: Int64?
    /// Bytes that will be written to disks for it.
    public var bytesWritten: Int64?
    /// Bytes of those that were never written, for the file was cut first.
    public var bytesCancelled: Int64?

    private static let keys = KeyedNumbers<Self>([
        .init("rchar", \.bytesAskedToRead), .init("wchar", \.bytesAskedToWrite), .init("syscr", \.readCalls),
        .init("syscw", \.writeCalls), .init("read_bytes", \.bytesRead), .init("write_bytes", \.bytesWritten),
        .init("cancelled_write_bytes", \.bytesCancelled),
    ])

    /// Reads the file's content; throws where it holds none of the figures.
    public init(parsing bytes: Span<UInt8>, path: String) throws(CounterError) {
        self.init()
        if Self.keys.fill(&self, from: bytes) == 0 {
            throw .malformed(path: path, line: 1, expected: "lines such as 'read_bytes: 0'")
        }
    }

    private init() {}
}
