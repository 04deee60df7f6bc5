import FleetModel

/// One value that is printed again and again: a counter of one instance, found once and evaluated over interval after
/// interval. An instance that is gone is unknown until it comes back.
public struct CounterColumn: Hashable, Sendable {
    /// What it is a value of.
    enum Scope: Hashable {
        /// Of the host.
        case host
        /// Of one instance.
        case instance(Labels)
        /// Of all instances that there are.
        case total(HyperVCounter.Total)
    }

    /// A path without its machine, `\Object(instance)\Counter`, or a native series.
    public var title: String
    /// The value's unit.
    public var unit: String
    let formula: CounterFormula
    let scope: Scope
    let instances: HyperVObject.Instances?

    /// The value over an interval; `nil` is unknown.
    public func value(in interval: inout CounterInterval) -> Double? {
        let labels = instances?.labels ?? []
        switch (scope, instances) {
        case (.instance(let instance), .some(let source)):
            guard interval.isPresent(instance, of: source.source, by: labels) else { return nil }
            return interval.value(of: formula, over: [instance], by: labels)
        case (.total(.mean), .some(let source)):
            return mean(interval.instances(of: source.source, by: labels), in: &interval, by: labels)
        case (.total(.own(let formula)), _):
            return interval.value(of: formula, over: [Labels()], by: [])
        case (.total(.whole), .some(let source)):
            let all = interval.instances(of: source.source, by: labels)
            return interval.value(of: formula, over: Array(all), by: labels)
        default:
            return interval.value(of: formula, over: [Labels()], by: [])
        }
    }

    /// Unknown where one of them is: a mean of some would be taken for one of all.
    private func mean(_ all: Set<Labels>, in interval: inout CounterInterval, by labels: [String]) -> Double? {
        var sum = 0.0
        for instance in all {
            guard let value = interval.value(of: formula, over: [instance], by: labels) else { return nil }
            sum += value
        }
        return all.isEmpty ? nil : sum / Double(all.count)
    }
}

extension CounterRequest {
    /// The columns that are meant, as things are at a moment. Throws `CounterError`: for unknown counters, and where
    /// there is no such instance.
    public func columns(at moment: CounterMoment) throws(CounterError) -> [CounterColumn] {
        switch self {
        case .path(let path): try Self.columns(path, moment)
        case .native(let term): try Self.columns(term, moment)
        }
    }

    private static func columns(_ path: CounterPath, _ moment: CounterMoment) throws(CounterError) -> [CounterColumn] {
        var columns: [CounterColumn] = []
        var existing: [String] = []
        for counter in try HyperVCatalogue.counters(for: path) {
            guard let instances = counter.object.instances, let wanted = path.instance else {
                columns.append(counter.column(.host, instance: nil))
                continue
            }
            let all = instances.naming == nil ? [] : moment.instances(of: instances)
            for instance in all where wanted.matches(instance.name, instance.index) {
                let name = instance.name + (instance.index > 0 ? "#\(instance.index)" : "")
                columns.append(counter.column(.instance(instance.labels), instance: name))
            }
            if let total = instances.total, wanted.matches(total, 0) {
                columns.append(counter.column(.total(counter.total), instance: total))
            }
            existing = all.map(\.name) + (instances.total.map { [$0] } ?? [])
        }
        if columns.isEmpty { throw .noInstance(text: "\(path)", existing: existing) }
        return columns
    }

    /// A growing counter's rate, a gauge's value: a column for each series.
    private static func columns(_ term: CounterTerm, _ moment: CounterMoment) throws(CounterError) -> [CounterColumn] {
        let entry = term.counter.entry
        let series = moment.series(of: term).map(\.labels).sorted()
        guard !series.isEmpty else {
            let existing = moment.series(of: CounterTerm(term.counter)).map { "\($0.labels)" }.sorted()
            throw .noInstance(text: "\(term)", existing: existing)
        }
        let source = CounterTerm(term.counter)
        return series.map { labels in
            CounterColumn(
                title: CounterTerm(term.counter, labels).description,
                unit: entry.kind == .counter ? "\(entry.unit)/s" : entry.unit,
                formula: entry.kind == .counter ? .growth(source) / .elapsed : .value(source), scope: .instance(labels),
                instances: HyperVObject.Instances(
                    source: source, labels: labels.pairs.map(\.name), naming: nil, total: nil))
        }
    }
}

extension HyperVCounter {
    fileprivate func column(_ scope: CounterColumn.Scope, instance: String?) -> CounterColumn {
        let place = instance.map { "(\($0))" } ?? ""
        return CounterColumn(
            title: #"\"# + object.name + place + #"\"# + name, unit: unit, formula: formula, scope: scope,
            instances: object.instances)
    }
}

extension CounterPath.Instance {
    /// Whether an instance is meant. As in Windows a plain name without an index means the first of its name.
    func matches(_ name: String, _ index: Int) -> Bool {
        guard self.name.matches(name) else { return false }
        return (self.index ?? (self.name.isWildcard ? index : 0)) == index
    }
}

extension CounterMoment {
    /// An instance with its name and its place among those of the same name.
    struct Instance {
        var labels: Labels
        var name: String
        var index: Int
    }

    /// An object's instances, by their labels: numbers by value, texts by their characters.
    func instances(of source: HyperVObject.Instances) -> [Instance] {
        let all = Set(series(of: source.source).map { $0.labels.keeping(source.labels) })
        var taken: [String: Int] = [:]
        return all.sorted { Self.isOrdered($0, $1, by: source.labels) }.map { labels in
            let name = source.name(of: labels)
            defer { taken[name, default: 0] += 1 }
            return Instance(labels: labels, name: name, index: taken[name, default: 0])
        }
    }

    private static func isOrdered(_ left: Labels, _ right: Labels, by labels: [String]) -> Bool {
        for label in labels {
            let (one, other) = (left[label] ?? "", right[label] ?? "")
            if one == other { continue }
            if let first = Int(one), let second = Int(other), first != second { return first < second }
            return one < other
        }
        return false
    }
}
