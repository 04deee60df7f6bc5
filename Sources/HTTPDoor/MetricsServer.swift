import HTTPTypes
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import MetricsWire
import NIOCore

/// A server of nothing but a page of metrics, for whoever scrapes it.
public struct MetricsServer: Sendable {
    /// A connection on which nothing happens for so long is closed.
    private static let idleLimit: TimeAmount = .seconds(60)
    /// The most connections at a time.
    private static let mostConnections = 64

    private let listen: ListenAddress
    private let tls: TLSFiles?
    private let token: @Sendable () -> String?
    private let page: @Sendable (ExpositionFormat) -> TextExposition

    /// A server at `listen`. `token` gives the secret that every request must bear, as a bearer token or as the password
    /// of HTTP Basic; `nil` where none is needed. `page` makes the page anew for every request.
    public init(
        listen: ListenAddress, tls: TLSFiles?, token: @escaping @Sendable () -> String?,
        page: @escaping @Sendable (ExpositionFormat) -> TextExposition
    ) {
        self.listen = listen
        self.tls = tls
        self.token = token
        self.page = page
    }

    /// Serves until the task is cancelled or told to stop; throws when it cannot listen.
    public func run(logger: Logger) async throws {
        let router = Router(context: BasicRequestContext.self)
        let isOpen = token() == nil
        router.add(middleware: Compression())
        router.add(middleware: BrowserGuard(listen: listen, isOpen: isOpen))
        router.get("/metrics") { request, _ in
            try requireToken(request)
            return MetricsPage.response(page(MetricsPage.format(for: request)))
        }
        var quiet = Logger(label: "http")
        quiet.logLevel = .critical
        let base = HTTPServerBuilder.http1(
            configuration: .init(additionalChannelHandlers: [ExchangeEnd()], idleTimeout: Self.idleLimit))
        let scheme = tls == nil ? "http" : "https"
        let application = Application(
            router: router, server: try tls.map { try .tls(base, tlsConfiguration: $0.settings()) } ?? base,
            configuration: .init(
                address: .hostname(listen.host, port: listen.port),
                availableConnectionsDelegate: MaximumAvailableConnections(Self.mostConnections)),
            onServerRunning: { channel in
                let bound = ListenAddress(host: listen.host, port: channel.localAddress?.port ?? listen.port)
                logger.info("metrics are at \(scheme)://\(bound.authority)/metrics")
            }, logger: quiet)
        try await application.run()
    }

    private func requireToken(_ request: Request) throws {
        guard let token = token() else { return }
        guard let secret = request.headers[.authorization].flatMap(Credentials.secret),
            Credentials.areEqual(secret, token)
        else {
            throw Refused(status: .unauthorized, reason: "this page wants 'Authorization: Bearer TOKEN'")
        }
    }
}
