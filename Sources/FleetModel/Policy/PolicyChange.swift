/// One change of the fleet's policy, as somebody asks for it.
public enum PolicyChange: Hashable, Codable, Sendable {
    /// What holds in a cluster, all of it.
    case setCluster(ClusterName, ClusterPolicy)
    /// A new constraint; its number is given.
    case addConstraint(Constraint)
    /// A constraint is no more.
    case removeConstraint(Int64)
    /// What holds for a VM.
    case setMachine(VirtualMachineID, MachinePolicy)
    /// How far Evenkeel goes in a scope.
    case setAutomation(AutomationRule)
    /// A scope has no level of its own any more.
    case removeAutomation(AutomationScope)
    /// A window is new, or another one by its name.
    case setWindow(PolicyWindow)
    /// A window is no more.
    case removeWindow(String)
    /// A limit; `nil` for its default.
    case setLimit(LimitName, Double?)
    /// Everything, as it was written down elsewhere.
    case replace(FleetPolicy)
}

/// Why a policy cannot be: what is wrong, where, and what to do.
public struct PolicyProblem: Error, Hashable, Sendable, CustomStringConvertible {
    /// In words.
    public var description: String

    /// A problem.
    public init(_ description: String) { self.description = description }
}

extension FleetPolicy {
    /// The most constraints, windows, or scopes with a level.
    public static let mostOfAKind = 10_000

    /// The next version, with `change` made. Throws what is wrong with it; whether hosts, VMs and time zones exist is
    /// for others to say.
    public func applying(_ change: PolicyChange) throws(PolicyProblem) -> FleetPolicy {
        var next = self
        next.version = version + 1
        switch change {
        case .setCluster(let cluster, let policy):
            next.clusters[cluster] = policy == ClusterPolicy() ? nil : policy
        case .addConstraint(var constraint):
            constraint.number = lastConstraint + 1
            next.constraints.append(constraint)
        case .removeConstraint(let number):
            guard let place = constraints.firstIndex(where: { $0.number == number }) else {
                throw PolicyProblem("there is no constraint \(number)")
            }
            next.constraints.remove(at: place)
        case .setMachine(let id, let policy): next.machines[id] = policy == MachinePolicy() ? nil : policy
        case .setAutomation(let rule):
            next.automation.removeAll { $0.scope == rule.scope }
            next.automation.append(rule)
        case .removeAutomation(let scope):
            guard automation(scope) != nil else { throw PolicyProblem("nothing is set for \(scope)") }
            next.automation.removeAll { $0.scope == scope }
        case .setWindow(let window):
            next.windows.removeAll { $0.name == window.name }
            next.windows.append(window)
        case .removeWindow(let name):
            guard windows.contains(where: { $0.name == name }) else {
                throw PolicyProblem("there is no window '\(name)'")
            }
            next.windows.removeAll { $0.name == name }
        case .setLimit(let name, let value): next.limits[name] = value
        case .replace(let other):
            next = other
            next.version = version + 1
        }
        next.sort()
        if let problem = next.problem { throw problem }
        return next
    }

    /// One order for everything, so that equal policies are equal texts.
    private mutating func sort() {
        constraints.sort { $0.number < $1.number }
        automation.sort { $0.scope < $1.scope }
        windows.sort { $0.name < $1.name }
    }

    /// What is wrong with it by itself.
    private var problem: PolicyProblem? {
        if max(constraints.count, automation.count, windows.count) > Self.mostOfAKind {
            return PolicyProblem("more than \(Self.mostOfAKind) constraints, levels or windows")
        }
        for (cluster, policy) in clusters.sorted(by: { $0.key < $1.key }) {
            if let objection = policy.objection { return PolicyProblem("cluster \(cluster): \(objection)") }
        }
        if Set(constraints.map(\.number)).count != constraints.count || constraints.contains(where: { $0.number < 1 }) {
            return PolicyProblem("constraints have a number each, from 1 on")
        }
        for constraint in constraints {
            if let objection = constraint.objection {
                return PolicyProblem("constraint \(constraint.number): \(objection)")
            }
        }
        if Set(automation.map(\.scope)).count != automation.count { return PolicyProblem("a scope has two levels") }
        if Set(windows.map(\.name)).count != windows.count { return PolicyProblem("two windows have one name") }
        if let objection = windows.lazy.compactMap(\.objection).first { return PolicyProblem(objection) }
        for (name, value) in limits.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            guard value.isFinite, name.range.contains(value), !name.isCount || value == value.rounded() else {
                return PolicyProblem("\(name.rawValue) is \(name.rangeText), not \(LimitName.text(of: value))")
            }
        }
        return nil
    }
}

extension LimitName {
    /// A value of it, without a fraction that it does not have.
    public static func text(of value: Double) -> String {
        Int(exactly: value).map { "\($0)" } ?? "\(value)"
    }

