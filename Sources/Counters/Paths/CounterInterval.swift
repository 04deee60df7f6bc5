import FleetModel

/// Two moments of native readings, over which formulas are evaluated.
///
/// An instance is known by the labels that all its series share: a logical processor by `lp`, whatever modes it has.
/// The series of a term are grouped by these labels once for all instances, so that evaluating a counter of many
/// instances costs one pass over its series.
public struct CounterInterval: Sendable {
    private let earlier: CounterMoment
    private let later: CounterMoment
    private var groups: [GroupKey: [Labels: Double?]] = [:]

    private struct GroupKey: Hashable {
        var source: Source
        var labels: [String]
    }

    private enum Source: Hashable {
        case growth(CounterTerm)
        case value(CounterTerm)
        case count(CounterTerm)
    }

    /// The time from one moment to the next.
    public init(from earlier: CounterMoment, to later: CounterMoment) {
        self.earlier = earlier
        self.later = later
    }

    /// Evaluates a formula for one instance, or for several as if they were one; `nil` is unknown. `labels` are the
    /// names of the labels that instances are told apart by.
    public mutating func value(of formula: CounterFormula, over instances: [Labels], by labels: [String]) -> Double? {
        switch formula {
        case .growth(let term): sum(.growth(term), instances, labels)
        case .value(let term): sum(.value(term), instances, labels)
        case .count(let term, let reader): later.hasRead(reader) ? known(.count(term), instances, labels) : nil
        case .all(let term, let reader): later.hasRead(reader) ? known(.value(term), instances, labels) : nil
        case .elapsed: elapsed
        case .constant(let value): value
        case .bounded(let inner, let highest):
            value(of: inner, over: instances, by: labels).map { min(max($0, 0), highest) }
        case .sum(let left, let right): combine(left, right, instances, labels) { $0 + $1 }
        case .difference(let left, let right): combine(left, right, instances, labels) { $0 - $1 }
        case .product(let left, let right): combine(left, right, instances, labels) { $0 * $1 }
        case .lesser(let left, let right): combine(left, right, instances, labels) { min($0, $1) }
        case .quotient(let left, let right): combine(left, right, instances, labels) { $1 > 0 ? $0 / $1 : nil }
        case .each(let left, let right):
            combine(left, right, instances, labels) { $1 > 0 ? $0 / $1 : $0 == 0 && $1 == 0 ? 0 : nil }
        }
    }

    /// The seconds between the moments; `nil` where they are one.
    private var elapsed: Double? {
        let span = (later.instant - earlier.instant).inSeconds
        return span > 0 ? span : nil
    }

    private mutating func combine(
        _ left: CounterFormula, _ right: CounterFormula, _ instances: [Labels], _ labels: [String],
        _ body: (Double, Double) -> Double?
    ) -> Double? {
        guard let first = value(of: left, over: instances, by: labels),
            let second = value(of: right, over: instances, by: labels)
        else { return nil }
        return body(first, second)
    }

    /// The instances' groups together; unknown where one of them is.
    private mutating func sum(_ source: Source, _ instances: [Labels], _ labels: [String]) -> Double? {
        let groups = grouped(source, labels)
        var total = 0.0
        for instance in instances {
            guard let value = groups[instance] ?? nil else { return nil }
            total += value
        }
        return instances.isEmpty ? nil : total
    }

    /// The groups that there are, which may be none.
    private mutating func known(_ source: Source, _ instances: [Labels], _ labels: [String]) -> Double {
        let groups = grouped(source, labels)
        return instances.reduce(0) { $0 + ((groups[$1] ?? nil) ?? 0) }
    }

    private mutating func grouped(_ source: Source, _ labels: [String]) -> [Labels: Double?] {
        let key = GroupKey(source: source, labels: labels)
        if let known = groups[key] { return known }
        var found: [Labels: Double?] = [:]
        func add(_ series: Labels, _ value: Double?) {
            let group = series.keeping(labels)
            let before = found[group] ?? .some(0)
            found[group] = .some(before.flatMap { sum in value.map { sum + $0 } })
        }
        switch source {
        case .growth(let term):
            let (before, after) = (earlier.series[term.counter] ?? [:], later.series[term.counter] ?? [:])
            for (series, value) in later.series(of: term) {
                add(series, before[series].flatMap { value >= $0 ? value - $0 : nil })
            }
            // What is gone has grown by nobody knows how much.
            for (series, _) in earlier.series(of: term) where after[series] == nil { add(series, nil) }
        case .value(let term): for (series, value) in later.series(of: term) { add(series, value) }
        case .count(let term): for (series, _) in later.series(of: term) { add(series, 1) }
        }
        groups[key] = found
        return found
    }
}

extension CounterInterval {
    /// Whether an instance is there at the later moment.
    mutating func isPresent(_ instance: Labels, of source: CounterTerm, by labels: [String]) -> Bool {
        grouped(.count(source), labels)[instance] != nil
    }

    /// The instances that are there at both moments.
    func instances(of source: CounterTerm, by labels: [String]) -> Set<Labels> {
        let before = Set(earlier.series(of: source).map { $0.labels.keeping(labels) })
        return before.intersection(later.series(of: source).map { $0.labels.keeping(labels) })
    }
}
