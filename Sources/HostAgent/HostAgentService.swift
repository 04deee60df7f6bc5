import Delivery
import Counters
import FleetModel
import HTTPClient
import Logging
import ServiceLifecycle

/// A host's agent: samples its counters, keeps them on disk until the server has them, reports its VMs, and does what
/// the server asks. It connects out only, and its end touches no VM.
public struct HostAgentService: Service {
    private let configuration: AgentConfiguration
    private let clock: any Clock
    private let logger: Logger
    private let inventory: Inventory
    private let queue: SpoolQueue
    private let pusher: SamplePusher
    private let reporter: HostReporter
    private let runner: CommandRunner
    private let board: MetricsBoard
    private let door: MetricsDoor?

    /// An agent of the host that `configuration` describes, whose VMs `provider` runs under `accelerator`. Opens the
    /// agent's folders: throws what is wrong with them or with the token's file. `generator` spreads retries.
    public init(
        configuration: AgentConfiguration, provider: any VirtualMachineProvider, accelerator: Accelerator,
        version: String, clock: any Clock = WallClock(),
        generator: some RandomNumberGenerator & Sendable = SystemRandomNumberGenerator(), logger: Logger
    ) throws(AgentError) {
        let client = HTTPClient(agent: "evenkeel-agent/\(version)")
        try self.init(
            configuration: configuration, provider: provider, accelerator: accelerator, version: version, clock: clock,
            generator: generator, logger: logger,
            send: { request async throws(HTTPClientError) in try await client.send(request) })
    }

    /// The same with somebody else to send requests.
    public init(
        configuration: AgentConfiguration, provider: any VirtualMachineProvider, accelerator: Accelerator,
        version: String, clock: any Clock, generator: some RandomNumberGenerator & Sendable, logger: Logger,
        send: @escaping ServerLink.Send
    ) throws(AgentError) {
        var generator = generator
        var limits = Spool.Limits()
        limits.bytes = Int(configuration.spoolLimit.count)
        let spool = try Spool(FolderDisk("\(configuration.dataFolder)/spool"), limits: limits)
        let journal = try CommandJournal(FolderDisk("\(configuration.dataFolder)/commands"))
        let link = try ServerLink(configuration, send: send)
        let run = String(generator.next(), radix: 16)
        let patience = Patience(clock: clock, backoff: Backoff(), generator: generator)
        let identity = HostReporter.Identity(
            host: configuration.host, cluster: configuration.cluster, version: version, run: run,
            accelerator: accelerator, migrationAddress: configuration.migrationAddress)
        let inventory = Inventory(provider, clock: clock)
        let reporter = HostReporter(
            identity, link: link, interval: configuration.interval, patience: patience, logger: logger)
        let patienceWithProvider = Self.providerLimit(configuration.interval)
        self.configuration = configuration
        self.clock = clock
        self.logger = logger
        self.inventory = inventory
        self.reporter = reporter
        board = MetricsBoard(host: configuration.host, cluster: configuration.cluster)
        door = try MetricsDoor(configuration, board: board, clock: clock)
        queue = SpoolQueue(spool)
        pusher = SamplePusher(queue: queue, link: link, patience: patience, logger: logger)
        runner = CommandRunner(
            host: configuration.host, journal: journal, link: link, provider: provider, patience: patience,
            logger: logger,
            changed: {
                let reading = await inventory.reading(within: patienceWithProvider)
                await reporter.report(reading, time: clock.now)
            })
    }

    /// How long the provider may take to say how its VMs are: a sample must not wait for it.
    private static func providerLimit(_ interval: Duration) -> Duration {
        min(max(interval / 2, .milliseconds(200)), .seconds(5))
    }

    /// Runs until the service group is told to stop, and then ends without waiting for anything.
    public func run() async throws {
        logger.info("agent of host \(configuration.host) in cluster \(configuration.cluster) begins")
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await inventory.run() }
                group.addTask { await runner.run() }
                if let door { group.addTask { await door.run(logger: logger) } }
                group.addTask { try? await pusher.run() }  // ends by cancellation alone
                group.addTask { try? await reporter.run() }  // ends by cancellation alone
                group.addTask { try? await sampleForever() }  // ends by cancellation alone
            }
        }
        logger.info("agent of host \(configuration.host) ended; its virtual machines go on")
    }

    private func sampleForever() async throws {
        var sampler = HostSampler(
            SamplerOptions(logicalProcessors: configuration.logicalProcessors, memory: configuration.memory))
        var recorder = SampleRecorder(host: configuration.host, cluster: configuration.cluster)
        var troubles = TroubleLog()
        var next = clock.now
        var last: Timestamp?
        while true {
            let reading = await inventory.reading(within: Self.providerLimit(configuration.interval))
            try Task.checkCancellation()
            let time = clock.now
            var sample = sampler.sample(reading.machines)
            await addOwnReadings(to: &sample, reading)
            // A clock that was set back a little would give two values for one moment: wait until it has caught up.
            let isRepeated = last.map { time <= $0 && $0 - time < .seconds(5) } ?? false
            if !isRepeated {
                let pairs = reading.machines.map { ($0.definition.id, $0.definition.name.text) }
                let names = Dictionary(pairs, uniquingKeysWith: { first, _ in first })
                let batch = recorder.encode(sample.readings, names: names, time: time)
                board.put(sample.readings, names: names)
                await queue.append(batch, time: time)
                last = time
            }
            await reporter.note(sample)
            await reporter.report(reading, time: time)
            troubles.note(sample, reading, spool: await queue.status.problem, logger: logger)
            next = max(next + configuration.interval, clock.now)
            // Never longer than an interval, whatever the clock was set to meanwhile.
            try await clock.sleep(for: min(next - clock.now, configuration.interval))
        }
    }

    private func addOwnReadings(to sample: inout HostSample, _ reading: Inventory.Reading) async {
        let status = await queue.status
        sample.readings.append(
            CounterReading(SeriesKey(.readerSuccess, .reader(.provider)), reading.problem == nil ? 1 : 0))
        if let duration = reading.duration {
            sample.readings.append(CounterReading(SeriesKey(.readerDuration, .reader(.provider)), duration.inSeconds))
        }
        sample.readings.append(CounterReading(SeriesKey(.spoolBatches), Double(status.waiting)))
        sample.readings.append(CounterReading(SeriesKey(.spoolDropped), Double(status.dropped)))
        sample.readings.append(CounterReading(SeriesKey(.spoolRefused), Double(status.refused)))
    }
}

/// Says once that something fails, and once that it works again.
private struct TroubleLog {
    private var current: [String: String] = [:]

    mutating func note(_ sample: HostSample, _ reading: Inventory.Reading, spool: AgentError?, logger: Logger) {
        var now: [String: String] = [:]
        for (reader, problem) in sample.problems { now[reader.rawValue] = "\(problem)" }
        now["provider"] = reading.problem
        now["spool"] = spool.map { $0.isDiskFull ? "\($0): samples wait in memory; make room" : "\($0)" }
        for (part, problem) in now where current[part] == nil { logger.error("\(part): \(problem)") }
        for part in current.keys where now[part] == nil { logger.info("\(part): works again") }
        current = now
    }
}
