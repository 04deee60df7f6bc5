/// Files that hold one value: `/proc/sys/kernel/osrelease`, `memory.current`, `ce_count`, `temp1_label`,
/// `core_throttle_count`.
public enum SingleValue {
    /// The first line without blanks at its ends; throws where there is none.
    public static func text(parsing bytes: Span<UInt8>, path: String) throws(CounterError) -> String {
        var start = 0
        bytes.skipBlanks(&start)
        let line = bytes.line(from: start)
        if line.isEmpty { throw .malformed(path: path, line: 1, expected: "a line of text") }
        return bytes.text(line)
    }

    /// A whole number that is not negative, with nothing behind it; throws for anything else.
    public static func count(parsing bytes: Span<UInt8>, path: String) throws(CounterError) -> Int64 {
        guard let value = whole(bytes), value >= 0 else {
            throw .malformed(path: path, line: 1, expected: "a number, 0 or more")
        }
        return value
    }

    /// A whole number, with nothing behind it; throws for anything else.
    public static func number(parsing bytes: Span<UInt8>, path: String) throws(CounterError) -> Int64 {
        guard let value = whole(bytes) else { throw .malformed(path: path, line: 1, expected: "a number") }
        return value
    }

    private static func whole(_ bytes: Span<UInt8>) -> Int64? {
        var place = 0
        guard let value = bytes.decimal(&place), bytes.line(from: place).isEmpty else { return nil }
        return value
    }
}
