/// The CPU model for VMs that are to move among hosts that are not alike.
public enum CommonBaseline {
    /// The richest model that VMs can have on every one of `hosts`; `nil` where there is none, also where one of them
    /// does not say what it has. Each host lists its models with the plainest first; where two hosts' orders differ,
    /// the model counts that is furthest up in all of them together.
    public static func processorModel(of hosts: [HostCapabilities]) -> String? {
        guard let first = hosts.first else { return nil }
        let ranks = hosts.map { host in
            Dictionary(host.processorModels.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        }
        let common = Set(first.processorModels).filter { name in ranks.allSatisfy { $0[name] != nil } }
        func height(_ name: String) -> Int {
            // Among the common ones: what only one host has says nothing of the others.
            ranks.reduce(0) { sum, rank in
                guard let own = rank[name] else { return sum }
                return sum + common.count { rank[$0].map { $0 < own } ?? false }
            }
        }
        return common.max { (height($0), $0) < (height($1), $1) }
    }

    /// The newest version of one kind of machine, such as `pc` or `q35`, that every one of `hosts` knows; `nil` where
    /// there is none.
    public static func machine(_ kind: String, of hosts: [HostCapabilities]) -> String? {
        guard let first = hosts.first else { return nil }
        let family = kind == "pc" ? "pc-i440fx-" : "pc-\(kind)-"
        let common = Set(first.machines).filter { name in
            name.hasPrefix(family) && hosts.allSatisfy { $0.machines.contains(name) }
        }
        func version(_ name: String) -> [Int] {
            name.dropFirst(family.count).split(separator: ".").compactMap { Int($0) }
        }
        return common.max { version($0).lexicographicallyPrecedes(version($1)) }
    }
}
