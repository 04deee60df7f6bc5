/// How files of one key and one number a line are read: which keys matter, and where in `Values` each number goes.
///
/// ```
/// pswpin 81                     /proc/vmstat, cpu.stat, memory.stat, numastat
/// VmRSS:      1688 kB           /proc/PID/status, /proc/PID/io
/// Node 0 MemFree:  11476632 kB  meminfo of a node: two words before the key
/// ```
/// A key that the file lacks, or whose number makes no sense, leaves its value *unknown*: `nil`, never 0.
struct KeyedNumbers<Values>: Sendable {
    /// One key.
    struct Key: Sendable {
        /// The word at the start of the line, without a colon.
        let name: StaticString
        /// Where the number goes.
        let target: any WritableKeyPath<Values, Int64?> & Sendable
        /// What the number is multiplied by: 1024 for kB, 1000 from microseconds to nanoseconds.
        let scale: Int64

        init(_ name: StaticString, _ target: any WritableKeyPath<Values, Int64?> & Sendable, scale: Int64 = 1) {
            self.name = name
            self.target = target
            self.scale = scale
        }
    }

    /// The keys in the file's order: each is looked for from where the one before was found.
    private let keys: [Key]

    init(_ keys: [Key]) {
        self.keys = keys
    }

    /// Fills `values` from a file's content, with `leadingWords` words before the key of each line; returns how many
    /// numbers it found.
    func fill(_ values: inout Values, from bytes: Span<UInt8>, leadingWords: Int = 0) -> Int {
        var found = 0
        var expected = 0
        var place = 0
        while place < bytes.count {
            for _ in 0..<leadingWords { _ = bytes.skipWord(&place) }
            bytes.skipBlanks(&place)
            if let index = index(of: bytes, at: place, from: expected) {
                place += keys[index].name.utf8CodeUnitCount + 1
                expected = index + 1
                if let number = bytes.counter(&place) {
                    let (product, overflow) = number.multipliedReportingOverflow(by: keys[index].scale)
                    if !overflow {
                        values[keyPath: keys[index].target] = product
                        found += 1
                    }
                }
            }
            place = bytes.lineEnd(from: place)
        }
        return found
    }

    private func index(of bytes: Span<UInt8>, at place: Int, from expected: Int) -> Int? {
        for index in expected..<keys.count where Self.begins(bytes, with: keys[index].name, at: place) { return index }
        for index in 0..<expected where Self.begins(bytes, with: keys[index].name, at: place) { return index }
        return nil
    }

    private static func begins(_ bytes: Span<UInt8>, with name: StaticString, at place: Int) -> Bool {
        guard bytes.hasPrefix(name, at: place), let behind = bytes.byte(at: place + name.utf8CodeUnitCount) else {
            return false
        }
        return behind == .space || behind == .colon || behind == .tab
    }
}
