import FleetModel

/// Finds the host of the fleet that a foreign alert is about, and names its series.
struct EventNames: Hashable, Sendable {
    /// The metric of foreign alerts.
    static let metric = "evenkeel_event"

    /// The hosts there are.
    let clusters: [HostName: ClusterName]

    init(clusters: [HostName: ClusterName]) { self.clusters = clusters }

    init(_ reports: [HostReport]) {
        clusters = Dictionary(reports.map { ($0.host, $0.cluster) }, uniquingKeysWith: { _, last in last })
    }

    /// `evenkeel_event{cluster, host, ...}`. `host` and `cluster` are of the fleet or not there, so that a rule may rely
    /// on them: what the sender says under these names and the fleet does not know goes by `exported_host` and
    /// `exported_cluster`, as Prometheus renames what a target says of itself.
    func series(of alert: Labels) -> Labels {
        var labels = alert.setting(Labels.metricName, to: Self.metric)
        let host = host(of: alert)
        let cluster = host.flatMap { clusters[$0]?.text } ?? knownCluster(of: alert)
        set("host", host?.text, in: &labels)
        set("cluster", cluster, in: &labels)
        return labels
    }

    /// The host by the label `host`, else by `instance` without its port.
    func host(of alert: Labels) -> HostName? {
        let names = [alert["host"], alert["instance"].map(Self.withoutPort)]
        return names.lazy.compactMap { $0.flatMap { HostName($0) } }.first { clusters[$0] != nil }
    }

    private func knownCluster(of alert: Labels) -> String? {
        guard let name = alert["cluster"].flatMap({ ClusterName($0) }) else { return nil }
        return clusters.values.contains(name) ? name.text : nil
    }

    private func set(_ name: String, _ value: String?, in labels: inout Labels) {
        if let foreign = labels[name], foreign != value {
            var other = "exported_" + name
            while labels[other] != nil { other = "exported_" + other }
            labels[other] = foreign
        }
        labels[name] = value
    }

    private static func withoutPort(_ instance: String) -> String {
        guard let colon = instance.lastIndex(of: ":") else { return instance }
        let port = instance[instance.index(after: colon)...]
        return port.allSatisfy { $0.isASCII && $0.isNumber } ? String(instance[..<colon]) : instance
    }
}