    /// What it may be, for a person.
    public var rangeText: String {
        let (low, high) = (Int(range.lowerBound), Int(range.upperBound))
        let isBudget = self == .actionsPerHour || self == .actionsPerDay
        return "\(isCount ? "a whole number" : "a number") from \(low) to \(high)"
            + (isBudget ? " (budgets are counted over what is remembered, which is the last \(high) moves)" : "")
    }
}

extension ClusterPolicy {
    fileprivate var objection: String? {
        if let reserve, !(0...100).contains(reserve) { return "reserve is a whole number from 0 to 100" }
        if let ratio = processorOverCommit, !(0.1...1000).contains(ratio) {
            return "processor-over-commit is a ratio from 0.1 to 1000"
        }
        if let ratio = memoryOverCommit, !(0.1...10).contains(ratio) {
            return "memory-over-commit is a ratio from 0.1 to 10"
        }
        let hosts = (domains ?? [:]).values.flatMap(\.self)
        if hosts.count > 20_000 { return "more than 20000 hosts in domains" }
        if Set(hosts).count != hosts.count { return "a host is in two failure domains" }
        if (domains ?? [:]).keys.contains(where: { $0.isEmpty || $0.utf8.count > 100 }) {
            return "a failure domain's name has 1 to 100 bytes"
        }
        return nil
    }
}

extension PolicyChange {
    /// What it does, for the audit log.
    public var text: String {
        switch self {
        case .setCluster(let cluster, let policy): "cluster \(cluster): \(policy.text)"
        case .addConstraint(let constraint): "new: \(constraint.text)"
        case .removeConstraint(let number): "constraint \(number) is no more"
        case .setMachine(let id, let policy):
            "VM \(id): priority \(policy.priority.rawValue), \(policy.isHighlyAvailable ? "" : "not ")highly available"
        case .setAutomation(let rule): rule.text
        case .removeAutomation(let scope): "\(scope): no level of its own"
        case .setWindow(let window): window.text
        case .removeWindow(let name): "window \(name) is no more"
        case .setLimit(let name, let value): "\(name.rawValue): \(value.map(LimitName.text) ?? "its default")"
        case .replace(let policy):
            "all of it: \(policy.clusters.count) clusters, \(policy.constraints.count) constraints, "
                + "\(policy.machines.count) VMs, \(policy.automation.count) levels, \(policy.windows.count) windows, "
                + "\(policy.limits.count) limits"
        }
    }
}

extension AutomationRule {
    /// `cluster:lab: automatic, for critical tips`.
    public var text: String {
        "\(scope): \(level.rawValue)"
            + (threshold == .critical && level == .automatic ? ", for critical tips only" : "")
    }
}

extension Constraint {
    /// `anti-affinity of 2 VMs: web-1 and web-2 must not share a host`, by identity.
    public var text: String {
        let names = machines.prefix(5).map(\.text).joined(separator: ", ") + (machines.count > 5 ? ", …" : "")
        let places = hosts.isEmpty ? "" : " on \(hosts.map(\.text).joined(separator: ", "))"
        return "\(kind.rawValue) of \(names)\(places)" + (reason.isEmpty ? "" : " (\(reason))")
    }
}

extension PolicyWindow {
    /// `blackout fair: 08:00-20:00 UTC, mon tue, 2026-12-20..2027-01-02, clusters lab`.
    public var text: String {
        var parts = ["\(Self.text(ofMinutes: from))-\(Self.text(ofMinutes: to)) \(zone)"]
        if !days.isEmpty { parts.append(days.map(\.rawValue).joined(separator: " ")) }
        if !dates.isEmpty { parts.append(dates.map(\.text).joined(separator: " ")) }
        if !clusters.isEmpty { parts.append("clusters " + clusters.map(\.text).joined(separator: " ")) }
        return "\(kind.rawValue) \(name): " + parts.joined(separator: ", ")
    }
}

extension ClusterPolicy {
    /// `reserve 1, processor-over-commit 4.0`.
    public var text: String {
        var parts: [String] = []
        if let reserve { parts.append("reserve \(reserve)") }
        if let processorOverCommit { parts.append("processor-over-commit \(processorOverCommit)") }
        if let memoryOverCommit { parts.append("memory-over-commit \(memoryOverCommit)") }
        if let domains { parts.append("\(domains.count) failure domains") }
        return parts.isEmpty ? "nothing set" : parts.joined(separator: ", ")
    }
}

/// A version of the policy as it is kept: who made it, when, and what changed.
public struct PolicyVersion: Hashable, Codable, Sendable {
    /// The policy; its version is this one's number.
    public var policy: FleetPolicy
    /// When.
    public var time: Timestamp
    /// Who.
    public var actor: String
    /// What changed.
    public var change: String

    /// A version.
    public init(policy: FleetPolicy, time: Timestamp, actor: String, change: String) {
        self.policy = policy
        self.time = time
        self.actor = actor
        self.change = change
    }
}
