import FleetModel

extension RulePack {
    /// Reads and checks the pack in `folder`: `pack.yaml` and every `*.rules.yaml` and `*.rules.yml` beside it. A
    /// folder without `pack.yaml` is an advice-only pack of the rule files (`*.yaml`, `*.yml`) in it.
    ///
    /// Throws everything that is wrong with it at once.
    public static func load(folder: String) throws(RulePackError) -> RulePack {
        throw RulePackError([PackFinding(SourcePlace(file: folder), "packs cannot be read yet")])
    }

    /// The same pack with every range, wait and limit of time divided by `speed`, so that a demo runs the very rules
    /// that a fleet runs, only faster.
    public func scaled(by speed: Double) -> RulePack { self }
}
