import FleetModel

/// Reads a Prometheus rule file (prometheus `model/rulefmt`).
struct RuleFileReader {
    /// Which names labels and annotations may have.
    enum NameRule {
        /// Any UTF-8, as Prometheus 3 has it: for rule files that come from elsewhere.
        case anyText
        /// Letters, digits and `_`, as every Prometheus has it: for packs, which older promtool must accept.
        case classic
    }

    var reader: YAMLReader
    let names: NameRule

    /// The groups of the file, everything that is wrong with it, and whether all of its rules are there nevertheless.
    static func read(_ text: String, file: String, names: NameRule) -> (
        groups: [RuleGroup], findings: [PackFinding], isWhole: Bool
    ) {
        var reader = RuleFileReader(reader: YAMLReader(file: file, allowsAliases: true), names: names)
        let groups = reader.groups(text)
        let findings = reader.reader.findings
        return (groups, findings, !reader.reader.isSpent && (findings.isEmpty || !groups.isEmpty))
    }

    private mutating func groups(_ text: String) -> [RuleGroup] {
        guard let document = reader.document(text), !document.isNull,
            var file = reader.mapping(document, "a rule file")
        else { return [] }
        let list = file.take("groups")
        reader.finish(file, "a rule file")
        var groups: [RuleGroup] = []
        var known: Set<String> = []
        for value in list.flatMap({ reader.list($0, "'groups'") }) ?? [] {
            guard let group = group(value) else { continue }
            if !group.name.isEmpty, !known.insert(group.name).inserted {
                reader.note(value.place, "group \"\(group.name)\" is repeated in the same file")
            }
            groups.append(group)
        }
        return groups
    }

    private mutating func group(_ value: YAMLValue) -> RuleGroup? {
        guard var entry = reader.mapping(value, "a group") else { return nil }
        let written = reader.text(&entry, "name", of: "the group")
        let name = written ?? ""
        if written?.isEmpty == true { reader.note(entry.place(of: "name"), "the group's name is empty") }
        let what = "group \"\(name)\""
        let interval = entry.take("interval").flatMap { reader.duration($0, "'interval'") }
        let limit = entry.take("limit").flatMap { reader.whole($0, "'limit'") }
        let shared = labels(&entry, what)
        var group = RuleGroup(
            name: name, file: reader.file, interval: interval == .zero ? nil : interval,
            limit: limit == 0 ? nil : limit,
            queryOffset: reader.duration(&entry, "query_offset", else: .zero), rules: [])
        for rule in entry.take("rules").flatMap({ reader.list($0, "'rules'") }) ?? [] {
            group.rules += [self.rule(rule, of: what, shared)].compactMap { $0 }
        }
        reader.finish(entry, what)
        return group
    }

    // MARK: Rules

    private mutating func rule(_ value: YAMLValue, of group: String, _ shared: [String: Template]) -> Rule? {
        guard var entry = reader.mapping(value, "a rule") else { return nil }
        let record = entry.take("record").flatMap { reader.text($0, "'record'") }
        let alert = entry.take("alert").flatMap { reader.text($0, "'alert'") }
        let what = "\(group), rule \"\(record ?? alert ?? "")\""
        let expression = expression(&entry, what)
        let labels = labels(&entry, what)
        let annotations = annotations(&entry, what)
        let holdFor = reader.duration(&entry, "for", else: .zero)
        let keepFiringFor = reader.duration(&entry, "keep_firing_for", else: .zero)
        reader.finish(entry, what)
        let kind: Rule.Kind
        switch (record, alert) {
        case (let name?, nil):
            checkRecord(name, entry, what)
            kind = .record(name)
        case (nil, let name?):
            checkAlert(name, entry, what)
            kind = .alert(name, holdFor: holdFor, keepFiringFor: keepFiringFor)
        case (nil, nil):
            reader.note(value.place, "\(what): one of 'record' or 'alert' must be set")
            return nil
        default:
            reader.note(entry.place(of: "alert"), "\(what): only one of 'record' and 'alert' must be set")
            return nil
        }
        let all = shared.merging(labels) { $1 }
        // One without an expression is kept for its name, so that nothing else is found for the want of it.
        return Rule(
            kind: kind, expression: expression ?? "", labels: all, annotations: annotations, place: value.place)
    }

    private mutating func expression(_ entry: inout YAMLMapping, _ what: String) -> String? {
        guard let value = entry.take("expr") else {
            reader.note(entry.place, "\(what): field 'expr' must be set in rule")
            return nil
        }
        return reader.expression(value, what)
    }

    private mutating func checkAlert(_ name: String, _ entry: YAMLMapping, _ what: String) {
        let place = entry.place(of: "alert")
        if name.isEmpty { reader.note(place, "\(what): the alert's name is empty") }
        if name.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) {
            reader.note(place, "\(what): the alert's name has control characters")
        }
    }

    private mutating func checkRecord(_ name: String, _ entry: YAMLMapping, _ what: String) {
        for key in ["for", "keep_firing_for", "annotations"] where entry.has(key) {
            reader.note(entry.place(of: key), "\(what): invalid field '\(key)' in recording rule")
        }
        // An expression written as a name is the usual mistake; braces are refused though UTF-8 would allow them.
        let isClassic = name.wholeMatch(of: /[A-Za-z_:][A-Za-z0-9_:]*/) != nil
        if name.isEmpty || name.contains("{") || name.contains("}") || (names == .classic && !isClassic) {
            reader.note(entry.place(of: "record"), "\(what): invalid recording rule name: \(name)")
        }
        if Self.isMeasured(name) {
            reader.note(
                entry.place(of: "record"),
                "\(what): '\(name)' is what Evenkeel itself writes, and every pack relies on it; choose a name such as "
                    + "pack:what_it_is:how")
        }
    }

    /// Whether a rule would write over what is measured, what operators set, or what other rules' alerts are.
    private static func isMeasured(_ name: String) -> Bool {
        name.hasPrefix("evenkeel_") && !name.contains(":") || name == "ALERTS" || name == "ALERTS_FOR_STATE"
    }

    // MARK: Labels and annotations

    private mutating func labels(_ entry: inout YAMLMapping, _ what: String) -> [String: Template] {
        templates(&entry, "labels", what) { $0 != Labels.metricName }
    }

    private mutating func annotations(_ entry: inout YAMLMapping, _ what: String) -> [String: Template] {
        templates(&entry, "annotations", what) { _ in true }
    }

    private mutating func templates(
        _ entry: inout YAMLMapping, _ key: String, _ what: String, isAllowed: (String) -> Bool
    ) -> [String: Template] {
        guard let value = entry.take(key), let mapping = reader.mapping(value, "'\(key)'") else { return [:] }
        var templates: [String: Template] = [:]
        for (name, place, value) in mapping.entries {
            let isClassic = name.wholeMatch(of: /[A-Za-z_][A-Za-z0-9_]*/) != nil
            if name.isEmpty || !isAllowed(name) || (names == .classic && !isClassic) {
                reader.note(place, "\(what): invalid \(key == "labels" ? "label" : "annotation") name: \(name)")
            } else if let template = reader.template(value, "\(what), \(name)") {
                templates[name] = template
            }
        }
        return templates
    }
}
