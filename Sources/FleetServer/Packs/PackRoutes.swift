import FleetModel
import FleetState
import Foundation
import HTTPTypes
import Hummingbird
import Remediation
import RulePacks

/// What the command line calls to see and set packs.
struct PackRoutes {
    let controller: FleetController
    let state: FleetStateStore
    let shelf: PackShelf
    let engine: any QueryEngine
    let clock: any Clock

    func add(to router: Router<FleetRequestContext>) {
        let group = router.group("/fleet/v1/packs")
        group.get { _, context in
            _ = try context.requireOperator()
            return try FleetJSON.response(try await views())
        }
        group.get(":pack") { _, context in
            _ = try context.requireOperator()
            return try FleetJSON.response(try await details(of: try entry(context)))
        }
        group.post(":pack/enable") { request, context in
            let order = try await request.decoded(as: PackOrder.self)
            return try await set(context) { setting in
                setting.isEnabled = true
                setting.allowsPlugIns = order.allowsPlugIns ?? setting.allowsPlugIns
            }
        }
        group.post(":pack/disable") { _, context in try await set(context) { $0.isEnabled = false } }
        group.post(":pack/parameters") { request, context in
            let entry = try entry(context)
            let request = try self.request(try await request.decoded(as: ParameterOrder.self), of: entry.pack)
            return try await controller.decide(request, context) { _ in try await details(of: entry) }
        }
    }

    private func entry(_ context: FleetRequestContext) throws -> PackShelf.Entry {
        _ = try context.requireOperator()
        let name = context.parameters.get("pack") ?? ""
        let (entries, broken) = shelf.contents
        if let entry = entries.first(where: { $0.pack.name == name }) { return entry }
        if let unread = broken.first(where: { URL(filePath: $0.path).lastPathComponent == name }) {
            throw APIError(.conflict, "\(unread.path) is no pack that can be used:\n\(unread.problem)")
        }
        let near = Spelling.nearest(to: name, among: entries.map(\.pack.name)).map { "; did you mean '\($0)'?" } ?? ""
        throw APIError(.notFound, "there is no pack '\(name)'\(near)")
    }

    private func set(
        _ context: FleetRequestContext, _ change: @Sendable (inout PackSetting) -> Void
    ) async throws -> Response {
        let entry = try entry(context)
        var setting = try await self.setting(of: entry.pack.name)
        change(&setting)
        return try await controller.decide(.setPack(setting), context) { _ in try await details(of: entry) }
    }

    private func setting(of pack: String) async throws -> PackSetting {
        try await state.packs().first { $0.pack == pack } ?? PackSetting(pack: pack)
    }

    /// What an order asks of the control loop; throws where the pack has no such parameter, or not with that value.
    private func request(_ order: ParameterOrder, of pack: RulePack) throws -> ControlRequest.Kind {
        guard let parameter = pack.parameters.first(where: { $0.name == order.name }) else {
            let names = pack.parameters.map(\.name)
            let near = Spelling.nearest(to: order.name, among: names).map { "; did you mean '\($0)'?" }
            let known = names.isEmpty ? "; it has none" : "; it has \(names.joined(separator: ", "))"
            throw APIError(.notFound, "\(pack.name) has no parameter '\(order.name)'\(near ?? known)")
        }
        var cluster: ClusterName?
        if let text = order.cluster {
            guard let name = ClusterName(text) else { throw APIError(.badRequest, "'\(text)' is not a cluster's name") }
            cluster = name
        }
        guard let text = order.value else {
            return .resetParameter(pack: pack.name, name: parameter.name, cluster: cluster)
        }
        guard let value = parameter.kind.amount(text) else {
            throw APIError(.badRequest, "\(order.name): '\(text)' is not \(parameter.kind.example)")
        }
        if let objection = parameter.objection(to: value) { throw APIError(.badRequest, objection) }
        if let cluster { try requireKnown(cluster) }
        return .setParameter(
            ParameterSetting(pack: pack.name, name: parameter.name, cluster: cluster, value: value))
    }

    /// A value for a cluster that nobody has heard of is a slip of the pen; taking one back is not.
    private func requireKnown(_ cluster: ClusterName) throws {
        let view = controller.view.withLock { $0 }
        let known = Set(view.hosts.map(\.report.cluster)).union(view.policy.clusters.keys)
        if known.contains(cluster) { return }
        let near = Spelling.nearest(to: cluster.text, among: known.map(\.text).sorted())
        throw APIError(
            .notFound,
            "no host is in a cluster '\(cluster)'\(near.map { "; did you mean '\($0)'?" } ?? "; see 'evenkeel cluster ls'")"
        )
    }

    // MARK: Views

