/// `memory.numa_stat` of a cgroup: on which nodes its memory is (Linux `Documentation/admin-guide/cgroup-v2.rst`,
/// `cgroup-v1/memory.rst`).
///
/// ```
/// version 2   anon N0=1032192 N1=4096                                  bytes
/// version 1   anon=252 N0=251 N1=1 ... hierarchical_anon=252 N0=251 N1=1        pages
/// ```
public struct ControlGroupNodeMemory: Hashable, Sendable {
    /// What is on one node, in bytes.
    public struct Node: Hashable, Sendable {
        /// Its number.
        public var number: Int
        /// Memory of no file.
        public var anonymous: Int64 = 0
        /// Cached content of files, shared memory included.
        public var file: Int64 = 0
        /// Shared memory; `nil` in version 1, which has no such line.
        public var shared: Int64?
    }

    private enum Line {
        case anonymous
        case file
        case shared
    }

    /// The nodes in the file's order.
    public var nodes: [Node] = []

    /// An empty reading, to be filled by `parse`.
    public init() {}

    /// Takes the content of the file; the room of `nodes` is kept between calls. `pageBytes` is the size of a page,
    /// in which version 1 counts. Throws where the file has neither anonymous memory nor that of files by node.
    public mutating func parse(
        _ bytes: Span<UInt8>, pageBytes: Int64 = 4096, path: String
    ) throws(CounterError) {
        nodes.removeAll(keepingCapacity: true)
        var place = 0
        var lineNumber = 1
        while place < bytes.count {
            if let (line, scale) = Self.line(bytes, &place, pageBytes) {
                while let word = bytes.word(&place) {
                    guard add(bytes, word, to: line, scale) else {
                        throw .malformed(path: path, line: lineNumber, expected: "N and a node, = and a number")
                    }
                }
            }
            place = bytes.lineEnd(from: place)
            lineNumber += 1
        }
        if nodes.isEmpty { throw .malformed(path: path, line: 1, expected: "a line 'anon N0=...'") }
    }

    /// What a line is about and what its numbers are multiplied by; moves `place` behind its first word.
    private static func line(_ bytes: Span<UInt8>, _ place: inout Int, _ pageBytes: Int64) -> (Line, Int64)? {
        guard let word = bytes.word(&place) else { return nil }
        if let sign = bytes.firstPlace(of: .equals, in: word) {
            // The plain lines of version 1 leave out what the cgroups below hold.
            let key = word.lowerBound..<sign
            if bytes.holds("hierarchical_anon", in: key) { return (.anonymous, pageBytes) }
            return bytes.holds("hierarchical_file", in: key) ? (.file, pageBytes) : nil
        }
        if bytes.holds("anon", in: word) { return (.anonymous, 1) }
        if bytes.holds("file", in: word) { return (.file, 1) }
        return bytes.holds("shmem", in: word) ? (.shared, 1) : nil
    }

    private mutating func add(_ bytes: Span<UInt8>, _ word: Range<Int>, to line: Line, _ scale: Int64) -> Bool {
        guard bytes.hasPrefix("N", at: word.lowerBound) else { return false }
        var place = word.lowerBound + 1
        guard let number = bytes.index(&place), bytes.byte(at: place) == .equals else { return false }
        place += 1
        guard let count = bytes.counter(&place) else { return false }
        let (size, overflow) = count.multipliedReportingOverflow(by: scale)
        if overflow { return false }
        let index = index(ofNode: number)
        switch line {
        case .anonymous: nodes[index].anonymous = size
        case .file: nodes[index].file = size
        case .shared: nodes[index].shared = size
        }
        return true
    }

    private mutating func index(ofNode number: Int) -> Int {
        for index in nodes.indices where nodes[index].number == number { return index }
        nodes.append(Node(number: number))
        return nodes.count - 1
    }
}
