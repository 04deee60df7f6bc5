import ConfigurationFile
import FleetModel

/// The policy as a YAML file, which people keep under version control:
///
/// ```yaml
/// clusters:
///   - name: lab
///     reserve: 1
///     processor_over_commit: 4.0
///     memory_over_commit: 1.0
///     domains:
///       - name: rack-1
///         hosts: [kvm1, kvm2]
/// constraints:
///   - number: 1
///     kind: anti-affinity
///     vms: [web-1, web-2]        # names or UUIDs
///     reason: one web server must survive
/// vms:
///   - vm: web-1
///     priority: high
///     highly_available: true
/// automation:
///   - scope: fleet
///     level: automatic
///     threshold: critical
/// windows:
///   - name: fair
///     kind: blackout
///     zone: Europe/Berlin
///     from: "08:00"
///     to: "20:00"
///     days: [mon, tue]
///     dates: ["2026-12-20..2027-01-02"]
///     clusters: [lab]
/// limits:
///   actions-per-hour: 10
/// ```
public enum PolicyFile {
    /// Finds the VM that a name or UUID stands for.
    public typealias Resolver = (String) -> Result<VirtualMachineID, PolicyProblem>

    /// Reads a policy; `file` names it in errors. Its version is 0. Throws `ConfigurationError` with line and column.
    public static func policy(
        in yaml: String, file: String, resolve: Resolver
    ) throws(ConfigurationError) -> FleetPolicy {
        var reader = try ConfigurationReader(yaml: yaml, file: file)
        var policy = FleetPolicy()
        try readClusters(&reader, &policy)
        for var entry in try reader.list("constraints") {
            policy.constraints.append(try constraint(&entry, after: policy.lastConstraint, resolve))
        }
        for var entry in try reader.list("vms") { try readMachine(&entry, &policy, resolve) }
        for var entry in try reader.list("automation") { policy.automation.append(try automation(&entry, resolve)) }
        for var entry in try reader.list("windows") { policy.windows.append(try window(&entry)) }
        if var limits = try reader.section("limits") {
            for name in LimitName.allCases {
                policy.limits[name] = try limits.value(name.rawValue) { number($0, in: name.range) }
            }
            try limits.refuseUnknownKeys()
        }
        try reader.refuseUnknownKeys()
        do throws(PolicyProblem) {
            // Checked whole, as it will be when it is set.
            var checked = try FleetPolicy().applying(.replace(policy))
            checked.version = 0
            return checked
        } catch {
            throw ConfigurationError(place: file, reason: "\(error)")
        }
    }

    private static func readClusters(
        _ reader: inout ConfigurationReader, _ policy: inout FleetPolicy
    ) throws(ConfigurationError) {
        for var entry in try reader.list("clusters") {
            guard let name: ClusterName = try entry.value("name", name) else {
                throw entry.problem("name", "a cluster needs one")
            }
            var own = ClusterPolicy()
            own.reserve = try entry.value("reserve") { number($0, in: 0...100) }.map { Int($0) }
            own.processorOverCommit = try entry.value("processor_over_commit") { number($0, in: 0.1...1000) }
            own.memoryOverCommit = try entry.value("memory_over_commit") { number($0, in: 0.1...10) }
            for var domain in try entry.list("domains") {
                guard let title: String = try domain.value("name", { .value($0) }) else {
                    throw domain.problem("name", "a failure domain needs one")
                }
                own.domains = own.domains ?? [:]
                own.domains?[title] = try names(&domain, "hosts")
                try domain.refuseUnknownKeys()
            }
            try entry.refuseUnknownKeys()
            if policy.clusters.updateValue(own, forKey: name) != nil {
                throw entry.problem("name", "cluster \(name) is there twice")
            }
        }
    }

    private static func constraint(
        _ entry: inout ConfigurationReader, after last: Int64, _ resolve: Resolver
    ) throws(ConfigurationError) -> Constraint {
        let number = try entry.value("number") { Self.number($0, in: 1...1e15) }.map { Int64($0) } ?? last + 1
        guard let kind: Constraint.Kind = try entry.value("kind", choice) else {
            throw entry.problem("kind", "say which: \(words(Constraint.Kind.self))")
        }
        var machines: [VirtualMachineID] = []
        for text in try entry.texts("vms") ?? [] { machines.append(try machine(text, "vms", entry, resolve)) }
        let constraint = Constraint(
            number: number, kind: kind, machines: machines, hosts: try names(&entry, "hosts"),
            reason: try entry.text("reason") ?? "")
        try entry.refuseUnknownKeys()
        if let objection = constraint.objection { throw entry.problem("kind", objection) }
        return constraint
    }

