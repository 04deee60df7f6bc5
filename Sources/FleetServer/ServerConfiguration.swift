import FleetModel
import HTTPDoor
import Notifications
import PromQL
import Remediation
import RemoteEngine
import SampleExport
import TimeSeriesStore

/// Everything that a server is told at start.
public struct ServerConfiguration: Sendable {
    /// The folder that holds series and state.
    public var data: String
    /// Where it listens.
    public var listen: ListenAddress
    /// Certificate and key for TLS; needed beyond loopback.
    public var tls: TLSFiles?
    /// The folders of rule packs.
    public var packs: [String]
    /// The folder that they were found in; `nil` where there is none. Packs that are put there later are taken up.
    public var packFolder: String?
    /// How many times faster than written the packs run; 1 except in demonstrations.
    public var packSpeed: Double
    /// From one evaluation of the rules to the next.
    public var evaluationInterval: Duration
    /// The server that keeps the series and answers queries; `nil` for the embedded store and engine.
    public var remoteEngine: RemoteEngine.Endpoint?
    /// Who gets a copy of every sample.
    public var exports: [ExportReceiver] = []
    /// Who is told of tips.
    public var notify: [NotificationReceiver] = []
    /// Labels that tell this server's series and alerts from others': in copies and in the texts of alerts.
    public var externalLabels = Labels()
    /// Where people reach this server; `nil` for the address that it listens on.
    public var externalURL: String?
    /// What webhooks of packs are signed with; `nil` for no signature.
    public var plugInSecret: [UInt8]?
    /// What the control loop keeps to.
    public var control: ControlSettings
    /// What operators' queries may use.
    public var queries = QueryOptions()
    /// What the store takes and how long it keeps it.
    public var store = StoreOptions()
    /// The web pages that may read from the Prometheus API, by origin; `*` for all. None by default.
    public var crossOrigins: [String] = []

    /// A server with its data in `data` that listens at `listen`; all else by default.
    public init(data: String, listen: ListenAddress, packs: [String] = []) {
        self.data = data
        self.listen = listen
        self.packs = packs
        packSpeed = 1
        evaluationInterval = .seconds(15)
        control = ControlSettings()
    }
}

extension ServerConfiguration {
    /// Where people reach this server, as far as it knows.
    var shownURL: String { externalURL ?? "\(tls == nil ? "http" : "https")://\(listen.authority)" }
}
