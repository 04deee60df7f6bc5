import FleetModel
import Hummingbird
import PromQL
import RulePacks

/// `rules` and `alerts`: how rule groups are doing, and what they found.
struct RuleRoutes {
    let groups: @Sendable () -> [RuleGroupState]

    func add(to group: RouterGroup<FleetRequestContext>) {
        group.serve("rules", [.get]) { request, _ in
            let filter = try RuleFilter(try await RequestParameters(request))
            return try rules(filter)
        }
        group.serve("alerts", [.get]) { _, _ in
            let alerts = groups().flatMap(\.rules).flatMap(\.alerts)
            return .success { json in
                json.object { json in
                    json.array("alerts") { json in for alert in alerts { RuleJSON.write(alert, to: &json) } }
                }
            }
        }
    }

    private func rules(_ filter: RuleFilter) throws -> Response {
        let (page, token) = try filter.page(of: try groups().compactMap { try filter.reduced($0) })
        return .success { json in
            json.object { json in
                json.array("groups") { json in
                    for group in page { RuleJSON.write(group, withAlerts: !filter.excludesAlerts, to: &json) }
                }
                if let token { json.member("groupNextToken", token) }
            }
        }
    }
}

/// Which rules were asked for.
struct RuleFilter {
    enum Kind: String {
        case alert, record
    }

    var kind: Kind?
    var names: Set<String>
    var groups: Set<String>
    var files: Set<String>
    /// A rule must satisfy all matchers of one of them, by the labels that its file gives it.
    var selectors: [[LabelMatcher]]
    var excludesAlerts: Bool
    /// How many groups to answer at a time, and behind which to begin.
    var limit: Int?
    var token: String?

    init(_ parameters: RequestParameters) throws {
        let type = (parameters["type"] ?? "").lowercased()
        kind = Kind(rawValue: type)
        if kind == nil, !type.isEmpty { throw APIError.invalid("type", "not supported value \"\(type)\"") }
        names = Set(parameters.all("rule_name[]"))
        groups = Set(parameters.all("rule_group[]"))
        files = Set(parameters.all("file[]"))
        selectors = try parameters.all("match[]").map { try SeriesLister.Scope.selector($0) }
        excludesAlerts = try parameters.flag("exclude_alerts")
        limit = try parameters.limit("group_limit")
        token = parameters["group_next_token"].flatMap { $0.isEmpty ? nil : $0 }
        if token != nil, limit == nil {
            throw APIError.invalid("group_limit", "group_limit needs to be provided in case group_next_token is")
        }
    }

    /// The group with the rules that were asked for; `nil` where none is left.
    func reduced(_ group: RuleGroupState) throws -> RuleGroupState? {
        guard groups.isEmpty || groups.contains(group.name),
            files.isEmpty || files.contains(RuleJSON.file(of: group))
        else { return nil }
        var group = group
        group.rules = try group.rules.filter(isWanted)
        let isWhole = kind == nil && names.isEmpty && selectors.isEmpty
        return group.rules.isEmpty && !isWhole ? nil : group
    }

    private func isWanted(_ state: RuleState) throws -> Bool {
        let isAlert = state.rule.isAlert
        guard kind == nil || (kind == .alert) == isAlert, names.isEmpty || names.contains(state.rule.name) else {
            return false
        }
        let labels = Labels(state.rule.labels.mapValues(\.source))
        return try selectors.isEmpty || selectors.contains { try $0.hold(for: labels) }
    }

    /// The groups from the token on, at most `limit` of them, and the token of the rest.
    func page(of groups: [RuleGroupState]) throws -> (groups: [RuleGroupState], token: String?) {
        var first = 0
        if let token {
            guard let place = groups.firstIndex(where: { Self.token(of: $0) == token }) else {
                throw APIError.invalid("group_next_token", "no group has the token '\(token)'; begin anew")
            }
            first = place
        }
        let rest = groups[first...]
        guard let limit, rest.count > limit else { return (Array(rest), nil) }
        return (Array(rest.prefix(limit)), Self.token(of: rest[first + limit]))
    }

    /// Names a group in few characters, whatever its name.
    private static func token(of group: RuleGroupState) -> String {
        let text = "\(RuleJSON.file(of: group));\(group.name)"
        let hash = text.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        return String(hash, radix: 16)
    }
}

