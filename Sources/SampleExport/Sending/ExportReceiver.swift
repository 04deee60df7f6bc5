import FleetModel
import HTTPClient

/// Somebody who gets a copy of every sample.
public struct ExportReceiver: Sendable {
    /// Its name in metrics and logs, and its folder's.
    public var name: String
    /// The URL of its remote-write receiver.
    public var url: String
    /// How to speak to it.
    public var access = HTTPAccess(timeLimit: .seconds(30))
    /// What becomes of labels on their way.
    public var rules: [RelabelRule] = []
    /// Labels that every series gets which does not have them.
    public var externalLabels = Labels()
    /// The most bytes that wait on disk for it.
    public var queueBytes = Bytes.gibibytes(1)
    /// The longest that a sample waits for it.
    public var queueAge: Duration = .seconds(7 * 86_400)

    /// A receiver.
    public init(name: String, url: String) {
        self.name = name
        self.url = url
    }
}
