import FleetModel

/// Series of one native counter: those whose labels hold all of the given ones.
public struct CounterTerm: Hashable, Sendable {
    /// The native counter.
    public var counter: Counter
    /// Labels that a series must have; a subset of the counter's.
    public var labels: Labels

    /// The series of `counter` with these labels.
    public init(_ counter: Counter, _ labels: Labels = Labels()) {
        self.counter = counter
        self.labels = labels
    }
}

/// How a counter's value is made from two moments of native readings: a value, evaluated by `CounterInterval`.
///
/// What cannot be known (a series that is missing at one of the moments, a growth below zero, a quotient over nothing)
/// makes the whole formula unknown.
public indirect enum CounterFormula: Hashable, Sendable {
    /// What a growing counter has gained between the moments, all series of the term and the instance together.
    case growth(CounterTerm)
    /// A gauge at the later moment, all series of the term and the instance together.
    case value(CounterTerm)
    /// How many series there are at the later moment; unknown if the reader that finds them has failed.
    case count(CounterTerm, foundBy: Reader)
    /// A gauge at the later moment, 0 where there is no series; unknown if the reader that finds them has failed.
    case all(CounterTerm, foundBy: Reader)
    /// Seconds between the moments.
    case elapsed
    /// A number.
    case constant(Double)
    /// Both together.
    case sum(CounterFormula, CounterFormula)
    /// The first without the second.
    case difference(CounterFormula, CounterFormula)
    /// One times the other.
    case product(CounterFormula, CounterFormula)
    /// The first over the second; unknown where the second is not above 0.
    case quotient(CounterFormula, CounterFormula)
    /// The first for each of the second; 0 where both are 0, as Windows says it: nothing took no time.
    case each(CounterFormula, CounterFormula)
    /// The lesser of both.
    case lesser(CounterFormula, CounterFormula)
    /// Kept between 0 and a highest value.
    case bounded(CounterFormula, Double)
}

extension CounterFormula {
    /// The growth of a counter's series with these labels.
    static func growth(_ counter: Counter, _ labels: Labels = Labels()) -> CounterFormula {
        .growth(CounterTerm(counter, labels))
    }

    /// The value of a counter's series with these labels.
    static func value(_ counter: Counter, _ labels: Labels = Labels()) -> CounterFormula {
        .value(CounterTerm(counter, labels))
    }

    /// The growth of a counter a second.
    static func rate(_ counter: Counter, _ labels: Labels = Labels()) -> CounterFormula {
        .growth(counter, labels) / .elapsed
    }

    /// A part of a whole in percent, from 0 to 100.
    static func percent(_ part: CounterFormula, of whole: CounterFormula) -> CounterFormula {
        .bounded(.constant(100) * part / whole, 100)
    }

    static func + (left: CounterFormula, right: CounterFormula) -> CounterFormula { .sum(left, right) }
    static func - (left: CounterFormula, right: CounterFormula) -> CounterFormula { .difference(left, right) }
    static func * (left: CounterFormula, right: CounterFormula) -> CounterFormula { .product(left, right) }
    static func / (left: CounterFormula, right: CounterFormula) -> CounterFormula { .quotient(left, right) }

    /// The terms that the formula is made from.
    public var terms: [CounterTerm] {
        switch self {
        case .growth(let term), .value(let term), .count(let term, _), .all(let term, _): [term]
        case .elapsed, .constant: []
        case .sum(let left, let right), .difference(let left, let right), .product(let left, let right),
            .quotient(let left, let right), .each(let left, let right), .lesser(let left, let right):
            left.terms + right.terms
        case .bounded(let inner, _): inner.terms
        }
    }
}

extension CounterTerm: CustomStringConvertible {
    /// As PromQL selects the series.
    public var description: String { labels.setting(Labels.metricName, to: counter.rawValue).description }
}

extension CounterFormula: CustomStringConvertible {
    /// The formula for a person.
    public var description: String {
        switch self {
        case .growth(let term): "growth(\(term))"
        case .value(let term), .all(let term, _): "\(term)"
        case .count(let term, _): "count(\(term))"
        case .elapsed: "seconds"
        case .constant(let value): Self.text(value)
        case .sum(let left, let right): "\(left) + \(right)"
        case .difference(let left, let right): "\(left) - \(right.enclosed(in: [.sum]))"
        case .product(let left, let right): "\(left.enclosed(in: [.sum])) * \(right.enclosed(in: [.sum, .quotient]))"
        case .quotient(let left, let right), .each(let left, let right):
            "\(left.enclosed(in: [.sum])) / \(right.enclosed(in: [.sum, .quotient]))"
        case .lesser(let left, let right): "min(\(left), \(right))"
        case .bounded(let inner, let highest): "clamp(\(inner), 0, \(Self.text(highest)))"
        }
    }

    private enum Strength { case sum, quotient, atom }

    private var strength: Strength {
        switch self {
        case .sum, .difference: .sum
        case .product, .quotient, .each: .quotient
        case .growth, .value, .count, .all, .elapsed, .constant, .lesser, .bounded: .atom
        }
    }

    private func enclosed(in strengths: [Strength]) -> String {
        strengths.contains(strength) ? "(\(self))" : description
    }

    private static func text(_ value: Double) -> String {
        Int64(exactly: value).map(String.init) ?? "\(value)"
    }
}