/// Rule groups, rules and alerts as Prometheus writes them.
enum RuleJSON {
    /// The group's file, by its pack.
    static func file(of group: RuleGroupState) -> String { "\(group.pack)/\(group.file)" }

    static func write(_ group: RuleGroupState, withAlerts: Bool, to json: inout JSONText) {
        json.object { json in
            json.member("name", group.name)
            json.member("file", file(of: group))
            json.array("rules") { json in for rule in group.rules { write(rule, withAlerts: withAlerts, to: &json) } }
            json.member("interval", group.interval.inSeconds)
            json.member("limit", group.limit ?? 0)
            json.member("evaluationTime", group.evaluationTime.inSeconds)
            json.member("lastEvaluation", text(group.lastEvaluation))
        }
    }

    private static func write(_ state: RuleState, withAlerts: Bool, to json: inout JSONText) {
        json.object { json in
            if case .alert(_, let holdFor, let keepFiringFor) = state.rule.kind {
                json.member("state", state.state)
                json.member("name", state.rule.name)
                json.member("query", query(of: state.rule))
                json.member("duration", holdFor.inSeconds)
                json.member("keepFiringFor", keepFiringFor.inSeconds)
                texts("labels", state.rule.labels.mapValues(\.source), &json)
                texts("annotations", state.rule.annotations.mapValues(\.source), &json)
                json.array("alerts") { json in
                    if withAlerts { for alert in state.alerts { write(alert, to: &json) } }
                }
            } else {
                json.member("name", state.rule.name)
                json.member("query", query(of: state.rule))
                if !state.rule.labels.isEmpty { texts("labels", state.rule.labels.mapValues(\.source), &json) }
            }
            json.member("health", state.health.rawValue)
            if let error = state.lastError { json.member("lastError", error) }
            json.member("evaluationTime", state.evaluationTime.inSeconds)
            json.member("lastEvaluation", text(state.lastEvaluation))
            json.member("type", state.rule.isAlert ? "alerting" : "recording")
        }
    }

    /// As Prometheus prints it.
    private static func query(of rule: Rule) -> String {
        (try? parse(rule.expression)).map { "\($0)" } ?? rule.expression
    }

    static func write(_ alert: AlertState, to json: inout JSONText) {
        json.object { json in
            json.key("labels")
            json.labels(alert.labels)
            texts("annotations", alert.annotations, &json)
            json.member("state", alert.isFiring ? "firing" : "pending")
            json.member("activeAt", RequestTime.text(alert.activeSince))
            if let since = alert.keepFiringSince { json.member("keepFiringSince", RequestTime.text(since)) }
            json.member("value", exponential(alert.value))
        }
    }

    private static func texts(_ name: String, _ values: [String: String], _ json: inout JSONText) {
        json.object(name) { json in
            for (key, value) in values.sorted(by: { $0.key < $1.key }) { json.member(key, value) }
        }
    }

    /// What never happened is the year 1, as Go writes it.
    private static func text(_ moment: Timestamp?) -> String {
        moment.map(RequestTime.text) ?? "0001-01-01T00:00:00Z"
    }

    /// The shortest digits that give the value back, with an exponent at any size: `1.25e+02`.
    static func exponential(_ value: Double) -> String {
        guard value.isFinite else { return JSONText.text(of: value) }
        let plain = JSONText.positionalText(of: value.magnitude)
        let parts = plain.split(separator: ".", omittingEmptySubsequences: false)
        let digits = Array(parts.joined())
        let sign = value.sign == .minus ? "-" : ""
        guard let first = digits.firstIndex(where: { $0 != "0" }) else { return sign + "0e+00" }
        let last = digits.lastIndex { $0 != "0" } ?? first
        let exponent = parts[0].count - 1 - first
        let fraction = first < last ? "." + String(digits[first + 1...last]) : ""
        let size = exponent.magnitude < 10 ? "0\(exponent.magnitude)" : "\(exponent.magnitude)"
        return "\(sign)\(digits[first])\(fraction)e\(exponent < 0 ? "-" : "+")\(size)"
    }
}

extension Rule {
    fileprivate var isAlert: Bool {
        if case .alert = kind { return true }
        return false
    }
}
