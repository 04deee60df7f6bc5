/// A group of a pack, and what its state and that of its rules is kept under.
struct PlacedGroup: Sendable {
    let key: String
    let pack: RulePack
    let group: RuleGroup
    let rules: [(key: String, rule: Rule)]

    /// A pack's groups, in their order.
    static func all(of pack: RulePack) -> [PlacedGroup] {
        pack.groups.map { PlacedGroup($0, of: pack) }
    }

    /// Rules are known by their names, with a number only where a group has a name twice, so that an edit elsewhere in
    /// the file loses no state.
    init(_ group: RuleGroup, of pack: RulePack) {
        (self.pack, self.group) = (pack, group)
        let key = "\(pack.name)/\(group.file)/\(group.name)"
        var seen: [String: Int] = [:]
        rules = group.rules.map { rule in
            let number = seen[rule.name, default: 0]
            seen[rule.name] = number + 1
            return ("\(key)/\(rule.name)/\(number)", rule)
        }
        self.key = key
    }
}
