import FleetModel

extension PolicyFile {
    /// The policy as YAML, the same text for the same policy. `name` is what people call a VM; it stands beside its UUID.
    public static func text(of policy: FleetPolicy, name: (VirtualMachineID) -> String?) -> String {
        var lines = ["# Evenkeel's policy, version \(policy.version). 'evenkeel policy import FILE' sets it."]
        let clusters = policy.clusters.sorted { $0.key < $1.key }
        if !clusters.isEmpty { lines.append("clusters:") }
        for (cluster, own) in clusters { lines += text(cluster, own) }
        if !policy.constraints.isEmpty { lines.append("constraints:") }
        for constraint in policy.constraints { lines += text(constraint, name) }
        if !policy.machines.isEmpty { lines.append("vms:") }
        for (id, own) in policy.machines.sorted(by: { $0.key < $1.key }) {
            lines += [
                "  - vm: \(id)\(comment(name(id)))", "    priority: \(own.priority.rawValue)",
                "    highly_available: \(own.isHighlyAvailable)",
            ]
        }
        if !policy.automation.isEmpty { lines.append("automation:") }
        for rule in policy.automation {
            lines += ["  - scope: \(quoted(rule.scope.description))", "    level: \(rule.level.rawValue)"]
            if rule.threshold != .warning { lines.append("    threshold: \(rule.threshold.rawValue)") }
        }
        if !policy.windows.isEmpty { lines.append("windows:") }
        for window in policy.windows { lines += text(window) }
        if !policy.limits.isEmpty { lines.append("limits:") }
        for (limit, value) in policy.limits.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            lines.append("  \(limit.rawValue): \(LimitName.text(of: value))")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func text(_ cluster: ClusterName, _ own: ClusterPolicy) -> [String] {
        var lines = ["  - name: \(quoted(cluster.text))"]
        if let reserve = own.reserve { lines.append("    reserve: \(reserve)") }
        if let ratio = own.processorOverCommit { lines.append("    processor_over_commit: \(ratio)") }
        if let ratio = own.memoryOverCommit { lines.append("    memory_over_commit: \(ratio)") }
        guard let domains = own.domains, !domains.isEmpty else { return lines }
        lines.append("    domains:")
        for (title, hosts) in domains.sorted(by: { $0.key < $1.key }) {
            lines += ["      - name: \(quoted(title))", "        hosts: \(list(hosts.map(\.text)))"]
        }
        return lines
    }

    private static func text(_ constraint: Constraint, _ name: (VirtualMachineID) -> String?) -> [String] {
        var lines = ["  - number: \(constraint.number)", "    kind: \(constraint.kind.rawValue)", "    vms:"]
        lines += constraint.machines.map { "      - \($0)\(comment(name($0)))" }
        if !constraint.hosts.isEmpty { lines.append("    hosts: \(list(constraint.hosts.map(\.text)))") }
        if !constraint.reason.isEmpty { lines.append("    reason: \(quoted(constraint.reason))") }
        return lines
    }

    private static func text(_ window: PolicyWindow) -> [String] {
        var lines = [
            "  - name: \(quoted(window.name))", "    kind: \(window.kind.rawValue)",
            "    zone: \(quoted(window.zone))", "    from: \(quoted(PolicyWindow.text(ofMinutes: window.from)))",
            "    to: \(quoted(PolicyWindow.text(ofMinutes: window.to)))",
        ]
        if !window.days.isEmpty { lines.append("    days: \(list(window.days.map(\.rawValue)))") }
        if !window.dates.isEmpty { lines.append("    dates: \(list(window.dates.map(\.text)))") }
        if !window.clusters.isEmpty { lines.append("    clusters: \(list(window.clusters.map(\.text)))") }
        return lines
    }

    private static func list(_ texts: [String]) -> String { "[" + texts.map(quoted).joined(separator: ", ") + "]" }

    /// A comment ends with its line, whatever a VM is called.
    private static func comment(_ text: String?) -> String {
        text.map { "  # " + String(String.UnicodeScalarView($0.unicodeScalars.filter(isPlain))) } ?? ""
    }

    /// A double-quoted scalar (YAML 1.2.2, 7.3.1): nothing in it means anything.
    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\" + String(scalar)
            case "\n": quoted += "\\n"
            case "\t": quoted += "\\t"
            case _ where isPlain(scalar): quoted.unicodeScalars.append(scalar)
            default:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
            }
        }
        return quoted + "\""
    }

    /// Whether a character stands for itself in YAML: none that ends a line anywhere, and none that a reader may refuse. Those
    /// that do not all have four digits.
    private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case ..<0x20, 0x7f...0xa0, 0x2028...0x2029, 0xfeff, 0xfffe...0xffff: false
        default: true
        }
    }
}