    private static func readMachine(
        _ entry: inout ConfigurationReader, _ policy: inout FleetPolicy, _ resolve: Resolver
    ) throws(ConfigurationError) {
        guard let text = try entry.text("vm") else { throw entry.problem("vm", "say which VM") }
        let id = try machine(text, "vm", entry, resolve)
        policy.machines[id] = MachinePolicy(
            priority: try entry.value("priority", choice) ?? .normal,
            isHighlyAvailable: try entry.value("highly_available", flag) ?? false)
        try entry.refuseUnknownKeys()
    }

    private static func automation(
        _ entry: inout ConfigurationReader, _ resolve: Resolver
    ) throws(ConfigurationError) -> AutomationRule {
        guard let text = try entry.text("scope") else { throw entry.problem("scope", "say where") }
        let scope: AutomationScope?
        if text.hasPrefix("vm:") {
            scope = .machine(try machine(String(text.dropFirst(3)), "scope", entry, resolve))
        } else {
            scope = AutomationScope(text)
        }
        guard let scope else {
            throw entry.problem(
                "scope", "'\(text)' is none of fleet, cluster:NAME, pack:NAME, rule:PACK/ALERT, vm:NAME")
        }
        guard let level: AutomationLevel = try entry.value("level", choice) else {
            throw entry.problem("level", "say which: \(words(AutomationLevel.self))")
        }
        let rule = AutomationRule(
            scope: scope, level: level, threshold: try entry.value("threshold", choice) ?? .warning)
        try entry.refuseUnknownKeys()
        return rule
    }

    private static func window(_ entry: inout ConfigurationReader) throws(ConfigurationError) -> PolicyWindow {
        guard let name: String = try entry.value("name", { .value($0) }) else {
            throw entry.problem("name", "a window needs one")
        }
        guard let kind: PolicyWindow.Kind = try entry.value("kind", choice) else {
            throw entry.problem("kind", "say which: \(words(PolicyWindow.Kind.self))")
        }
        var window = PolicyWindow(name: name, kind: kind)
        window.zone = try entry.value("zone") { .value($0) } ?? window.zone
        window.from = try entry.value("from", time) ?? window.from
        window.to = try entry.value("to", time) ?? window.to
        window.clusters = try names(&entry, "clusters")
        for text in try entry.texts("days") ?? [] {
            guard let day = PolicyWindow.Day(rawValue: text) else {
                throw entry.problem("days", "'\(text)' is none of \(words(PolicyWindow.Day.self))")
            }
            window.days.append(day)
        }
        for text in try entry.texts("dates") ?? [] {
            guard let span = DateSpan(text) else {
                throw entry.problem("dates", "'\(text)' is no date such as 2026-12-24 or 2026-12-24..2027-01-02")
            }
            window.dates.append(span)
        }
        try entry.refuseUnknownKeys()
        if let objection = window.objection { throw entry.problem("name", objection) }
        return window
    }

    // MARK: Values

    private static func machine(
        _ text: String, _ key: String, _ entry: ConfigurationReader, _ resolve: Resolver
    ) throws(ConfigurationError) -> VirtualMachineID {
        if let id = VirtualMachineID(text) { return id }
        switch resolve(text) {
        case .success(let id): return id
        case .failure(let problem): throw entry.problem(key, "\(problem)")
        }
    }

    private static func name<Kind>(_ text: String) -> ConfigurationReader.Parsed<Name<Kind>> {
        Name<Kind>(text).map { .value($0) } ?? .problem("'\(text)' is not a name")
    }

    private static func names<Kind>(
        _ entry: inout ConfigurationReader, _ key: String
    ) throws(ConfigurationError) -> [Name<Kind>] {
        var names: [Name<Kind>] = []
        for text in try entry.texts(key) ?? [] {
            guard let name = Name<Kind>(text) else { throw entry.problem(key, "'\(text)' is not a name") }
            names.append(name)
        }
        return names
    }

    private static func words<Value: CaseIterable & RawRepresentable>(_ type: Value.Type) -> String
    where Value.RawValue == String {
        type.allCases.map(\.rawValue).joined(separator: ", ")
    }

    private static func choice<Value: CaseIterable & RawRepresentable>(
        _ text: String
    ) -> ConfigurationReader.Parsed<Value> where Value.RawValue == String {
        Value(rawValue: text).map { .value($0) } ?? .problem("'\(text)' is none of \(words(Value.self))")
    }

    private static func number(_ text: String, in range: ClosedRange<Double>) -> ConfigurationReader.Parsed<Double> {
        guard let number = Double(text), range.contains(number) else {
            return .problem("'\(text)' is no number from \(range.lowerBound) to \(range.upperBound)")
        }
        return .value(number)
    }

    private static func flag(_ text: String) -> ConfigurationReader.Parsed<Bool> {
        switch text {
        case "true": .value(true)
        case "false": .value(false)
        default: .problem("'\(text)' is neither true nor false")
        }
    }

    private static func time(_ text: String) -> ConfigurationReader.Parsed<Int> {
        PolicyWindow.minutes(of: text).map { .value($0) }
            ?? .problem("'\(text)' is no time of the day such as \"22:00\"")
    }
}
