import FleetModel
import Patterns

/// From matchers to series. Equality and regular expressions that cannot match nothing are answered by lists of series;
/// the other matchers are asked of what is left, once for each distinct value.
extension SeriesIndex {
    /// A matcher that is ready to be asked.
    private struct Condition {
        let matcher: LabelMatcher
        let pattern: Pattern?

        init(_ matcher: LabelMatcher) throws(StoreError) {
            self.matcher = matcher
            switch matcher.comparison {
            case .equal, .notEqual: pattern = nil
            case .matches, .doesNotMatch:
                do throws(PatternError) {
                    pattern = try Pattern(matcher.value)
                } catch {
                    throw .badMatcher(
                        reason: "\(matcher.name)\(matcher.comparison.rawValue)\"\(matcher.value)\": \(error)")
                }
            }
        }

        func holds(_ value: String) throws(StoreError) -> Bool {
            switch matcher.comparison {
            case .equal: return value.utf8.elementsEqual(matcher.value.utf8)
            case .notEqual: return !value.utf8.elementsEqual(matcher.value.utf8)
            case .matches: return try matches(value)
            case .doesNotMatch: return try !matches(value)
            }
        }

        private func matches(_ value: String) throws(StoreError) -> Bool {
            do throws(PatternError) {
                return try pattern?.matches(whole: value) ?? false
            } catch {
                throw .badMatcher(reason: "\(matcher.name)\(matcher.comparison.rawValue)\"\(matcher.value)\": \(error)")
            }
        }
    }

    /// The numbers of the series that satisfy every matcher, in no order.
    func select(_ matchers: [LabelMatcher]) throws(StoreError) -> [UInt32] {
        var candidates: [UInt32]?
        var filters: [Condition] = []
        for matcher in matchers {
            let condition = try Condition(matcher)
            let isPositive = matcher.comparison == .equal || matcher.comparison == .matches
            guard isPositive, try !condition.holds("") else {
                filters.append(condition)
                continue
            }
            if candidates == nil, let listed = try listed(condition) {
                candidates = listed
            } else {
                filters.append(condition)
            }
        }
        var result = candidates ?? Array(0..<UInt32(count))
        for filter in filters where !result.isEmpty { try keep(&result, where: filter) }
        return result
    }

    /// The series whose value satisfies a condition that an absent label does not.
    private func listed(_ condition: Condition) throws(StoreError) -> [UInt32]? {
        guard let name = findSymbol(condition.matcher.name) else { return [] }
        let texts = condition.pattern == nil ? [condition.matcher.value] : condition.pattern?.alternatives
        if let texts {
            let lists = Set(texts).compactMap { findSymbol($0) }.map { series(named: name, value: $0) }
            return lists.count == 1 ? lists[0] : Array(lists.joined())
        }
        var result: [UInt32] = []
        for value in values(of: name) where try condition.holds(text(of: value)) {
            result.append(contentsOf: series(named: name, value: value))
        }
        return result
    }

    private func keep(_ series: inout [UInt32], where condition: Condition) throws(StoreError) {
        let absent = try condition.holds("")
        guard let name = findSymbol(condition.matcher.name) else {
            if !absent { series.removeAll() }
            return
        }
        var answers: [UInt32: Bool] = [:]
        var kept = 0
        for place in series.indices {
            var holds = absent
            if let value = value(of: series[place], named: name) {
                if let known = answers[value] {
                    holds = known
                } else {
                    holds = try condition.holds(text(of: value))
                    answers[value] = holds
                }
            }
            if holds {
                series[kept] = series[place]
                kept += 1
            }
        }
        series.removeLast(series.count - kept)
    }
}
