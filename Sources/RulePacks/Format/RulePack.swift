import FleetModel

/// A rule pack: Prometheus rules, their parameters, and for each alert the tip that it leads to.
///
/// A folder with `pack.yaml` is read by `load(folder:)`; a plain Prometheus rule file is a pack that only gives advice.
public struct RulePack: Sendable, Hashable {
    /// The pack's name: the folder's, and `pack` in every parameter series.
    public var name: String
    /// The author's version of it.
    public var version: String
    /// One line for a list.
    public var title: String
    /// Who wrote it.
    public var author: String
    /// Under which licence, by its SPDX name.
    public var licence: String
    /// What clusters may set, in the order of the file.
    public var parameters: [PackParameter]
    /// The rule groups of all its rule files, in the order of the files' names.
    public var groups: [RuleGroup]
    /// What an alert leads to, by the alert's name. An alert that is not listed is advice under its own annotations.
    public var tips: [String: TipRule]
    /// What it cannot do without.
    public var needs = PackNeeds()
    /// Which objects its tips may be about.
    public var targets = PackTargets()
    /// How many times faster than written its ranges and waits run; 1 as written.
    public internal(set) var speed: Double = 1
}

/// A value that rules compare against and that each cluster may set for itself.
public struct PackParameter: Sendable, Hashable {
    /// What the value counts, and in which unit rules see it.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// A plain number.
        case number
        /// A share in percent, 0...100.
        case percent
        /// A span of time; rules see seconds. Written `90s`, `5m`, `1h30m`.
        case duration
        /// An amount of memory or storage; rules see bytes. Written `512MiB`.
        case bytes
    }
    /// Its name: `name` in its series.
    public var name: String
    /// What it counts.
    public var kind: Kind
    /// The unit of a plain number, for a person; empty without one.
    public var unit: String
    /// Its value where nobody set one.
    public var standard: Double
    /// Lowest value that may be set.
    public var minimum: Double
    /// Highest value that may be set.
    public var maximum: Double
    /// What it does, for a person.
    public var help: String

    /// Why `value` may not be set; `nil` when it may.
    public func objection(to value: Double) -> String? {
        if value.isFinite, (minimum...maximum).contains(value) { return nil }
        return "\(name) is \(value); it must be \(minimum) to \(maximum)"
    }
}

/// Rules that are evaluated together, one after the other, at one moment.
public struct RuleGroup: Sendable, Hashable {
    /// Unique in its file.
    public var name: String
    /// Its file.
    public var file: String
    /// How often it is evaluated; `nil` for every round.
    public var interval: Duration?
    /// Most elements a rule may give; a rule with more fails. `nil` for no limit.
    public var limit: Int?
    /// How far into the past it looks; zero for the moment of the round.
    public var queryOffset: Duration
    /// Its rules.
    public var rules: [Rule]
}

/// One rule of a Prometheus rule file.
public struct Rule: Sendable, Hashable {
    /// What a rule's result becomes.
    public enum Kind: Sendable, Hashable {
        /// A series of this name.
        case record(String)
        /// An alert of this name for every element, once it has been there for `holdFor`; it stays for
        /// `keepFiringFor` after the last element was seen.
        case alert(String, holdFor: Duration, keepFiringFor: Duration)
    }
    /// What its result becomes.
    public var kind: Kind
    /// PromQL.
    public var expression: String
    /// Labels that are added to every element; of an alert they are templates.
    public var labels: [String: Template]
    /// An alert's texts.
    public var annotations: [String: Template]
    /// Where it is written.
    public var place: SourcePlace

    /// The name of its series or alert.
    public var name: String {
        switch kind {
        case .record(let name), .alert(let name, _, _): name
        }
    }
}
