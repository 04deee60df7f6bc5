import FleetModel
import FleetState
import Foundation
import HTTPClient
import HTTPDoor
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import MetricsWire
import NIOCore
import Notifications
import Placement
import PlugIns
import PromQL
import Remediation
import RemoteEngine
import RulePacks
import SampleExport
import ServiceLifecycle
import TimeSeriesStore

/// The server: I/O around the control loop. Opens the stores, serves HTTP, evaluates rules, and stops on a signal with
/// everything on disk.
public struct FleetServerService: Service {
    /// A connection on which nothing happens for so long is closed; longer than the longest poll.
    private static let idleLimit: TimeAmount = .seconds(90)
    /// The most connections at a time: beyond loopback anybody can open one before saying who they are.
    private static let mostConnections = 2048

    private let configuration: ServerConfiguration
    private let version: String
    private let plugInGuard: String?
    private let clock: any Clock
    private let logger: Logger
    private let state: FleetStateStore
    private let series: TimeSeriesStore
    private let intake: SampleIntake
    private let client: HTTPClient
    private let shelf: PackShelf
    private let events: EventDesk
    private let notifications: NotificationDesk

    /// Opens the data folder and loads the packs; `plugInGuard` is the executable that knows `ProgramGuard.command`. Throws what a person can put right before anything listens.
    public init(
        configuration: ServerConfiguration, version: String, plugInGuard: String? = nil,
        clock: any Clock = WallClock(), logger: Logger
    ) throws {
        guard configuration.listen.isLoopback || configuration.tls != nil else {
            throw ServerError.unprotected(address: configuration.listen.authority)
        }
        self.configuration = configuration
        self.version = version
        self.plugInGuard = plugInGuard
        self.clock = clock
        self.logger = logger
        let folder = configuration.data
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        shelf = PackShelf(
            configuration.packs, folder: configuration.packFolder, speed: configuration.packSpeed, logger: logger)
        let lacksState = Self.lacksState(folder)
        series = try TimeSeriesStore(directory: folder + "/series", options: configuration.store, logger: logger)
        state = try FleetStateStore(path: folder + "/fleet.sqlite")
        if lacksState { Self.warnOfMissingState(in: folder, logger) }
        events = try EventDesk(
            path: folder + "/events.json", limits: ForeignAlertLimits(fitting: configuration.store), clock: clock,
            logger: logger)
        let client = HTTPClient(agent: "evenkeel/\(version)")
        self.client = client
        let exports = try SampleExports(
            configuration.exports, folder: folder + "/exports", client: client, clock: clock, logger: logger)
        notifications = try NotificationDesk(
            configuration.notify, path: folder + "/notifications.json", url: configuration.shownURL, client: client,
            clock: clock, logger: logger)
        let keeper: SampleIntake.Keeper =
            configuration.remoteEngine.map { .remote(RemoteEngine(client: client, endpoint: $0)) } ?? .store(series)
        intake = SampleIntake(keeper: keeper, exports: exports)
    }

    /// Whether there are series and no state: no new fleet, but one whose state somebody took away, or did not restore.
    private static func lacksState(_ folder: String) -> Bool {
        let series = (try? FileManager.default.contentsOfDirectory(atPath: folder + "/series")) ?? []
        return !series.isEmpty && !FileManager.default.fileExists(atPath: folder + "/fleet.sqlite")
    }

    private static func warnOfMissingState(in folder: String, _ logger: Logger) {
        logger.warning(
            "the fleet begins empty: its state is missing, though there are series; hosts, tips, policy, tokens and the audit log are gone unless the file is put back",
            metadata: ["missing": "\(folder)/fleet.sqlite", "series": "\(folder)/series"])
    }

