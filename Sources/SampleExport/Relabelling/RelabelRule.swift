import FleetModel
import Patterns

/// One step of relabelling, as Prometheus' `write_relabel_configs` have it
/// (https://prometheus.io/docs/prometheus/latest/configuration/configuration/#relabel_config).
public struct RelabelRule: Sendable {
    /// What a rule does.
    public enum Action: String, Sendable, CaseIterable {
        /// Sets the target to the replacement where the source matches.
        case replace
        /// Keeps the series only where the source matches.
        case keep
        /// Drops the series where the source matches.
        case drop
        /// Keeps the series only where source and target are the same text.
        case keepEqual = "keepequal"
        /// Drops the series where source and target are the same text.
        case dropEqual = "dropequal"
        /// Sets the target to the source's MD5 modulo `modulus`.
        case hashMod = "hashmod"
        /// Sets the target to the source in small letters.
        case lowercase
        /// Sets the target to the source in capitals.
        case uppercase
        /// Copies every label whose name matches to the name that the replacement gives.
        case labelMap = "labelmap"
        /// Removes every label whose name matches.
        case labelDrop = "labeldrop"
        /// Removes every label whose name does not match.
        case labelKeep = "labelkeep"
    }

    /// What it does.
    public var action: Action
    /// The labels whose values, with `separator` between, are the source.
    public var sourceLabels: [String]
    /// Between the values.
    public var separator: String
    /// What the source, or a label's name, is matched with, as a whole.
    public var pattern: Pattern
    /// The label that is set; `$1` stands for what a group caught.
    public var targetLabel: String
    /// What it is set to.
    public var replacement: String
    /// For `hashmod`.
    public var modulus: UInt64

    /// A rule; throws `PatternError` where `pattern` is no regular expression.
    public init(
        _ action: Action = .replace, sourceLabels: [String] = [], separator: String = ";", pattern: String = "(.*)",
        targetLabel: String = "", replacement: String = "$1", modulus: UInt64 = 0
    ) throws(PatternError) {
        self.action = action
        self.sourceLabels = sourceLabels
        self.separator = separator
        self.pattern = try Pattern(pattern)
        self.targetLabel = targetLabel
        self.replacement = replacement
        self.modulus = modulus
    }

    /// Why the parts do not fit together; `nil` where they do.
    public var objection: String? {
        switch action {
        case .replace, .hashMod, .lowercase, .uppercase, .keepEqual, .dropEqual:
            if targetLabel.isEmpty { return "'\(action.rawValue)' needs a 'target_label'" }
            if action == .hashMod, modulus == 0 { return "'hashmod' needs a 'modulus' above 0" }
            return nil
        case .labelDrop, .labelKeep:
            return sourceLabels.isEmpty && targetLabel.isEmpty ? nil : "'\(action.rawValue)' takes a 'regex' alone"
        case .keep, .drop, .labelMap: return nil
        }
    }
}

extension RelabelRule {
    /// The labels after all rules; `nil` where one of them drops the series. An expression that costs too much matches
    /// nothing.
    public static func apply(_ rules: [RelabelRule], to labels: Labels) -> Labels? {
        var labels = labels
        for rule in rules {
            guard let next = rule.applied(to: labels) else { return nil }
            labels = next
        }
        return labels
    }

    func applied(to labels: Labels) -> Labels? {
        switch action {
        case .replace: replaced(labels)
        case .keep: matches(source(of: labels)) ? labels : nil
        case .drop: matches(source(of: labels)) ? nil : labels
        case .keepEqual: labels[targetLabel] ?? "" == source(of: labels) ? labels : nil
        case .dropEqual: labels[targetLabel] ?? "" == source(of: labels) ? nil : labels
        case .hashMod: labels.setting(targetLabel, to: "\(MD5.tail(of: Array(source(of: labels).utf8)) % modulus)")
        case .lowercase: labels.setting(targetLabel, to: source(of: labels).lowercased())
        case .uppercase: labels.setting(targetLabel, to: source(of: labels).uppercased())
        case .labelMap: mapped(labels)
        case .labelDrop: Labels(sortedUnchecked: labels.pairs.filter { !matches($0.name) })
        case .labelKeep: Labels(sortedUnchecked: labels.pairs.filter { matches($0.name) })
        }
    }

    private func source(of labels: Labels) -> String {
        sourceLabels.map { labels[$0] ?? "" }.joined(separator: separator)
    }

    private func matches(_ text: String) -> Bool { (try? pattern.matches(whole: text)) ?? false }

    private func captures(_ text: String) -> Captures? { (try? pattern.captures(whole: text)) ?? nil }

    private func replaced(_ labels: Labels) -> Labels {
        guard let captures = captures(source(of: labels)) else { return labels }
        let target = captures.expand(targetLabel)
        return target.isEmpty ? labels : labels.setting(target, to: captures.expand(replacement))
    }

    private func mapped(_ labels: Labels) -> Labels {
        var mapped = labels
        for pair in labels.pairs {
            guard let name = captures(pair.name)?.expand(replacement), !name.isEmpty else { continue }
            mapped[name] = pair.value
        }
        return mapped
    }
}