    private func views() async throws -> [PackView] {
        let settings = try await state.packs()
        let (entries, broken) = shelf.contents
        let view = controller.view.withLock { $0 }
        let rows = entries.map { Self.view($0, settings, view) }
        let unread = broken.map { path, problem in
            PackView(
                name: "", version: "", title: "", path: path, isEnabled: false, allowsPlugIns: false, rules: 0,
                alerts: 0,
                firing: 0, problem: problem)
        }
        return rows.sorted { $0.name < $1.name } + unread
    }

    private static func view(_ entry: PackShelf.Entry, _ settings: [PackSetting], _ view: FleetView) -> PackView {
        let pack = entry.pack
        let setting = settings.first { $0.pack == pack.name } ?? PackSetting(pack: pack.name)
        let rules = pack.groups.flatMap(\.rules)
        let states = view.ruleGroups.filter { $0.pack == pack.name }.flatMap(\.rules)
        let failing = failures(of: pack.name, states, view)
        let problems = [entry.problem, failing.isEmpty ? nil : failing.joined(separator: "; ")].compactMap(\.self)
        return PackView(
            name: pack.name, version: pack.version, title: pack.title, path: entry.path, isEnabled: setting.isEnabled,
            allowsPlugIns: setting.allowsPlugIns, rules: rules.count, alerts: rules.count(where: \.isAlert),
            firing: states.flatMap(\.alerts).count(where: \.isFiring),
            remarks: held(pack.name, view) + view.needs.remarks(on: pack, FleetAbilities(view.hosts.map(\.report))),
            problem: problems.isEmpty ? nil : problems.joined(separator: "\n"))
    }

    /// Why policy does nothing of the pack's by itself.
    private static func held(_ pack: String, _ view: FleetView) -> [String] {
        view.holds.filter { $0.scope == .pack(pack) }.map { "held by \($0.actor): \($0.reason)" }
    }

    /// The rules that failed in their last evaluation, and what else went wrong in the last round; each reason once.
    private static func failures(of pack: String, _ states: [RuleState], _ view: FleetView) -> [String] {
        let rules = states.filter { $0.health == .bad }.map { "\($0.rule.name): \($0.lastError ?? "")" }
        let round = (view.packFailures[pack] ?? []).map { "\($0.rule): \($0.reason)" }
        var seen: Set<String> = []
        return (rules + round).filter { seen.insert($0).inserted }
    }

    private func details(of entry: PackShelf.Entry) async throws -> PackDetails {
        let pack = entry.pack
        let set = try await state.parameters().filter { $0.pack == pack.name }
        let view = Self.view(entry, try await state.packs(), controller.view.withLock { $0 })
        let parameters = pack.parameters.map { parameter in
            let values = set.filter { $0.name == parameter.name }.map { ($0.cluster?.text ?? "", $0.value) }
            return PackDetails.Parameter(
                name: parameter.name, type: parameter.kind.rawValue, unit: parameter.unit, standard: parameter.standard,
                minimum: parameter.minimum, maximum: parameter.maximum, help: parameter.help,
                set: Dictionary(values, uniquingKeysWith: { $1 }))
        }
        var tips: [PackDetails.TipTerms] = []
        for rule in pack.groups.flatMap(\.rules) where rule.isAlert {
            tips.append(Self.terms(of: rule, pack, plugIns: view.allowsPlugIns))
        }
        return PackDetails(
            pack: view, author: pack.author, licence: pack.licence,
            missingMetrics: try await missing(pack.needs.metrics), parameters: parameters, tips: tips)
    }

    /// Why a remediation is advice, of plug-ins that nobody has allowed as well.
    private static func reason(_ name: RemediationName, _ pack: RulePack, _ plugIns: Bool) -> String? {
        if [.execute, .webhook].contains(name), !plugIns {
            return "its plug-ins are not allowed: evenkeel pack enable \(pack.name) --allow-plug-ins"
        }
        return name.adviceReason
    }

    private static func terms(of rule: Rule, _ pack: RulePack, plugIns: Bool) -> PackDetails.TipTerms {
        guard let tip = pack.tips[rule.name] else {
            return PackDetails.TipTerms(
                alert: rule.name, level: rule.labels["severity"]?.source ?? "", remediation: "notify",
                isAvailable: false, reason: RemediationName.notify.adviceReason,
                approval: "advise", knowledge: "")
        }
        return PackDetails.TipTerms(
            alert: rule.name, level: tip.level.rawValue, remediation: tip.remediation.name.rawValue,
            isAvailable: tip.remediation.name.isAvailable, reason: reason(tip.remediation.name, pack, plugIns),
            approval: tip.approval.rawValue, knowledge: tip.knowledge)
    }

    /// The metrics that have no series now.
    private func missing(_ metrics: [String]) async throws -> [String] {
        var missing: [String] = []
        for metric in metrics {
            if case .vector(let samples) = try await engine.instant("count(\(metric))", at: clock.now).value,
                samples.isEmpty
            {
                missing.append(metric)
            }
        }
        return missing
    }
}
