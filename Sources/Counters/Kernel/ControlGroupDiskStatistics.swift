/// `io.stat` of cgroup version 2: what it has read and written on every device (Linux
/// `Documentation/admin-guide/cgroup-v2.rst`).
///
/// ```
/// 8:16 rbytes=1459200 wbytes=314773504 rios=192 wios=353 dbytes=0 dios=0
/// 253:1 253:0 rbytes=4096 ...             kernels of 2021 run devices without figures into the next line
/// ```
public struct ControlGroupDiskStatistics: Hashable, Sendable {
    /// One device.
    public struct Device: Hashable, Sendable {
        /// Major number.
        public var major: Int
        /// Minor number.
        public var minor: Int
        /// Bytes read.
        public var bytesRead: Int64 = 0
        /// Bytes written.
        public var bytesWritten: Int64 = 0
        /// Reads.
        public var reads: Int64 = 0
        /// Writes.
        public var writes: Int64 = 0
        /// Bytes discarded.
        public var bytesDiscarded: Int64 = 0
        /// Discards.
        public var discards: Int64 = 0
    }

    /// The devices that it has used, in the file's order. An empty file is that of a cgroup that has used none.
    public var devices: [Device] = []

    /// An empty reading, to be filled by `parse`.
    public init() {}

    /// Takes the content of the file; the room of `devices` is kept between calls. Throws where figures stand before
    /// any device, or where one that it reads is not a number.
    public mutating func parse(_ bytes: Span<UInt8>, path: String) throws(CounterError) {
        devices.removeAll(keepingCapacity: true)
        var place = 0
        var lineNumber = 1
        while place < bytes.count {
            var device: Device?
            while let word = bytes.word(&place) {
                if let next = Self.device(bytes, word) {
                    device = next
                } else if let known = device, let updated = Self.adding(bytes, word, to: known) {
                    device = updated
                    record(updated)
                } else {
                    throw .malformed(path: path, line: lineNumber, expected: "major:minor and figures like rbytes=0")
                }
            }
            place = bytes.lineEnd(from: place)
            lineNumber += 1
        }
    }

    private mutating func record(_ device: Device) {
        if let last = devices.last, last.major == device.major, last.minor == device.minor { devices.removeLast() }
        devices.append(device)
    }

    private static func device(_ bytes: Span<UInt8>, _ word: Range<Int>) -> Device? {
        var place = word.lowerBound
        guard let major = bytes.index(&place), bytes.byte(at: place) == .colon else { return nil }
        place += 1
        guard let minor = bytes.index(&place), place == word.upperBound else { return nil }
        return Device(major: major, minor: minor)
    }

    /// `nil` where the word is no figure; figures of other kinds (`cost.usage=`) change nothing.
    private static func adding(_ bytes: Span<UInt8>, _ word: Range<Int>, to device: Device) -> Device? {
        guard let sign = bytes.firstPlace(of: .equals, in: word) else { return nil }
        let key = word.lowerBound..<sign
        var place = sign + 1
        let value = place < word.upperBound ? bytes.counter(&place) : nil
        var updated = device
        let target: WritableKeyPath<Device, Int64>
        if bytes.holds("rbytes", in: key) {
            target = \.bytesRead
        } else if bytes.holds("wbytes", in: key) {
            target = \.bytesWritten
        } else if bytes.holds("rios", in: key) {
            target = \.reads
        } else if bytes.holds("wios", in: key) {
            target = \.writes
        } else if bytes.holds("dbytes", in: key) {
            target = \.bytesDiscarded
        } else if bytes.holds("dios", in: key) {
            target = \.discards
        } else {
            return device
        }
        guard let value else { return nil }
        updated[keyPath: target] = value
        return updated
    }
}
