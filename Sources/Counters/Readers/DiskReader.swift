/// Reads `/proc/diskstats`: whole disks, without loop devices and RAM disks.
struct DiskReader: Sendable {
    private var file: OptionalFile
    private let folder: String
    private var disks = DiskStatistics()
    private var lines = -1
    private var names: Set<String> = []
    private var times: [String: DiskTimes] = [:]

    /// The kernel's times of a disk, which it counts in 32 bits of milliseconds: after 49 busy days they begin anew.
    private struct DiskTimes: Sendable {
        var reads = WrappingMilliseconds()
        var writes = WrappingMilliseconds()
        var busy = WrappingMilliseconds()
    }

    init(_ options: SamplerOptions) {
        file = OptionalFile("\(options.procFolder)/diskstats")
        folder = "\(options.sysFolder)/block"
    }

    /// Appends what there is.
    mutating func read(_ buffer: inout ReadBuffer, into sample: inout HostSample) throws(CounterError) {
        guard let length = try file.read(into: &buffer) else { return }
        let lines = Self.lines(buffer.bytes.span.extracting(0..<length))
        if lines != self.lines {
            // A disk has come or gone.
            names = Set(try ProcFolder.names(in: folder).filter { !$0.hasPrefix("loop") && !$0.hasPrefix("ram") })
            times = times.filter { names.contains($0.key) }
            self.lines = lines
        }
        try disks.parse(buffer.bytes.span.extracting(0..<length), wholeDisks: names, path: file.path)
        for place in disks.disks.indices { append(disks.disks[place], to: &sample) }
    }

    private mutating func append(_ disk: DiskStatistics.Disk, to sample: inout HostSample) {
        let reads = times[disk.name, default: DiskTimes()].reads.unwrap(disk.reads.milliseconds)
        let writes = times[disk.name, default: DiskTimes()].writes.unwrap(disk.writes.milliseconds)
        let busy = times[disk.name, default: DiskTimes()].busy.unwrap(disk.busyMilliseconds)
        append(disk.name, .read, disk.reads, reads, to: &sample)
        append(disk.name, .written, disk.writes, writes, to: &sample)
        sample.append(.diskBusy, .disk(disk.name, nil), Double(busy) / 1000)
        sample.append(.diskQueue, .disk(disk.name, nil), Double(disk.inFlight))
    }

    private func append(
        _ name: String, _ flow: SeriesKey.Flow, _ requests: DiskStatistics.Requests, _ milliseconds: Int64,
        to sample: inout HostSample
    ) {
        let subject = SeriesKey.Subject.disk(name, flow)
        sample.append(.diskBytes, subject, Double(requests.sectors) * Double(DiskStatistics.bytesPerSector))
        sample.append(.diskRequests, subject, Double(requests.count))
        sample.append(.diskRequestTime, subject, Double(milliseconds) / 1000)
    }

    private static func lines(_ bytes: Span<UInt8>) -> Int {
        var lines = 0
        for place in 0..<bytes.count where bytes[place] == .newline { lines += 1 }
        return lines
    }
}

/// Goes on where a count of 32 bits begins anew.
struct WrappingMilliseconds: Sendable {
    private static let period: Int64 = 1 << 32
    private var last: Int64 = 0
    private var wrapped: Int64 = 0

    /// The whole count, of one that may have begun anew since the last reading. One that fell from elsewhere than its
    /// end, or that never was one of 32 bits, was reset and is passed on as it is.
    mutating func unwrap(_ value: Int64) -> Int64 {
        defer { last = value }
        if value >= Self.period { wrapped = 0 }
        if value < last {
            let isWrap = last < Self.period && last > Self.period / 4 * 3 && value < Self.period / 4
            wrapped = isWrap ? wrapped + Self.period : 0
        }
        return wrapped + value
    }
}
