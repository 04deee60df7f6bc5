import FleetModel

/// What operators set of packs. The rules see it in their next round.
extension ControlLoop {
    mutating func set(_ setting: ParameterSetting, by actor: String) -> ControlReply {
        outbox.save(.saveParameter(setting))
        audit(
            actor, "parameter.set",
            "\(setting.pack): \(setting.name) is \(setting.value) in \(Self.scope(setting.cluster))")
        return .done()
    }

    mutating func reset(pack: String, _ name: String, _ cluster: ClusterName?, by actor: String) -> ControlReply {
        outbox.save(.removeParameter(pack: pack, name: name, cluster: cluster))
        audit(actor, "parameter.reset", "\(pack): \(name) has no value of its own in \(Self.scope(cluster))")
        return .done()
    }

    /// Tips of a pack that is switched off are put away: nobody looks any more whether their objects are well. What is
    /// being carried out goes on to its end.
    mutating func set(_ setting: PackSetting, by actor: String) -> ControlReply {
        outbox.save(.savePack(setting))
        if setting.allowsPlugIns { allowedPlugIns.insert(setting.pack) } else { allowedPlugIns.remove(setting.pack) }
        for tip in openTips where tip.pack == setting.pack { plannings[tip.number] = nil }
        let plugIns = setting.allowsPlugIns ? "its plug-ins are allowed" : "its plug-ins are not allowed"
        audit(actor, setting.isEnabled ? "pack.enable" : "pack.disable", "\(setting.pack); \(plugIns)")
        guard !setting.isEnabled else { return .done() }
        for tip in openTips where tip.pack == setting.pack && ![.running, .verifying].contains(tip.state) {
            step(tip.number, .dismiss, by: actor, "the pack \(setting.pack) was switched off")
        }
        return .done()
    }

    private static func scope(_ cluster: ClusterName?) -> String { cluster.map { "cluster \($0)" } ?? "the fleet" }
}
