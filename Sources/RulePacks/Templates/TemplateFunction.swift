/// The functions of Prometheus' templates, those that Go brings along, and `parameter`.
enum TemplateFunction: String, Hashable, Sendable, CaseIterable {
    case humanize, humanize1024, humanizeDuration, humanizePercentage, humanizeTimestamp
    case toTime, toDuration, now, parseDuration
    case title, toUpper, toLower, stripPort, stripDomain, match, reReplaceAll
    case query, first, label, value, strvalue, sortByLabel
    case args, tmpl, safeHtml, graphLink, tableLink, pathPrefix, externalURL, urlQueryEscape
    case printf, print, println, index, slice, html, js, urlquery
    case length = "len"
    case equal = "eq"
    case notEqual = "ne"
    case less = "lt"
    case lessOrEqual = "le"
    case greater = "gt"
    case greaterOrEqual = "ge"
    case and, or, not
    /// The value of a pack's parameter in the cluster that the alert is about.
    case parameter

    /// The fewest and the most arguments, what is piped in among them.
    var arity: ClosedRange<Int> {
        switch self {
        case .printf, .and, .or, .index, .html, .js, .urlquery: 1...32
        case .equal: 2...32
        case .print, .println, .args: 0...32
        case .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .match, .label, .sortByLabel: 2...2
        case .slice: 1...3
        case .reReplaceAll: 3...3
        case .tmpl: 1...2
        case .pathPrefix, .externalURL, .now: 0...0
        default: 1...1
        }
    }
}