    /// Serves until the task is told to stop.
    public func run() async throws {
        let board = CommandBoard(clock: clock)
        let jobs = StoreJobs(clock: clock, logger: logger)
        let consoles = ConsoleSessions(store: state, clock: clock, logger: logger)
        let control = configuration.control.scaled(by: configuration.packSpeed)
        let controller = FleetController(
            loop: ControlLoop(settings: control), store: state, board: board, clock: clock, logger: logger,
            watch: { [notifications] in notifications.note($0) })
        try await controller.restore()
        try await recallNotifications(controller)
        let engine = engine(configuration.queries, timeLimit: configuration.queries.timeLimit)
        let metrics = ServerMetrics(
            controller: controller, series: series, exports: intake.exports, notifications: notifications,
            version: version,
            reportAgeLimit: control.reportAgeLimit,
            clock: clock)
        let tokens = try await tokensInForce()
        let application = try application(
            router: router(
                metrics: metrics, board: board, jobs: jobs, consoles: consoles, engine: engine, control: control,
                tokens: tokens))
        // Rules have an engine of their own, so that slow queries of operators never hold up a round.
        let evaluation = try evaluationLoop(
            controller: controller, engine: self.engine(QueryOptions(), timeLimit: Self.ruleLimit))
        let plugIns = PlugInDesk(
            controller: controller, shelf: shelf,
            keeper: ProgramPlugIn.Keeper(executable: plugInGuard, owner: owner), client: client,
            secret: configuration.plugInSecret, clock: clock,
            logger: logger)
        let packWatch = PackWatch(shelf: shelf, interval: configuration.evaluationInterval, clock: clock)
        let heartbeat = Heartbeat(controller: controller, clock: clock, logger: logger)
        let monitor = SelfMonitor(
            metrics: metrics, sink: intake, interval: configuration.evaluationInterval, clock: clock, logger: logger)
        try await withGracefulShutdownHandler {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await serve(application) }
                group.addTask { try await evaluation.run() }
                group.addTask { try await packWatch.run() }
                group.addTask { try await heartbeat.run() }
                group.addTask { try await monitor.run() }
                group.addTask { await jobs.run() }
                group.addTask { await cancelWhenGracefulShutdown { await consoles.run() } }
                group.addTask { await exporting() }
                group.addTask { await cancelWhenGracefulShutdown { await plugIns.run() } }
                group.addTask { await cancelWhenGracefulShutdown { await notifications.run() } }
                defer { group.cancelAll() }
                for try await _ in group {}
            }
        } onGracefulShutdown: {
            board.close()
            jobs.close()
            consoles.close()
        }
        try await series.close()
        try state.close()
        logger.info("stopped; everything is on disk")
    }

    /// What tells this server's programs from those of another on the same machine: its data folder.
    private var owner: String {
        let path = URL(fileURLWithPath: configuration.data).standardizedFileURL.resolvingSymlinksInPath().path
        return String(SHA256.hash(ofSecret: path).prefix(16))
    }

    /// How long the answer to a rule may take: a round has many of them.
    private static let ruleLimit: Duration = .seconds(10)

    /// Whoever answers queries.
    private func engine(_ options: QueryOptions, timeLimit: Duration) -> any QueryEngine {
        guard case .remote(let remote) = intake.keeper else {
            var options = options
            options.timeLimit = min(options.timeLimit, timeLimit)
            return EmbeddedEngine(source: series, options: options)
        }
        var endpoint = remote.endpoint
        endpoint.access.timeLimit = min(endpoint.access.timeLimit, timeLimit)
        return RemoteEngine(client: client, endpoint: endpoint)
    }

    /// Sends copies until the server is told to stop.
    private func exporting() async {
        await cancelWhenGracefulShutdown { await intake.exports.run() }
    }

    /// Brings the notifications up to what became of tips while no server ran, and to the silences that hold.
    private func recallNotifications(_ controller: FleetController) async throws {
        notifications.use(try await state.silences(at: clock.now))
        let open = controller.view.withLock { $0.tips }
        for tip in open { notifications.note(tip) }
        for number in notifications.openTips.subtracting(open.map(\.number)) {
            if let tip = try await state.tip(number) { notifications.note(tip) }
        }
    }

    /// The store of tokens where requests must bear one: beyond loopback always, on loopback once a token was made.
    private func tokensInForce() async throws -> FleetStateStore? {
        if try await state.hasTokens() { return state }
        if configuration.listen.isLoopback {
            logger.warning("open to every process of this machine: no token was made (evenkeel token create)")
            return nil
        }
        logger.warning("no token was made yet, so nobody can reach this server: evenkeel token create operator NAME")
        return state
    }

    private func evaluationLoop(controller: FleetController, engine: any QueryEngine) throws -> EvaluationLoop {
        let checkpoint = RuleCheckpointFile(path: configuration.data + "/rules.json")
        return EvaluationLoop(
            shelf: shelf, interval: configuration.evaluationInterval,
            queries: LoadQueries().scaled(by: configuration.packSpeed), engine: engine, sink: intake, state: state,
            controller: controller, checkpoint: checkpoint, earlier: try checkpoint.read(), events: events,
            external: ExternalIdentity(labels: configuration.externalLabels, url: configuration.shownURL), clock: clock,
            logger: logger)
    }

    private func router(
        metrics: ServerMetrics, board: CommandBoard, jobs: StoreJobs, consoles: ConsoleSessions,
        engine: any QueryEngine, control: ControlSettings, tokens: FleetStateStore?
    ) -> Router<FleetRequestContext> {
        let controller = metrics.controller
        let router = Router(context: FleetRequestContext.self)
        let health = HealthRoutes(controller: controller, metrics: metrics)
        let origins = AllowedOrigins(origins: configuration.crossOrigins)
        router.add(middleware: AwayFromTheLoop())
        router.add(middleware: Compression())
        router.add(middleware: CrossOrigin(allowed: origins))
        router.add(middleware: ErrorAnswers())
        router.add(
            middleware: BrowserGuard(listen: configuration.listen, isOpen: tokens == nil, origins: origins))
        health.add(to: router)
        router.add(middleware: Authentication(tokens: tokens))
        health.addMetrics(to: router)
        prometheusRoutes(metrics, engine: engine).add(to: router)
        AgentRoutes(controller: controller, board: board, state: state, clock: clock).add(to: router)
        let backup = ServerBackup(
            series: series, state: state, data: configuration.data, version: version, clock: clock)
        StoreRoutes(store: series, state: state, backup: backup, jobs: jobs, clock: clock).add(to: router)
        let reader = FleetReader(
            version: version, controller: controller, state: state, engine: engine, settings: control,
            readingWindow: LoadQueries().scaled(by: configuration.packSpeed).window,
            condition: { [series] in series.condition },
            clock: clock)
        EventRoutes(desk: events, revision: version, started: clock.now).add(to: router)
        FleetRoutes(controller: controller, state: state, reader: reader).add(to: router)
        PolicyRoutes(controller: controller, reader: reader, state: state).add(to: router)
        PlanRoute(controller: controller, reader: reader).add(to: router)
        AuditRoutes(state: state).add(to: router)
        SilenceRoutes(state: state, desk: notifications, clock: clock).add(to: router)
        VirtualMachineRoutes(controller: controller, reader: reader).add(to: router)
        ConsoleRoutes(controller: controller, reader: reader, sessions: consoles).add(to: router)
        PackRoutes(controller: controller, state: state, shelf: shelf, engine: engine, clock: clock).add(to: router)
        BacktestRoute(
            controller: controller, state: state, series: configuration.remoteEngine == nil ? series : nil, jobs: jobs,
            clock: clock
        ).add(to: router)
        return router
    }

    private func prometheusRoutes(_ metrics: ServerMetrics, engine: any QueryEngine) -> PrometheusRoutes {
        let status = StatusRoutes(
            configuration: configuration, version: version, started: clock.now, store: series,
            reportAgeLimit: metrics.reportAgeLimit, clock: clock)
        return PrometheusRoutes(
            controller: metrics.controller, intake: intake, engine: engine, queries: configuration.queries,
            answers: AnswerBudget(limit: 2 * configuration.queries.sampleLimit), status: status,
            metadata: MetricMetadata(own: { metrics.page().families }), clock: clock)
    }

    private func application(router: Router<FleetRequestContext>) throws -> some ApplicationProtocol {
        let listen = configuration.listen
        let logger = logger
        let scheme = configuration.tls == nil ? "http" : "https"
        var quiet = Logger(label: "http")
        quiet.logLevel = .warning
        return Application(
            router: router, server: try server(),
            configuration: .init(
                address: .hostname(listen.host, port: listen.port),
                availableConnectionsDelegate: MaximumAvailableConnections(Self.mostConnections)),
            onServerRunning: { channel in
                let port = channel.localAddress?.port ?? listen.port
                let bound = ListenAddress(host: listen.host, port: port)
                logger.info("listening on \(scheme)://\(bound.authority)")
            }, logger: quiet)
    }

    private func server() throws -> HTTPServerBuilder {
        let base = HTTPServerBuilder { responder in
            EventLoopChannel(
                HTTP1Channel(
                    responder: responder,
                    configuration: .init(
                        additionalChannelHandlers: [ExchangeEnd()], idleTimeout: Self.idleLimit)))
        }
        guard let tls = configuration.tls else { return base }
        do {
            return try .tls(base, tlsConfiguration: tls.settings())
        } catch {
            throw ServerError.damagedFile(path: "\(tls.certificate), \(tls.key)", reason: "\(error)")
        }
    }

    private func serve(_ application: some ApplicationProtocol) async throws {
        do {
            try await application.run()
        } catch let error as NIOCore.IOError {
            throw ServerError.cannotListen(
                address: configuration.listen.authority, reason: unsafe String(cString: strerror(error.errnoCode)))
        }
    }
}
