import FleetModel

/// Which series a sender may write. A request with a series outside of it is refused as a whole
/// (`StoreError.forbidden`).
public struct WriteScope: Hashable, Sendable {
    /// Metrics that the server alone writes: what alerts did, and what packs are told.
    public static let serverMetrics: Set<String> = ["ALERTS", "ALERTS_FOR_STATE", "evenkeel_parameter"]

    /// Every series must carry this value of the label `host`.
    public var host: HostName
    /// Every series must carry this value of the label `cluster`; `nil` for any or none.
    public var cluster: ClusterName?
    /// Metrics that the sender may not write.
    public var refusedMetrics: Set<String>

    /// A host's own series.
    public init(
        host: HostName, cluster: ClusterName? = nil, refusedMetrics: Set<String> = WriteScope.serverMetrics
    ) {
        self.host = host
        self.cluster = cluster
        self.refusedMetrics = refusedMetrics
    }

    /// Why a series is outside; `nil` when it is not. Begins with "the series", by which an agent tells a refusal of its
    /// samples from one of its token.
    public func objection(to labels: Labels) -> String? {
        if let metric = labels[Labels.metricName], refusedMetrics.contains(metric) {
            return "the series \(labels) is the server's own: nobody else may write \(metric)"
        }
        if labels["host"] != host.text {
            return "the series \(labels) does not carry host=\"\(host)\", and this sender may write no other host's"
        }
        if let cluster, labels["cluster"] != cluster.text {
            return "the series \(labels) does not carry cluster=\"\(cluster)\", which this sender's host is in"
        }
        return nil
    }
}

/// What a scope comes to in the symbols of an index, so that a known series is checked by comparing numbers.
struct ResolvedScope {
    /// A label whose value is prescribed; `nil` in it for a value that no series has.
    private enum Wanted {
        case anything
        case value(UInt32?)

        @inline(__always)
        func includes(_ symbol: UInt32) -> Bool {
            switch self {
            case .anything: true
            case .value(let wanted): symbol == wanted
            }
        }
    }

    private var host = Wanted.anything
    private var cluster = Wanted.anything
    private var refusedMetrics: [UInt32] = []

    /// The scope in the symbols that `index` has now; without one, everything is included.
    init(_ scope: WriteScope?, _ index: borrowing SeriesIndex) {
        guard let scope else { return }
        host = .value(index.findSymbol(scope.host.text))
        if let name = scope.cluster { cluster = .value(index.findSymbol(name.text)) }
        for metric in scope.refusedMetrics {
            if let symbol = index.findSymbol(metric) { refusedMetrics.append(symbol) }
        }
    }

    /// Whether a series with this home is inside.
    @inline(__always)
    func includes(_ home: SeriesHome) -> Bool {
        host.includes(home.host) && cluster.includes(home.cluster) && !refusedMetrics.contains(home.metric)
    }
}

/// Where a series belongs: its values of three labels as symbols, `SeriesIndex.none` for one that it lacks.
struct SeriesHome: Hashable, Sendable {
    var metric = SeriesIndex.none
    var host = SeriesIndex.none
    var cluster = SeriesIndex.none
}
