import FleetModel

/// What a pack's parameters are in each cluster: the cluster's own setting, else the fleet's, else the default.
/// A setting that is out of range counts as not set.
struct ParameterValues: Sendable {
    /// The metric under which parameters are kept.
    static let metric = "evenkeel_parameter"

    private struct Key: Hashable {
        var pack: String
        var name: String
        var cluster: ClusterName?
    }

    private var settings: [Key: Double] = [:]

    init(_ settings: [ParameterSetting]) {
        for setting in settings {
            self.settings[Key(pack: setting.pack, name: setting.name, cluster: setting.cluster)] = setting.value
        }
    }

    func value(of parameter: PackParameter, pack: String, cluster: ClusterName?) -> Double {
        let places: [ClusterName?] = cluster == nil ? [nil] : [cluster, nil]
        for place in places {
            let setting = settings[Key(pack: pack, name: parameter.name, cluster: place)]
            if let setting, parameter.objection(to: setting) == nil { return setting }
        }
        return parameter.standard
    }

    /// All of a pack's parameters in a cluster, by name.
    func values(of pack: RulePack, cluster: ClusterName?) -> [String: Double] {
        Dictionary(
            pack.parameters.map { ($0.name, value(of: $0, pack: pack.name, cluster: cluster)) },
            uniquingKeysWith: { $1 })
    }

    /// The series that rules compare against, one sample each.
    func series(of packs: [RulePack], clusters: [ClusterName], at moment: Timestamp) -> [SeriesSamples] {
        packs.flatMap { pack in
            pack.parameters.flatMap { parameter in
                clusters.sorted().map { cluster in
                    let labels: Labels = [
                        Labels.metricName: Self.metric, "cluster": cluster.text, "name": parameter.name,
                        "pack": pack.name,
                    ]
                    let value = value(of: parameter, pack: pack.name, cluster: cluster)
                    return SeriesSamples(
                        labels: labels, samples: SampleColumns(times: [moment.milliseconds], values: [value]))
                }
            }
        }
    }
}
