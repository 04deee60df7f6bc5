/// The functions of Prometheus' templates, those of them that can be filled in here, and `parameter`.
enum TemplateFunction: String, Hashable, Sendable, CaseIterable {
    case humanize, humanize1024, humanizeDuration, humanizePercentage, humanizeTimestamp
    case printf, print, title, toUpper, toLower, stripPort, stripDomain
    case equal = "eq"
    case notEqual = "ne"
    case less = "lt"
    case lessOrEqual = "le"
    case greater = "gt"
    case greaterOrEqual = "ge"
    case and, or, not
    case length = "len"
    /// The value of a pack's parameter in the cluster that the alert is about.
    case parameter
    // Prometheus has these; they are read, so that the world's rule files load, and refused when filled in.
    case query, first, label, value, strvalue, sortByLabel, reReplaceAll, match, safeHtml, args, tmpl
    case graphLink, tableLink, pathPrefix, externalURL, parseDuration, toTime, now, index, html, js, urlquery, println

    /// The fewest and the most arguments, what is piped in among them.
    var arity: ClosedRange<Int> {
        switch self {
        case .printf, .equal: 1...32
        case .print, .println, .and, .or, .args: 0...32
        case .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual: 2...2
        case .reReplaceAll: 3...3
        case .match, .label, .sortByLabel, .index: 2...3
        case .tmpl: 1...2
        case .pathPrefix, .externalURL, .now: 0...0
        default: 1...1
        }
    }
}
