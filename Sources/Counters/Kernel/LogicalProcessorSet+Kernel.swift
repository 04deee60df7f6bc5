extension LogicalProcessorSet {
    /// Reads `cpulist` of a node or `/sys/devices/system/cpu/online`: `0-3,6`. A node of memory alone has an empty
    /// line, and no logical processors. Throws `CounterError.malformed` for anything else.
    public init(parsing bytes: Span<UInt8>, path: String) throws(CounterError) {
        let line = bytes.line(from: 0)
        if line.isEmpty {
            self.init([])
            return
        }
        do {
            try self.init(parsing: bytes.text(line))
        } catch {
            throw .malformed(path: path, line: 1, expected: "numbers and ranges such as 0-3,6")
        }
    }
}
