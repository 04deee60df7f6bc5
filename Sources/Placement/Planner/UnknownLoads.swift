import FleetModel

/// Hosts of which it cannot be said how busy they are: they are neither over a share nor under it, and no zero.
struct UnknownLoads {
    /// In words, such as "the processor use of a, b is unknown"; `nil` where every host's load is known.
    let words: String?

    init(_ compiled: CompiledCluster) {
        var unknown: [HostName] = []
        var empty: [HostName] = []
        for (host, load) in zip(compiled.hosts, compiled.loads) {
            if host.logicalProcessors <= 0 {
                empty.append(host.name)
            } else if load.processorShare?.isFinite != true {
                unknown.append(host.name)
            }
        }
        let parts = [
            unknown.isEmpty ? nil : "the processor use of \(Wording.names(unknown)) is unknown",
            empty.isEmpty
                ? nil : "\(Wording.names(empty)) \(empty.count == 1 ? "has" : "have") no logical processors",
        ]
        words = unknown.isEmpty && empty.isEmpty ? nil : parts.compactMap { $0 }.joined(separator: ", and ")
    }
}
