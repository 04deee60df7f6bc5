/// From a label and its value to the series that have it.
struct Postings: Sendable {
    private var lists: [UInt64: [UInt32]] = [:]
    private var valuesByName: [UInt32: [UInt32]] = [:]
    /// The same in the order of their texts, as far as that was asked for; values that came since are missing.
    private var sortedByName: [UInt32: [UInt32]] = [:]

    /// How many bytes of memory it holds, roughly.
    var memory: Int { lists.count * 80 + entries * 5 }
    private var entries = 0

    /// The label names in use.
    var names: [UInt32] { Array(valuesByName.keys) }

    mutating func add(_ series: UInt32, name: UInt32, value: UInt32) {
        let key = Self.key(name, value)
        if lists[key]?.append(series) == nil {
            lists[key] = [series]
            valuesByName[name, default: []].append(value)
        }
        entries += 1
    }

    func series(name: UInt32, value: UInt32) -> [UInt32] { lists[Self.key(name, value)] ?? [] }

    func values(of name: UInt32) -> [UInt32] { valuesByName[name] ?? [] }

    /// The values of a label in the order of their texts: newcomers are sorted by themselves and merged in.
    mutating func sortedValues(of name: UInt32, by precedes: (UInt32, UInt32) -> Bool) -> [UInt32] {
        let all = values(of: name)
        let known = sortedByName[name] ?? []
        if known.count == all.count { return known }
        let merged = SeriesOrder.merged(known, all[known.count...].sorted(by: precedes), precedes)
        sortedByName[name] = merged
        return merged
    }

    private static func key(_ name: UInt32, _ value: UInt32) -> UInt64 { UInt64(name) << 32 | UInt64(value) }
}
