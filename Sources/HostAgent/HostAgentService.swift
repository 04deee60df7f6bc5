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
    private let providers: Providers
    private let desk: StatisticsDesk
    private let version: String
    private let queue: SpoolQueue
    private let pusher: SamplePusher
    private let reporter: HostReporter
    private let runner: CommandRunner
    private let consoles: ConsoleDesk
    private let board: MetricsBoard
    private let door: MetricsDoor?

    /// An agent of the host that `configuration` describes, whose VMs `providers` run, new ones the first of them under
    /// `accelerator`. Opens the agent's folders: throws what is wrong with them or with the token's file. `generator`
    /// spreads retries.
    public init(
        configuration: AgentConfiguration, providers: [NamedProvider], accelerator: Accelerator,
        version: String, clock: any Clock = WallClock(),
        generator: some RandomNumberGenerator & Sendable = SystemRandomNumberGenerator(), logger: Logger
    ) throws(AgentError) {
        let client = HTTPClient(agent: "evenkeel-agent/\(version)")
        try self.init(
            configuration: configuration, providers: providers, accelerator: accelerator, version: version,
            clock: clock, generator: generator, logger: logger,
            send: { request async throws(HTTPClientError) in try await client.send(request) })
    }

    /// The same with somebody else to send requests.
    public init(
        configuration: AgentConfiguration, providers: [NamedProvider], accelerator: Accelerator,
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
            accelerator: accelerator, migrationAddress: configuration.migrationAddress,
            migrationBandwidth: configuration.migrationBandwidth, diskBandwidth: configuration.diskBandwidth,
            sharedFolder: configuration.sharedFolder)
        let group = Providers(providers, clock: clock)
        let reporter = HostReporter(
            identity, link: link, interval: configuration.interval, patience: patience, logger: logger)
        let patienceWithProvider = Self.providerLimit(configuration.interval)
        self.configuration = configuration
        self.clock = clock
        self.logger = logger
        self.version = version
        self.providers = group
        desk = StatisticsDesk(group)
        self.reporter = reporter
        board = MetricsBoard(host: configuration.host, cluster: configuration.cluster)
        door = try MetricsDoor(configuration, board: board, clock: clock)
        queue = SpoolQueue(spool)
        pusher = SamplePusher(queue: queue, link: link, patience: patience, logger: logger)
        consoles = ConsoleDesk(link: link, provider: group, patience: patience, logger: logger)
        runner = CommandRunner(
            host: configuration.host, journal: journal, link: link, provider: group, consoles: consoles,
            patience: patience, logger: logger,
            changed: {
                let reading = await group.reading(within: patienceWithProvider)
                await reporter.report(reading, time: clock.now)
            })
    }

    /// How long the provider may take to say how its VMs are: a sample must not wait for it.
    private static func providerLimit(_ interval: Duration) -> Duration {
        min(max(interval / 2, .milliseconds(200)), .seconds(5))
    }

    /// Asks the providers and tells the server at once: for who knows that a VM has changed.
    public func report() async {
        let reading = await providers.reading(within: Self.providerLimit(configuration.interval))
        await reporter.report(reading, time: clock.now)
    }

    /// Runs until the service group is told to stop, and then ends without waiting for anything.
    public func run() async throws {
        logger.info("agent of host \(configuration.host) in cluster \(configuration.cluster) begins")
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await providers.run() }
                group.addTask { await desk.run() }
                group.addTask { await runner.run() }
                group.addTask { await watchCapabilities() }
                group.addTask { await watchReach() }
                group.addTask { await consoles.run() }
                if let door { group.addTask { await door.run(logger: logger) } }
                group.addTask { try? await pusher.run() }  // ends by cancellation alone
                group.addTask { try? await reporter.run() }  // ends by cancellation alone
                group.addTask { try? await sampleForever() }  // ends by cancellation alone
            }
        }
        logger.info("agent of host \(configuration.host) ended; its virtual machines go on")
    }

    /// The wait before the next look: never longer than the span between two, whatever the clock was set to meanwhile.
    private func wait(until next: inout Timestamp, _ span: Duration) async throws {
        next = max(next + span, clock.now)
        try await clock.sleep(for: min(next - clock.now, span))
    }

    /// After so long the start is over.
    private static let startSpan: Duration = .seconds(15)
    /// What seldom work needed is given back as seldom.
    private static let dropPeriod: Duration = .seconds(300)

    /// How often it is asked what VMs can be made of here and what they find: it changes with an upgrade of the host's
    /// packages, and when its network or storage is set up anew.
    private static let capabilitiesPeriod: Duration = .seconds(60)

    /// A provider that hangs holds up nothing else.
    private func watchCapabilities() async {
        while !Task.isCancelled {
            await reporter.note(await providers.capabilities())
            guard (try? await clock.sleep(for: Self.capabilitiesPeriod)) != nil else { return }
        }
    }

    /// How long file systems may take to say how much room they have.
    private static let spaceLimit: Duration = .seconds(5)

    private func watchReach() async {
        let reach = HostReach(configuration)
        let clock = clock
        while !Task.isCancelled {
            // Cancelled when all answers came first.
            await reporter.note(await reach.reading { try? await clock.sleep(for: Self.spaceLimit) })
            guard (try? await clock.sleep(for: Self.capabilitiesPeriod)) != nil else { return }
        }
    }

    private func sampleForever() async throws {
        var sampler = HostSampler(configuration.samplerOptions)
        var recorder = SampleRecorder(host: configuration.host, cluster: configuration.cluster)
        var troubles = TroubleLog()
        var sample = HostSample()
        let beat = Beat(configuration.interval)
        var next = clock.now
        var last: Timestamp?
        var machines: [VirtualMachineStatus] = []
        // By then every part has begun its work.
        var nextDrop = ContinuousClock.now + Self.startSpan
        var taken = 0
        desk.prepare()
        while true {
            if ContinuousClock.now >= nextDrop {
                Footprint.dropStartup()
                nextDrop = .now + Self.dropPeriod
            }
            let reading = await providers.reading(within: Self.providerLimit(configuration.interval))
            try Task.checkCancellation()
            machines = reading.machines
            let time = clock.now
            sampler.look(.whole, machines, into: &sample)
            let statistics = desk.take()
            add(statistics, machines, to: &sample)
            await addOwnReadings(to: &sample, reading)
            // A clock that was set back a little would give two values for one moment: wait until it has caught up.
            let isRepeated = last.map { time <= $0 && $0 - time < .seconds(5) } ?? false
            if !isRepeated {
                taken += 1
                sample.add(.agentSamples, .host, Double(taken))
                let pairs = (machines + sample.unmanaged).map { ($0.definition.id, $0.definition.name.text) }
                let names = Dictionary(pairs, uniquingKeysWith: { first, _ in first })
                let batch = recorder.encode(sample.readings, names: names, time: time)
                board.put(sample.readings, names: names)
                await queue.append(batch, time: time)
                last = time
            }
            await reporter.note(sample)
            await reporter.report(reading, time: time)
            troubles.note(
                sample, reading, statistics: statistics?.problem, spool: await queue.status.problem, logger: logger)
            for look in 1..<max(2, beat.looks) where look < beat.looks {
                try await wait(until: &next, beat.span)
                if look == beat.looks - 1 { desk.prepare() }
                sampler.look(.second, machines, into: &sample)
            }
            if beat.looks == 1 { desk.prepare() }
            try await wait(until: &next, beat.span)
        }
    }

    /// Adds what the providers say of VMs that live here.
    private func add(
        _ answer: StatisticsDesk.Answer?, _ machines: [VirtualMachineStatus], to sample: inout HostSample
    ) {
        guard let answer else { return }
        let owned = Set(machines.filter { $0.state.ownsGuest }.map(\.definition.id))
        for statistics in answer.statistics where owned.contains(statistics.id) { sample.append(statistics) }
        sample.add(.readerSuccess, .reader(.statistics), answer.problem == nil ? 1 : 0)
        sample.add(.readerDuration, .reader(.statistics), answer.duration.inSeconds)
    }

    private func addOwnReadings(to sample: inout HostSample, _ reading: Inventory.Reading) async {
        let status = await queue.status
        sample.add(.readerSuccess, .reader(.provider), reading.problem == nil ? 1 : 0)
        if let duration = reading.duration { sample.add(.readerDuration, .reader(.provider), duration.inSeconds) }
        sample.add(.spoolBatches, .host, Double(status.waiting))
        sample.add(.spoolBytes, .host, Double(status.bytes))
        sample.add(.spoolDropped, .host, Double(status.dropped))
        sample.add(.spoolRefused, .host, Double(status.refused))
        sample.add(.agentInformation, .part(version), 1)
        sample.add(.agentRun, .host, OwnFigures.runSeconds)
        if let skew = await reporter.clockSkew { sample.add(.agentClockSkew, .host, skew.inSeconds) }
        if let size = OwnMemory.resident() { sample.add(.agentMemory, .host, Double(size.count)) }
    }
}

/// Says once that something fails, and once that it works again.
private struct TroubleLog {
    private var current: [String: String] = [:]

    mutating func note(
        _ sample: HostSample, _ reading: Inventory.Reading, statistics: String?, spool: AgentError?, logger: Logger
    ) {
        var now: [String: String] = [:]
        for (reader, problem) in sample.problems { now[reader.rawValue] = "\(problem)" }
        now["provider"] = reading.problem
        now["statistics"] = statistics
        now["spool"] = spool.map { $0.isDiskFull ? "\($0): samples wait in memory; make room" : "\($0)" }
        for (part, problem) in now where current[part] == nil { logger.error("\(part): \(problem)") }
        for part in current.keys where now[part] == nil { logger.info("\(part): works again") }
        current = now
    }
}
