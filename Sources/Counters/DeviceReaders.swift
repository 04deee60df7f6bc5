import Glibc

/// Reads what a machine has besides processors and memory: paging, waiting tasks, disks, networks. A file that the kernel
/// does not have gives no series and no problem.
struct DeviceReaders: Sendable {
    /// The readers that a whole machine has.
    static let all: [Reader] = [.paging, .pressure, .disks, .interfaces]

    private var files: [String: ProcFile] = [:]
    private var disks = DiskStatistics()
    private var interfaces = InterfaceStatistics()

    /// Appends what one reader finds to a sample.
    mutating func read(
        _ reader: Reader, _ options: SamplerOptions, _ buffer: inout ReadBuffer, into sample: inout HostSample
    ) throws(CounterError) {
        switch reader {
        case .paging: try readPaging(options, &buffer, into: &sample)
        case .pressure: try readPressure(options, &buffer, into: &sample)
        case .disks: try readDisks(options, &buffer, into: &sample)
        case .interfaces: try readInterfaces(options, &buffer, into: &sample)
        case .processors, .memory, .machines, .provider: break
        }
    }

    private mutating func readPaging(
        _ options: SamplerOptions, _ buffer: inout ReadBuffer, into sample: inout HostSample
    ) throws(CounterError) {
        if let (length, path) = try content("\(options.procFolder)/loadavg", &buffer) {
            let load = try LoadAverage(parsing: buffer.bytes.span.extracting(0..<length), path: path)
            for (minutes, mean) in [(1, load.oneMinute), (5, load.fiveMinutes), (15, load.fifteenMinutes)] {
                sample.append(.load, .mean(minutes: minutes), mean)
            }
        }
        guard let (length, path) = try content("\(options.procFolder)/vmstat", &buffer) else { return }
        let memory = try VirtualMemoryStat(parsing: buffer.bytes.span.extracting(0..<length), path: path)
        if let pages = memory.pagesSwappedIn { sample.append(.pagesSwapped, .flow(.inward), Double(pages)) }
        if let pages = memory.pagesSwappedOut { sample.append(.pagesSwapped, .flow(.outward), Double(pages)) }
        if let faults = memory.majorFaults { sample.append(.majorFaults, .host, Double(faults)) }
        if let kills = memory.outOfMemoryKills { sample.append(.outOfMemoryKills, .host, Double(kills)) }
    }

    private mutating func readPressure(
        _ options: SamplerOptions, _ buffer: inout ReadBuffer, into sample: inout HostSample
    ) throws(CounterError) {
        for resource in SeriesKey.Resource.allCases {
            let file = "\(options.procFolder)/pressure/\(resource.rawValue)"
            guard let (length, path) = try content(file, &buffer) else { continue }
            let stall = try PressureStall(parsing: buffer.bytes.span.extracting(0..<length), path: path)
            for (kind, line) in [(SeriesKey.Stall.some, stall.some), (.full, stall.full)] {
                guard let line else { continue }
                sample.append(.pressure, .pressure(resource, kind), Double(line.totalMicroseconds) / 1e6)
            }
        }
    }

    private mutating func readDisks(
        _ options: SamplerOptions, _ buffer: inout ReadBuffer, into sample: inout HostSample
    ) throws(CounterError) {
        guard let (length, path) = try content("\(options.procFolder)/diskstats", &buffer) else { return }
        // Disks in memory and files that stand for disks are no devices.
        let whole = try ProcFolder.names(in: options.blockFolder)
            .filter { !$0.hasPrefix("loop") && !$0.hasPrefix("ram") }
        try disks.parse(buffer.bytes.span.extracting(0..<length), wholeDisks: Set(whole), path: path)
        for disk in disks.disks {
            for (flow, requests) in [(SeriesKey.Flow.read, disk.reads), (.written, disk.writes)] {
                let subject = SeriesKey.Subject.disk(disk.name, flow)
                sample.append(.diskBytes, subject, Double(requests.sectors * DiskStatistics.bytesPerSector))
                sample.append(.diskRequests, subject, Double(requests.count))
                sample.append(.diskRequestTime, subject, Double(requests.milliseconds) / 1000)
            }
            sample.append(.diskBusy, .disk(disk.name, nil), Double(disk.busyMilliseconds) / 1000)
        }
    }

    private mutating func readInterfaces(
        _ options: SamplerOptions, _ buffer: inout ReadBuffer, into sample: inout HostSample
    ) throws(CounterError) {
        guard let (length, path) = try content("\(options.procFolder)/net/dev", &buffer) else { return }
        try interfaces.parse(buffer.bytes.span.extracting(0..<length), path: path)
        for interface in interfaces.interfaces where interface.name != "lo" {
            for (flow, traffic) in [(SeriesKey.Flow.received, interface.received), (.sent, interface.sent)] {
                let subject = SeriesKey.Subject.interface(interface.name, flow)
                sample.append(.networkBytes, subject, Double(traffic.bytes))
                sample.append(.networkPackets, subject, Double(traffic.packets))
                sample.append(.networkErrors, subject, Double(traffic.errors))
                sample.append(.networkDrops, subject, Double(traffic.drops))
            }
        }
    }

    /// Reads a file into `buffer`; `nil` where the kernel has none, or has it switched off.
    private mutating func content(
        _ path: String, _ buffer: inout ReadBuffer
    ) throws(CounterError) -> (length: Int, path: String)? {
        do throws(CounterError) {
            let file: ProcFile
            if let known = files[path] { file = known } else { file = try ProcFile(path) }
            files[path] = file
            return (try file.read(into: &buffer), path)
        } catch {
            guard case .system(_, _, let number) = error, number == ENOENT || number == EOPNOTSUPP else { throw error }
            return nil
        }
    }
}
