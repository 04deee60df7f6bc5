/// Reads `/proc/stat` and, where the kernel has it, `/proc/schedstat`, and divides the time of logical processors.
struct ProcessorReader: Sendable {
    private let options: SamplerOptions
    private var file: OptionalFile
    private var schedulerFile: OptionalFile
    private var stat = ProcStat()
    private var scheduler = SchedulerStatistics()
    private var account: LogicalProcessorAccount
    /// Busy shares by the second: of each logical processor, by number, and of all together.
    private var shares: [Int: ShareOfTime] = [:]
    private var hostShare = ShareOfTime()

    init(_ options: SamplerOptions) {
        self.options = options
        file = OptionalFile("\(options.procFolder)/stat")
        schedulerFile = OptionalFile("\(options.procFolder)/schedstat")
        account = LogicalProcessorAccount(scope: options.logicalProcessors)
    }

    /// Divides time between what `machines` has just found and the rest, and appends it at an interval's end.
    mutating func read(
        _ machines: borrowing MachineReader, _ buffer: inout ReadBuffer, depth: SampleDepth, ticks: Int64,
        into sample: inout HostSample
    ) throws(CounterError) {
        guard let length = try file.read(into: &buffer) else {
            throw .malformed(path: file.path, line: 1, expected: "a file")
        }
        try stat.parse(buffer.bytes.span.extracting(0..<length), path: file.path)
        account.receive(stat, threads: machines.threads, uses: machines.uses, ticks: ticks)
        sample.logicalProcessors = account.count
        takeShares()
        guard depth == .whole else { return }
        append(to: &sample)
        try appendScheduler(&buffer, to: &sample)
        let missing = options.logicalProcessors?.numbers.filter { number in
            !account.entries.contains { $0.number == number }
        }
        if let missing, !missing.isEmpty { throw .logicalProcessorsOffline(missing) }
    }

    private mutating func takeShares() {
        // In microseconds: 256 logical processors have more nanoseconds in a year than 64 bits hold.
        var (busy, had): (Int64, Int64) = (0, 0)
        for rank in 0..<account.count {
            let entry = account[rank]
            let times = entry.times
            let part = times.total - times.idle - times.steal
            shares[entry.number, default: ShareOfTime()].take(part: part, whole: times.total - times.steal)
            busy &+= part / 1000
            had &+= (times.total - times.steal) / 1000
        }
        hostShare.take(part: busy, whole: had)
        if shares.count > account.count {
            let present = Set(account.entries.map(\.number))
            shares = shares.filter { present.contains($0.key) }
        }
    }

    private mutating func append(to sample: inout HostSample) {
        sample.append(.logicalProcessors, .host, Double(account.count))
        for rank in 0..<account.count {
            let entry = account[rank]
            for mode in account.modes {
                sample.append(
                    .logicalProcessorRun, .runTime(logicalProcessor: entry.number, mode),
                    Double(entry.times[mode]) / 1e9)
            }
            sample.append(.logicalProcessorEstimated, .logicalProcessor(entry.number), entry.isEstimated ? 1 : 0)
            guard let summary = shares[entry.number, default: ShareOfTime()].finish() else { continue }
            sample.append(
                .logicalProcessorBusy, .logicalProcessorStatistic(entry.number, .average), summary.average)
            sample.append(
                .logicalProcessorBusy, .logicalProcessorStatistic(entry.number, .maximum), summary.maximum)
        }
        account.forgetEstimates()
        if let summary = hostShare.finish() {
            sample.append(.hostBusy, .hostStatistic(.average), summary.average)
            sample.append(.hostBusy, .hostStatistic(.maximum), summary.maximum)
        }
        // The machine's context switches are not those of a part of it.
        if options.logicalProcessors == nil, let switches = stat.contextSwitches {
            sample.append(.contextSwitches, .host, Double(switches))
        }
    }

    private mutating func appendScheduler(
        _ buffer: inout ReadBuffer, to sample: inout HostSample
    ) throws(CounterError) {
        guard let length = try schedulerFile.read(into: &buffer) else { return }
        try scheduler.parse(buffer.bytes.span.extracting(0..<length), path: schedulerFile.path)
        for line in scheduler.lines where options.logicalProcessors?.contains(line.number) ?? true {
            sample.append(.logicalProcessorWait, .logicalProcessor(line.number), Double(line.waitNanoseconds) / 1e9)
            sample.append(.logicalProcessorDispatches, .logicalProcessor(line.number), Double(line.dispatches))
        }
    }
}
