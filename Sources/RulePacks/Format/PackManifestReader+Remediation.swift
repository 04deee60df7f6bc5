import FleetModel

extension PackManifestReader {
    /// What a tip proposes for an object of `subject`.
    mutating func remediation(
        _ entry: inout YAMLMapping, _ subject: SubjectRule.Kind?, _ what: String
    ) -> RemediationRule? {
        guard let value = entry.take("remediation") else {
            reader.note(
                entry.place, "\(what) has no 'remediation'; where there is none, write 'remediation: {name: notify}'")
            return nil
        }
        guard var inner = reader.mapping(value, "'remediation'"), let named = inner.take("name") else {
            reader.note(value.place, "'remediation' has no 'name'")
            return nil
        }
        guard let name: RemediationName = reader.word(named, "the remediation's 'name'") else { return nil }
        if let subject, let possible = name.subjects, !possible.contains(subject) {
            let kinds = possible.map(\.rawValue).sorted().joined(separator: " or a ")
            reader.note(
                named.place, "\(name.rawValue) is done to a \(kinds), and this tip's subject is a \(subject.rawValue)")
        }
        var rule = RemediationRule(name: name, arguments: [:])
        for parameter in name.parameters {
            guard let written = inner.take(parameter.name) else {
                if parameter.isRequired {
                    let kind = parameter.kind.description
                    reader.note(value.place, "\(name.rawValue) needs the argument '\(parameter.name)': \(kind)")
                }
                continue
            }
            rule.arguments[parameter.name] = argument(written, parameter)
        }
        if name == .resizeVirtualMachine, rule.arguments.count != 1 {
            reader.note(value.place, "\(name.rawValue) needs one of the arguments 'vcpus' and 'memory'")
        }
        if name.isPlugIn { plugInArguments(&inner, into: &rule) }
        reader.finish(inner, name.rawValue)
        return rule
    }

    private mutating func plugInArguments(_ entry: inout YAMLMapping, into rule: inout RemediationRule) {
        guard let value = entry.take("arguments"), let own = reader.mapping(value, "'arguments'") else { return }
        for (name, place, value) in own.entries {
            guard name.wholeMatch(of: /[a-z][a-z0-9_]{0,62}/) != nil else {
                reader.note(place, "an argument's name is small letters, digits and '_', and this is '\(name)'")
                continue
            }
            let what = "argument '\(name)'"
            guard let template = checked(reader.template(value, what), value.place, what) else { continue }
            rule.arguments[RemediationRule.plugInPrefix + name] = .template(template)
        }
    }

    private mutating func argument(
        _ value: YAMLValue, _ parameter: RemediationName.Parameter
    ) -> RemediationRule.Argument? {
        guard let text = reader.text(value, "'\(parameter.name)'") else { return nil }
        let found: RemediationRule.Argument?
        switch parameter.kind {
        case .word(let known): found = known.contains(text) ? .word(text) : nil
        case .share: return share(text, value, parameter)
        case .count:
            found = text == "value" ? .alertValue : Int(text).flatMap { $0 > 0 ? .amount(Double($0)) : nil }
        case .size: found = text == "value" ? .alertValue : Bytes(parsing: text).flatMap { .amount(Double($0.count)) }
        case .span:
            found = Duration(prometheus: text).flatMap { $0 > .zero ? .amount($0.inSeconds) : nil }
        case .path: found = Self.isInside(text) ? .word(text) : nil
        case .address: found = Self.isAddress(text) ? .word(text) : nil
        }
        if found == nil {
            reader.note(value.place, "'\(parameter.name)' is '\(text)'; it is \(parameter.kind.description)")
        }
        return found
    }

    private mutating func share(
        _ text: String, _ value: YAMLValue, _ argument: RemediationName.Parameter
    ) -> RemediationRule.Argument? {
        if let parameter = manifest.parameters.first(where: { $0.name == text }) {
            if parameter.kind == .percent { return .parameter(text) }
            reader.note(
                value.place, "'\(argument.name)' needs a percent parameter; '\(text)' is a \(parameter.kind.rawValue)")
            return nil
        }
        if text.hasSuffix("%"), let percent = Double(text.dropLast()), (0...100).contains(percent) {
            return .share(percent / 100)
        }
        let near = Spelling.nearest(to: text, among: manifest.parameters.map(\.name))
        let hint = near.map { "; did you mean '\($0)'?" } ?? ""
        reader.note(value.place, "'\(argument.name)' is '\(text)'; it is \(argument.kind.description)\(hint)")
        return nil
    }

    /// Whether a path stays inside the folder it starts from.
    static func isInside(_ path: String) -> Bool {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        return path.utf8.count <= 200
            && parts.allSatisfy { $0.wholeMatch(of: /[A-Za-z0-9_][A-Za-z0-9._-]*/) != nil }
    }

    /// What goes to another machine goes under TLS.
    static func isAddress(_ text: String) -> Bool {
        text.utf8.count <= 2000
            && text.wholeMatch(of: /https:\/\/[!-~]+|http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:[0-9]+)?(\/[!-~]*)?/)
                != nil
    }
}
