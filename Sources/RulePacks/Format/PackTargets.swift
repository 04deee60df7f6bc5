import FleetModel
import Patterns

/// What a pack cannot do without.
public struct PackNeeds: Sendable, Hashable {
    /// Metrics that must have a series in a cluster; where one has none there, the pack finds nothing.
    public var metrics: [String] = []
    /// Where each of them is written.
    var metricPlaces: [SourcePlace] = []
    /// What must run a cluster's VMs; empty where any will do.
    public var providers: Set<Provider> = []
    /// What the provider must be able to do to VMs.
    public var actions: Set<Action> = []

    /// Who runs VMs.
    public enum Provider: String, Sendable, Hashable, CaseIterable {
        /// The bundled runtime.
        case qemu
        /// Libvirt.
        case libvirt
    }

    /// What can be done to a VM.
    public enum Action: String, Sendable, Hashable, CaseIterable {
        case migrate
        case resize
        case balloon
        case restart
        case start
        case snapshot
    }
}

/// Which objects a pack's tips may be about; all that is given has to hold.
public struct PackTargets: Sendable, Hashable {
    /// The whole name of a cluster.
    public var clusters: TargetPattern?
    /// The whole name of a host; findings that name no host are not held back by it.
    public var hosts: TargetPattern?
    /// The whole name of a VM; findings that name no VM are not held back by it.
    public var virtualMachines: TargetPattern?
    /// Labels that the alert must have, with these values.
    public var labels: [String: String] = [:]

    /// Whether an alert with these labels is one of the pack's.
    public func includes(_ found: Labels) -> Bool {
        func holds(_ pattern: TargetPattern?, _ label: String) -> Bool {
            guard let pattern, let text = found[label] else { return true }
            return pattern.matches(text)
        }
        return holds(clusters, "cluster") && holds(hosts, "host") && holds(virtualMachines, "name")
            && labels.allSatisfy { (found[$0.key] ?? "") == $0.value }
    }

    /// Whether every object is a target.
    public var isEverything: Bool { clusters == nil && hosts == nil && virtualMachines == nil && labels.isEmpty }
}

/// A regular expression (PCRE2) over a whole name.
public struct TargetPattern: Sendable, Hashable {
    private let pattern: Pattern

    /// Throws what is wrong with the expression.
    public init(_ text: String) throws(PatternError) { pattern = try Pattern(text) }

    /// As it was written.
    public var text: String { pattern.text }

    /// A name that takes the expression too long is no target: it is better to find too little than to act on it.
    public func matches(_ name: String) -> Bool { (try? pattern.matches(whole: name)) ?? false }

    /// By the expression's text.
    public static func == (left: TargetPattern, right: TargetPattern) -> Bool { left.text == right.text }

    /// By the expression's text.
    public func hash(into hasher: inout Hasher) { hasher.combine(text) }
}
