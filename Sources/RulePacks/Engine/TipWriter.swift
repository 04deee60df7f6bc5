import FleetModel

/// Fills a tip rule in for one firing alert; an alert without a rule becomes advice under its own annotations.
struct TipWriter {
    let finding: RoundComposer.Finding
    let subject: TipSubject
    let annotations: [String: String]

    func tip(evidence: [Evidence], _ asker: RuleAsker) async -> RenderedTip {
        guard let rule = finding.tip else { return advice(evidence) }
        let title = await asker.render(rule.title, finding.scene)
        return RenderedTip(
            subject: subject, level: rule.level, title: line(title),
            body: await asker.render(rule.body, finding.scene), knowledge: rule.knowledge, evidence: evidence,
            remediation: rule.remediation.name.rawValue, terms: await terms(rule, asker))
    }

    /// Without texts of the pack's: what the alert is and where, as advice. For a pack whose time is over.
    func brief(evidence: [Evidence]) -> RenderedTip {
        RenderedTip(
            subject: subject, level: finding.tip?.level ?? .warning, title: "\(finding.rule.name): \(subject.name)",
            body: "The rules of pack \(finding.pack.name) took too long in this round for its own texts.",
            knowledge: finding.tip?.knowledge ?? "", evidence: evidence,
            remediation: finding.tip?.remediation.name.rawValue ?? RemediationName.notify.rawValue,
            terms: TipTerms(
                approval: .advise, coolDownSeconds: (finding.tip?.coolDown ?? .seconds(600)).inSeconds,
                expirySeconds: (finding.tip?.expiry ?? .seconds(86_400)).inSeconds,
                hasVerification: finding.tip?.verification != nil,
                obstacle: "the rules of pack \(finding.pack.name) take too long"))
    }

    private func terms(_ rule: TipRule, _ asker: RuleAsker) async -> TipTerms {
        let verification = rule.verification
        return TipTerms(
            approval: rule.remediation.name.isAvailable ? rule.approval : .advise,
            arguments: await arguments(rule.remediation, asker),
            coolDownSeconds: rule.coolDown.inSeconds, expirySeconds: rule.expiry.inSeconds,
            verifyWithinSeconds: (verification?.within ?? .seconds(600) / finding.pack.speed).inSeconds,
            hasVerification: verification != nil)
    }

    /// Shares are written as decimal fractions: `0.65`; sizes in bytes, spans in seconds.
    private func arguments(_ remediation: RemediationRule, _ asker: RuleAsker) async -> [String: String] {
        var arguments: [String: String] = [:]
        for (name, argument) in remediation.arguments {
            guard case .template(let template) = argument else { continue }
            arguments[name] = await asker.render(template, finding.scene)
        }
        return arguments.merging(remediation.plainArguments(finding.scene, value: finding.entry.value)) { first, _ in
            first
        }
    }

    /// Prometheus' customs: `summary` and `description`, `severity`, `runbook_url`.
    private func advice(_ evidence: [Evidence]) -> RenderedTip {
        let severity = finding.entry.labels["severity"] ?? ""
        return RenderedTip(
            subject: subject, level: ["critical", "page", "error"].contains(severity) ? .critical : .warning,
            title: line(annotations["summary"] ?? finding.rule.name),
            body: annotations["description"] ?? annotations["message"] ?? "",
            knowledge: annotations["runbook_url"] ?? "", evidence: evidence,
            remediation: RemediationName.notify.rawValue, terms: TipTerms(approval: .advise))
    }

    /// A title is one line.
    private func line(_ text: String) -> String {
        text.split(whereSeparator: \.isNewline).joined(separator: " ")
    }
}

extension RemediationRule {
    /// The arguments that need no query: all but texts that are filled in.
    func plainArguments(_ scene: TemplateScene, value: Double) -> [String: String] {
        arguments.compactMapValues { argument in
            switch argument {
            case .word(let word): word
            case .share(let number), .amount(let number): NumberText.shortest(number)
            case .parameter(let parameter): scene.parameters[parameter].map { NumberText.shortest($0 / 100) }
            case .alertValue: NumberText.shortest(value)
            case .template: nil
            }
        }
    }
}
