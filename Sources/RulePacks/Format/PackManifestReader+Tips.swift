import FleetModel

extension PackManifestReader {
    /// What an alert leads to.
    mutating func tip(_ alert: String, _ value: YAMLValue) -> TipRule? {
        let what = "the tip of '\(alert)'"
        guard var entry = reader.mapping(value, what) else { return nil }
        let title = template(&entry, "title", what)
        let body = template(&entry, "body", what)
        let knowledge = reader.text(&entry, "knowledge", of: what)
        let level: TipLevel? = word(&entry, "level", what)
        let kind: SubjectRule.Kind? = word(&entry, "subject", what)
        let approval: TipTerms.Approval = entry.take("approval").flatMap { reader.word($0, "'approval'") } ?? .operator
        let remediation = remediation(&entry, kind, what)
        let rule = TipRule(
            title: title ?? .empty, body: body ?? .empty, level: level ?? .warning, subject: SubjectRule(kind ?? .host),
            knowledge: knowledge ?? "", remediation: remediation ?? RemediationRule(name: .notify, arguments: [:]),
            approval: approval, coolDown: reader.duration(&entry, "cool_down", else: .seconds(600)),
            expiry: reader.duration(&entry, "expiry", else: .seconds(86_400)), verification: verification(&entry),
            evidence: evidence(&entry), inhibits: inhibited(&entry), place: value.place)
        reader.finish(entry, what)
        return rule
    }

    mutating func template(_ entry: inout YAMLMapping, _ key: String, _ what: String) -> Template? {
        guard let value = entry.take(key) else {
            reader.note(entry.place, "\(what) has no '\(key)'")
            return nil
        }
        return checked(reader.template(value, "'\(key)'"), value.place, "'\(key)'")
    }

    /// Fills a template in on sample data: what cannot be filled in is found here and not when the alert fires.
    mutating func checked(_ template: Template?, _ place: SourcePlace, _ what: String) -> Template? {
        let parameters = Dictionary(manifest.parameters.map { ($0.name, $0.standard) }, uniquingKeysWith: { $1 })
        let sample = TemplateScene(
            labels: ["cluster": "sample", "host": "sample", "name": "sample", "vm": "sample"], value: 1,
            parameters: parameters)
        do throws(TemplateError) {
            _ = try template?.render(sample)
        } catch {
            // What a query would answer is known only when the alert fires.
            guard let query = error.missingQuery else {
                reader.note(place, "\(what): template: \(error)")
                return template
            }
            if let problem = ExpressionCheck.problem(of: query) {
                reader.note(place, "\(what): template: query: could not parse expression: \(problem)")
            }
        }
        return template
    }

    private mutating func word<Words: RawRepresentable & CaseIterable>(
        _ entry: inout YAMLMapping, _ key: String, _ what: String
    ) -> Words? where Words.RawValue == String {
        guard let value = entry.take(key) else {
            reader.note(entry.place, "\(what) has no '\(key)'; it is one of \(Words.allCases.map(\.rawValue))")
            return nil
        }
        return reader.word(value, "'\(key)'")
    }

    // MARK: Verification, evidence, inhibition

    private mutating func verification(_ entry: inout YAMLMapping) -> TipRule.Verification? {
        guard let value = entry.take("verify"), var inner = reader.mapping(value, "'verify'") else { return nil }
        let within = reader.duration(&inner, "within", else: .seconds(600))
        var expression: String?
        if let written = inner.take("expression") {
            expression = reader.expression(written, "'expression'")
        } else {
            reader.note(value.place, "'verify' has no 'expression'")
        }
        reader.finish(inner, "'verify'")
        return expression.map { TipRule.Verification(expression: $0, within: within) }
    }

    private mutating func evidence(_ entry: inout YAMLMapping) -> [TipRule.EvidenceRule] {
        guard let value = entry.take("evidence"), let list = reader.list(value, "'evidence'") else { return [] }
        var rules: [TipRule.EvidenceRule] = []
        for item in list {
            guard var inner = reader.mapping(item, "evidence") else { continue }
            let query = template(&inner, "query", "evidence")
            let text = template(&inner, "text", "evidence")
            reader.finish(inner, "evidence")
            guard let query else { continue }
            checkQuery(query, inner.place(of: "query"))
            rules.append(TipRule.EvidenceRule(query: query, text: text ?? .empty))
        }
        return rules
    }

    private mutating func checkQuery(_ query: Template, _ place: SourcePlace) {
        let parameters = Dictionary(manifest.parameters.map { ($0.name, $0.standard) }, uniquingKeysWith: { $1 })
        let sample = TemplateScene(labels: ["host": "sample"], value: 1, parameters: parameters, escaping: .query)
        if let problem = ExpressionCheck.problem(of: query.renderOrExplain(sample)) {
            reader.note(place, "'query': could not parse expression: \(problem)")
        }
    }

    private mutating func inhibited(_ entry: inout YAMLMapping) -> [String] {
        guard let value = entry.take("inhibits"), let list = reader.list(value, "'inhibits'") else { return [] }
        return list.compactMap { reader.text($0, "'inhibits'") }
    }
}
