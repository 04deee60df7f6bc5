/// `/proc/diskstats`: what every disk has done since the machine started (Linux
/// `Documentation/admin-guide/iostats.rst`).
///
/// ```
/// 259 0 nvme0n1 1 2 3 4  5 6 7 8  9 10 11  12 13 14 15  16 17
///               reads    writes   now time  discards    flushes, their time
///               each: count, merged, sectors, ms          (Linux 4.18) (5.5)
/// ```
public struct DiskStatistics: Hashable, Sendable {
    /// Bytes of a sector in this file, whatever the disk's own sector is.
    public static let bytesPerSector: Int64 = 512

    /// Requests of one kind.
    public struct Requests: Hashable, Sendable {
        /// How many were completed.
        public var count: Int64
        /// How many were merged into another before.
        public var merged: Int64
        /// Sectors of 512 bytes.
        public var sectors: Int64
        /// Milliseconds that they took, waiting included, summed; the kernel's 32 bits of it wrap after 49 days.
        public var milliseconds: Int64

        /// The figures as literals, for tests and simulations.
        public init(count: Int64, merged: Int64, sectors: Int64, milliseconds: Int64) {
            self.count = count
            self.merged = merged
            self.sectors = sectors
            self.milliseconds = milliseconds
        }
    }

    /// One disk.
    public struct Disk: Hashable, Sendable {
        /// Its name in `/sys/block`: `sda`, `nvme0n1`, `dm-0`, `cciss!c0d0`.
        public var name: String
        /// Major number of the device.
        public var major: Int
        /// Minor number of the device.
        public var minor: Int
        /// Reads.
        public var reads: Requests
        /// Writes.
        public var writes: Requests
        /// Requests under way.
        public var inFlight: Int64
        /// Milliseconds with at least one request under way.
        public var busyMilliseconds: Int64
        /// The same times the requests under way: its growth over wall time is the mean queue.
        public var weightedMilliseconds: Int64
        /// Discards; `nil` before Linux 4.18.
        public var discards: Requests?
        /// Flushes; `nil` before Linux 5.5.
        public var flushes: Int64?
        /// Milliseconds that flushes took; `nil` before Linux 5.5.
        public var flushMilliseconds: Int64?
    }

    /// The disks in the file's order.
    public var disks: [Disk] = []

    /// An empty reading, to be filled by `parse`.
    public init() {}

    /// Takes the content of the file; the room of `disks` is kept between calls. `wholeDisks` are the names in
    /// `/sys/block`, for the file itself does not tell a partition from a disk: what is not among them is left out.
    /// Throws where a disk's line has fewer columns than kernels since 2.6.25 write.
    public mutating func parse(
        _ bytes: Span<UInt8>, wholeDisks: Set<String>, path: String = "/proc/diskstats"
    ) throws(CounterError) {
        disks.removeAll(keepingCapacity: true)
        var place = 0
        var lineNumber = 1
        while place < bytes.count {
            if !bytes.line(from: place).isEmpty {
                guard let major = bytes.index(&place), let minor = bytes.index(&place), let word = bytes.word(&place)
                else {
                    throw .malformed(path: path, line: lineNumber, expected: "two numbers and a name")
                }
                let name = Self.name(bytes, word)
                if wholeDisks.contains(name) {
                    guard let disk = Self.disk(name, major, minor, bytes, &place) else {
                        throw .malformed(path: path, line: lineNumber, expected: "eleven numbers behind the name")
                    }
                    disks.append(disk)
                }
            }
            place = bytes.lineEnd(from: place)
            lineNumber += 1
        }
    }

    /// Folders of `/sys/block` cannot have the slash that some drivers put into names.
    private static func name(_ bytes: Span<UInt8>, _ word: Range<Int>) -> String {
        let name = bytes.text(word)
        if bytes.firstPlace(of: .slash, in: word) == nil { return name }
        return String(name.map { $0 == "/" ? "!" : $0 })
    }

    private static func disk(
        _ name: String, _ major: Int, _ minor: Int, _ bytes: Span<UInt8>, _ place: inout Int
    ) -> Disk? {
        guard let reads = requests(bytes, &place), let writes = requests(bytes, &place),
            let inFlight = bytes.counter(&place), let busy = bytes.counter(&place),
            let weighted = bytes.counter(&place)
        else { return nil }
        let discards = requests(bytes, &place)
        let flushes = discards == nil ? nil : bytes.counter(&place)
        let flushTime = flushes == nil ? nil : bytes.counter(&place)
        return Disk(
            name: name, major: major, minor: minor, reads: reads, writes: writes, inFlight: inFlight,
            busyMilliseconds: busy, weightedMilliseconds: weighted, discards: discards, flushes: flushes,
            flushMilliseconds: flushTime)
    }

    private static func requests(_ bytes: Span<UInt8>, _ place: inout Int) -> Requests? {
        guard let count = bytes.counter(&place), let merged = bytes.counter(&place),
            let sectors = bytes.counter(&place), let milliseconds = bytes.counter(&place)
        else { return nil }
        return Requests(count: count, merged: merged, sectors: sectors, milliseconds: milliseconds)
    }
}
