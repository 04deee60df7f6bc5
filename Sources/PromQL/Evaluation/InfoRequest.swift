import FleetModel
import Patterns

/// What a call of `info()` asks for: which info metrics, and which of their labels.
struct InfoRequest {
    /// The labels that say which series speak of the same thing.
    static let identifying = ["instance", "job"]

    /// What the info series must satisfy, besides their identity.
    let matchers: [LabelMatcher]
    private let nameConditions: [Condition]
    private let dataConditions: [Condition]
    private let wanted: Set<String>

    /// Reads the second argument; without one all labels of `target_info` are wanted.
    init(_ argument: Expression?) throws(PromQLError) {
        var given: [LabelMatcher] = []
        if case .selector(let selector)? = argument { given = selector.matchers }
        let data = given.filter { $0.name != Labels.metricName }
        let names = Self.effective(given.filter { $0.name == Labels.metricName })
        matchers = names + data
        var conditions: [Condition] = []
        for matcher in matchers { conditions.append(try Condition(matcher)) }
        nameConditions = Array(conditions.prefix(names.count))
        dataConditions = Array(conditions.dropFirst(names.count))
        wanted = Set(data.map(\.name))
    }

    /// Without any condition on the name it is `target_info`; where conditions only say what it is not, any `..._info`.
    private static func effective(_ names: [LabelMatcher]) -> [LabelMatcher] {
        if names.isEmpty { return [LabelMatcher(Labels.metricName, .equal, "target_info")] }
        if names.contains(where: { $0.comparison == .equal || $0.comparison == .matches }) { return names }
        return [LabelMatcher(Labels.metricName, .matches, ".+_info")] + names
    }

    /// Whether a series is such an info series itself, which gets no labels.
    func isInfo(_ labels: Labels) -> Bool { nameConditions.allSatisfy { $0.holds(labels.metric ?? "") } }

    /// Whether a series without any info series is kept: nothing is asked for that must be there.
    var acceptsNone: Bool { dataConditions.allSatisfy { $0.holds("") } }

    /// The labels with those of the info series; labels that the series has itself stay.
    func labels(of series: Labels, informedBy infos: [Labels]) throws(PromQLError) -> Labels {
        var added = Labels()
        for info in infos {
            for pair in info.pairs where pair.name != Labels.metricName {
                if !wanted.isEmpty, !wanted.contains(pair.name) { continue }
                if let other = added[pair.name], other != pair.value {
                    throw .evaluation(reason: "conflicting label: \(pair.name)")
                }
                if series[pair.name] == nil { added[pair.name] = pair.value }
            }
        }
        var result = series
        for pair in added.pairs { result[pair.name] = pair.value }
        return result
    }

    /// What a series speaks of.
    static func identity(of labels: Labels) -> Labels { labels.keeping(identifying) }

    /// A pattern that matches the text alone.
    static func literal(_ text: String) -> String {
        var pattern = ""
        for character in text.unicodeScalars {
            if #"\.+*?()|[]{}^$"#.unicodeScalars.contains(character) { pattern += "\\" }
            pattern.unicodeScalars.append(character)
        }
        return pattern
    }

    /// A matcher with its pattern compiled.
    private struct Condition {
        let matcher: LabelMatcher
        let pattern: Pattern?

        init(_ matcher: LabelMatcher) throws(PromQLError) {
            self.matcher = matcher
            let isPattern = matcher.comparison == .matches || matcher.comparison == .doesNotMatch
            do {
                pattern = isPattern ? try Pattern(matcher.value) : nil
            } catch {
                throw .evaluation(reason: "\(error)")
            }
        }

        /// A pattern that gives up counts as one that does not match.
        func holds(_ value: String) -> Bool {
            let isSame = pattern.map { (try? $0.matches(whole: value)) ?? false } ?? (value == matcher.value)
            let isNegative = matcher.comparison == .notEqual || matcher.comparison == .doesNotMatch
            return isSame != isNegative
        }
    }
}
