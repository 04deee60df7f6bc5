import FleetModel

/// Makes a round's alerts and tips from what the rules found.
struct RoundComposer {
    /// Most elements of one evidence query that a tip shows.
    private static let mostEvidence = 8
    /// Most alerts of one rule that become tips: nobody reads more, and a rule that finds everything finds nothing.
    static let mostTips = 1000

    let parameters: ParameterValues
    let moment: Timestamp
    let external: ExternalIdentity
    let budget: RoundBudget

    /// An alert with everything that its texts are made from.
    struct Finding {
        let pack: RulePack
        let rule: Rule
        let entry: AlertBook.Entry
        let tip: TipRule?
        let subject: TipSubject?
        let scene: TemplateScene

        var key: AlertKey? {
            subject.map { AlertKey(pack: pack.name, alert: rule.name, subject: $0) }
        }
    }

    func finding(_ entry: AlertBook.Entry, of rule: Rule, in pack: RulePack) -> Finding {
        let tip = pack.tips[rule.name]
        let subject = tip.map { $0.subject.subject(of: entry.labels) } ?? SubjectRule.guessed(from: entry.labels)
        let values = parameters.values(of: pack, cluster: subject?.cluster)
        let scene = TemplateScene(
            labels: entry.element, value: entry.value, parameters: values, moment: moment, external: external)
        return Finding(pack: pack, rule: rule, entry: entry, tip: tip, subject: subject, scene: scene)
    }

    /// Without those that a firing alert of the same pack and subject holds back.
    func withoutInhibited(_ findings: [Finding]) -> [Finding] {
        let held = findings.filter(\.entry.isFiring).flatMap { finding in
            (finding.tip?.inhibits ?? []).compactMap { alert in
                finding.subject.map { AlertKey(pack: finding.pack.name, alert: alert, subject: $0) }
            }
        }
        let inhibited = Set(held)
        return findings.filter { $0.key.map { !inhibited.contains($0) } ?? true }
    }

    func alerts(of findings: [Finding], _ asker: inout RuleAsker) async -> [ActiveAlert] {
        var alerts: [ActiveAlert] = []
        var firing: [String: Int] = [:]
        for finding in findings {
            var alert = ActiveAlert(
                pack: finding.pack.name, alert: finding.rule.name, labels: finding.entry.labels,
                annotations: finding.entry.annotations,
                value: finding.entry.value, isFiring: finding.entry.isFiring,
                activeSince: finding.entry.activeSince, tip: nil)
            if finding.entry.isFiring, let subject = finding.subject,
                isAmongTheFirst(finding, &firing, &asker)
            {
                let writer = TipWriter(finding: finding, subject: subject, annotations: alert.annotations)
                let meter = budget.meter(of: finding.pack.name)
                asker.meter = meter
                if meter.isSpent {
                    alert.tip = writer.brief(evidence: measured(finding))
                } else {
                    alert.tip = await writer.tip(evidence: await evidence(of: finding, &asker), asker)
                }
                meter.stop()
            }
            alerts.append(alert)
        }
        return alerts
    }

    /// Counts the rule's firing alerts; what is beyond the most is told of once a round.
    private func isAmongTheFirst(
        _ finding: Finding, _ firing: inout [String: Int], _ asker: inout RuleAsker
    ) -> Bool {
        let rule = finding.rule
        firing["\(finding.pack.name)/\(rule.name)", default: 0] += 1
        let count = firing["\(finding.pack.name)/\(rule.name)"] ?? 0
        if count == Self.mostTips + 1 {
            let problem = RuleProblem("it fires for more than \(Self.mostTips) objects; only these become tips")
            asker.fail(pack: finding.pack.name, rule: rule.name, rule.place, problem)
        }
        return count <= Self.mostTips
    }

    // MARK: Evidence

    private func evidence(of finding: Finding, _ asker: inout RuleAsker) async -> [Evidence] {
        var evidence: [Evidence] = []
        for rule in finding.tip?.evidence ?? [] {
            do {
                evidence += try await self.evidence(rule, of: finding, asker)
            } catch {
                asker.fail(pack: finding.pack.name, rule: finding.rule.name, finding.rule.place, error)
            }
        }
        return evidence.isEmpty ? measured(finding) : evidence
    }

    /// The alert's own value as evidence.
    private func measured(_ finding: Finding) -> [Evidence] {
        guard finding.entry.value.isFinite else { return [] }
        let value = NumberText.shortest(finding.entry.value)
        return [
            Evidence(
                query: finding.rule.expression, time: moment, value: finding.entry.value,
                text: "\(finding.rule.name): \(value)")
        ]
    }

    private func evidence(
        _ rule: TipRule.EvidenceRule, of finding: Finding, _ asker: RuleAsker
    ) async throws -> [Evidence] {
        var scene = finding.scene
        scene.escaping = .query
        let query = ExpressionCheck.scaled(try rule.query.render(scene), by: finding.pack.speed)
        let elements = try await asker.elements(of: query, at: moment).filter(\.value.isFinite)
        let largest = elements.sorted { ($1.value, $0.labels) < ($0.value, $1.labels) }.prefix(Self.mostEvidence)
        return largest.map { element in
            let scene = TemplateScene(
                labels: element.labels, value: element.value, parameters: finding.scene.parameters)
            return Evidence(
                query: query, time: moment, value: element.value, text: rule.text.renderOrExplain(scene))
        }
    }

    // MARK: Health

    /// The subjects for which a verification holds, by pack, alert and subject; only those of `tips`, if given.
    func healthy(
        _ packs: [RulePack], among tips: Set<AlertKey>?, _ asker: inout RuleAsker
    ) async -> [AlertKey] {
        let open = tips.map { Dictionary(grouping: $0) { [$0.pack, $0.alert] } }
        var keys: [AlertKey] = []
        for pack in packs {
            for (alert, tip) in pack.tips.sorted(by: { $0.key < $1.key }) {
                guard let verification = tip.verification else { continue }
                let wanted = open.map { Set(($0[[pack.name, alert]] ?? []).map(\.subject)) }
                if wanted?.isEmpty ?? false { continue }
                let meter = budget.meter(of: pack.name)
                asker.meter = meter
                defer { meter.stop() }
                do {
                    let elements = try await asker.elements(of: verification.expression, at: moment)
                    let subjects = Set(elements.compactMap { tip.subject.subject(of: $0.labels) })
                    keys += (wanted.map(subjects.intersection) ?? subjects).sorted { $0.name < $1.name }.map {
                        AlertKey(pack: pack.name, alert: alert, subject: $0)
                    }
                } catch {
                    asker.fail(pack: pack.name, rule: alert, SourcePlace(file: "pack.yaml"), error)
                }
            }
        }
        return keys
    }
}

extension SubjectRule {
    /// What an alert without a tip of its own is about, by the labels that every series of the fleet has.
    static func guessed(from labels: Labels) -> TipSubject? {
        [Kind.virtualMachine, .host, .cluster].lazy.compactMap { SubjectRule($0).subject(of: labels) }.first
    }
}
