/// `/proc/mdstat`: the software RAID arrays (Linux `drivers/md/md.c`, `md_seq_show`).
///
/// ```
/// md0 : active raid1 sdb1[1] sda1[0](F)
///       1048512 blocks super 1.2 [2/1] [_U]
///       [==>..................]  recovery = 12.6% (37043392/292945152) finish=127.5min speed=33440K/sec
/// ```
/// Behind a member: its place, and `(F)` failed, `(S)` spare, `(W)` mostly for writing, `(J)` journal, `(R)` replaces.
public struct SoftwareArrays: Hashable, Sendable {
    /// Whether an array answers.
    public enum State: Hashable, Sendable {
        /// It reads and writes.
        case active
        /// It only reads (`active (read-only)`, or `(auto-read-only)` until the first write).
        case readOnly
        /// It is not assembled, or too many members are gone.
        case inactive
        /// It lost what it cannot do without (`broken`).
        case broken
    }

    /// What an array rebuilds or checks.
    public enum Work: Hashable, Sendable {
        /// Members are made equal (`resync`; a repair is called so too).
        case resync
        /// A new member is filled (`recovery`).
        case recovery
        /// The array takes another shape (`reshape`).
        case reshape
        /// Members are compared (`check`).
        case check
    }

    /// One array.
    public struct Device: Hashable, Sendable {
        /// Its name: `md0`, `md127`.
        public var name: String
        /// Whether it answers.
        public var state: State
        /// `raid1`, `raid5`, `raid10`, `linear`; `nil` where it is inactive.
        public var level: String?
        /// Members listed, the failed and the spare ones included.
        public var members = 0
        /// Members that failed.
        public var failed = 0
        /// Members in reserve.
        public var spares = 0
        /// Disks that it has when it is whole; `nil` where the file does not say, as for stripes without redundancy.
        public var totalDisks: Int?
        /// Disks that are in order; fewer than `totalDisks` is a degraded array.
        public var activeDisks: Int?
        /// Its size in blocks of 1 KiB.
        public var blocks: Int64?
        /// What is under way or waits its turn.
        public var work: Work?
        /// How far it is, 0 to 1; `nil` where it waits (`DELAYED`, `PENDING`) or nothing is under way.
        public var workDone: Double?

        init(name: String, state: State, level: String? = nil) {
            self.name = name
            self.state = state
            self.level = level
        }
    }

    /// The arrays in the file's order.
    public var arrays: [Device] = []

    /// Reads the file's content; throws where it does not begin as the file does, or where an array's line is cut
    /// short.
    public init(parsing bytes: Span<UInt8>, path: String = "/proc/mdstat") throws(CounterError) {
        guard bytes.hasPrefix("Personalities") else {
            throw .malformed(path: path, line: 1, expected: "a line 'Personalities :'")
        }
        var place = bytes.lineEnd(from: 0)
        var lineNumber = 2
        while place < bytes.count {
            let line = bytes.line(from: place)
            let isDetail = bytes.byte(at: place) == .space || bytes.byte(at: place) == .tab
            if isDetail {
                takeDetail(bytes, line)
            } else if bytes.hasPrefix("md", at: place) {
                guard let array = Self.array(bytes, line) else {
                    throw .malformed(path: path, line: lineNumber, expected: "a name, a colon and a state")
                }
                arrays.append(array)
            }
            place = bytes.lineEnd(from: place)
            lineNumber += 1
        }
    }

    private static func array(_ bytes: Span<UInt8>, _ line: Range<Int>) -> Device? {
        var place = line.lowerBound
        guard let name = bytes.word(&place), let colon = bytes.word(&place), bytes.holds(":", in: colon),
            let word = bytes.word(&place), let state = state(bytes, word)
        else { return nil }
        var array = Device(name: bytes.text(name), state: state)
        while let word = bytes.word(&place) {
            if bytes.holds("(read-only)", in: word) || bytes.holds("(auto-read-only)", in: word) {
                array.state = .readOnly
            } else if bytes.firstPlace(of: .openBracket, in: word) != nil {
                array.members += 1
                if bytes.ends("(F)", in: word) { array.failed += 1 }
                if bytes.ends("(S)", in: word) { array.spares += 1 }
            } else if array.level == nil {
                array.level = bytes.text(word)
            }
        }
        return array
    }

    private static func state(_ bytes: Span<UInt8>, _ word: Range<Int>) -> State? {
        if bytes.holds("active", in: word) { return .active }
        if bytes.holds("inactive", in: word) { return .inactive }
        return bytes.holds("broken", in: word) ? .broken : nil
    }

    private mutating func takeDetail(_ bytes: Span<UInt8>, _ line: Range<Int>) {
        guard var array = arrays.popLast() else { return }
        defer { arrays.append(array) }
        var place = line.lowerBound
        if let count = bytes.counter(&place) {
            array.blocks = count
        }
        while let word = bytes.word(&place) {
            if let (total, active) = Self.disks(bytes, word) {
                array.totalDisks = total
                array.activeDisks = active
            } else if let work = Self.work(bytes, word) {
                array.work = work
                array.workDone = Self.done(bytes, &place)
            }
        }
    }

    /// `[2/1]`.
    private static func disks(_ bytes: Span<UInt8>, _ word: Range<Int>) -> (total: Int, active: Int)? {
        guard bytes[word.lowerBound] == .openBracket else { return nil }
        var place = word.lowerBound + 1
        guard let total = bytes.index(&place), bytes.byte(at: place) == .slash else { return nil }
        place += 1
        guard let active = bytes.index(&place), bytes.byte(at: place) == .closeBracket else { return nil }
        return (total, active)
    }

    /// `recovery` before ` = 12.6%`, or `resync=DELAYED`.
    private static func work(_ bytes: Span<UInt8>, _ word: Range<Int>) -> Work? {
        let end = bytes.firstPlace(of: .equals, in: word) ?? word.upperBound
        let key = word.lowerBound..<end
        if bytes.holds("resync", in: key) { return .resync }
        if bytes.holds("recovery", in: key) { return .recovery }
        if bytes.holds("reshape", in: key) { return .reshape }
        return bytes.holds("check", in: key) ? .check : nil
    }

    /// `= 12.6% (37043392/292945152)`, behind the kind of work: the blocks say more than the percent.
    private static func done(_ bytes: Span<UInt8>, _ place: inout Int) -> Double? {
        var next = place
        guard let sign = bytes.word(&next), bytes.holds("=", in: sign), bytes.skipWord(&next) else { return nil }
        bytes.skipBlanks(&next)
        guard bytes.byte(at: next) == .openParenthesis else { return nil }
        next += 1
        guard let done = bytes.counter(&next), bytes.byte(at: next) == .slash else { return nil }
        next += 1
        guard let all = bytes.counter(&next), all > 0 else { return nil }
        place = next
        return Swift.min(Double(done) / Double(all), 1)
    }
}
