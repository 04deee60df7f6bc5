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

    /// The lists of series that a condition picks, and how many series they have together.
    private struct Listing {
        let condition: Condition
        let lists: [[UInt32]]
        let count: Int
    }

    /// The numbers of the series that satisfy every matcher, in no order.
    mutating func select(_ matchers: [LabelMatcher]) throws(StoreError) -> [UInt32] {
        var listings: [Listing] = []
        var filters: [Condition] = []
        for matcher in matchers {
            let condition = try Condition(matcher)
            let isPositive = matcher.comparison == .equal || matcher.comparison == .matches
            if isPositive, try !condition.holds("") {
                let listing = try listing(condition)
                if listing.count == 0 { return [] }
                listings.append(listing)
            } else {
                filters.append(condition)
            }
        }
        listings.sort { $0.count < $1.count }
        // Asking each series of the shortest list costs less than intersecting it with the longer ones.
        var result = listings.first.map { Array($0.lists.joined()) } ?? Array(0..<UInt32(count))
        for listing in listings.dropFirst() { try keep(&result, where: listing.condition) }
        for filter in filters where !result.isEmpty { try keep(&result, where: filter) }
        return result
    }

    /// The series whose value satisfies a condition that an absent label does not.
    private mutating func listing(_ condition: Condition) throws(StoreError) -> Listing {
        guard let name = findSymbol(condition.matcher.name) else {
            return Listing(condition: condition, lists: [], count: 0)
        }
        var lists: [[UInt32]] = []
        if let texts = condition.pattern == nil ? [condition.matcher.value] : condition.pattern?.alternatives {
            lists = Set(texts).compactMap { findSymbol($0) }.map { series(named: name, value: $0) }
        } else {
            for value in values(of: name, startingWith: condition.pattern?.literalPrefix ?? "")
            where try condition.holds(text(of: value)) {
                lists.append(series(named: name, value: value))
            }
        }
        return Listing(condition: condition, lists: lists, count: lists.reduce(0) { $0 + $1.count })
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
