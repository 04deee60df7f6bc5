/// Reads load, uptime, and what memory had to do: `/proc/loadavg`, `/proc/uptime`, `/proc/vmstat`.
struct PagingReader: Sendable {
    private var load: OptionalFile
    private var uptime: OptionalFile
    private var memory: OptionalFile

    init(_ options: SamplerOptions) {
        load = OptionalFile("\(options.procFolder)/loadavg")
        uptime = OptionalFile("\(options.procFolder)/uptime")
        memory = OptionalFile("\(options.procFolder)/vmstat")
    }

    /// Appends what there is.
    mutating func read(_ buffer: inout ReadBuffer, into sample: inout HostSample) throws(CounterError) {
        if let length = try load.read(into: &buffer) {
            let load = try LoadAverage(parsing: buffer.bytes.span.extracting(0..<length), path: self.load.path)
            sample.append(.load, .mean(minutes: 1), load.oneMinute)
            sample.append(.load, .mean(minutes: 5), load.fiveMinutes)
            sample.append(.load, .mean(minutes: 15), load.fifteenMinutes)
            sample.append(.runnableTasks, .host, Double(load.runnable))
        }
        if let length = try uptime.read(into: &buffer) {
            let uptime = try Uptime(parsing: buffer.bytes.span.extracting(0..<length), path: self.uptime.path)
            sample.append(.uptime, .host, uptime.seconds)
        }
        if let length = try memory.read(into: &buffer) {
            append(
                try VirtualMemoryStat(parsing: buffer.bytes.span.extracting(0..<length), path: memory.path), to: &sample
            )
        }
    }

    private func append(_ stat: VirtualMemoryStat, to sample: inout HostSample) {
        func append(_ counter: Counter, _ subject: SeriesKey.Subject, _ value: Int64?, by scale: Double = 1) {
            if let value { sample.append(counter, subject, Double(value) * scale) }
        }
        append(.pagesSwapped, .flow(.inward), stat.pagesSwappedIn)
        append(.pagesSwapped, .flow(.outward), stat.pagesSwappedOut)
        append(.bytesPaged, .flow(.inward), stat.kibibytesPagedIn, by: 1024)
        append(.bytesPaged, .flow(.outward), stat.kibibytesPagedOut, by: 1024)
        append(.majorFaults, .host, stat.majorFaults)
        append(.outOfMemoryKills, .host, stat.outOfMemoryKills)
        append(.directReclaim, .host, stat.pagesScannedDirectly)
        append(.compactionStalls, .host, stat.compactionStalls)
        append(.hugePageFaults, .part("huge"), stat.hugePageFaults)
        append(.hugePageFaults, .part("small"), stat.hugePageFallbacks)
        append(.nodeHintFaults, .part("local"), stat.nodeHintFaultsLocal)
        if let all = stat.nodeHintFaults, let local = stat.nodeHintFaultsLocal, all >= local {
            append(.nodeHintFaults, .part("remote"), all - local)
        }
        append(.nodePagesMigrated, .host, stat.nodePagesMigrated)
    }
}
