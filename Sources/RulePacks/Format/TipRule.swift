import FleetModel

/// What an alert leads to, as `pack.yaml` says it.
public struct TipRule: Sendable, Hashable {
    /// One line for a list.
    public var title: Template
    /// The finding in a few sentences.
    public var body: Template
    /// How bad it is.
    public var level: TipLevel
    /// What it is about.
    public var subject: SubjectRule
    /// What it means, causes, what the remediation does, when not to.
    public var knowledge: String
    /// What to do about it.
    public var remediation: RemediationRule
    /// Who may approve at most.
    public var approval: TipTerms.Approval
    /// For how long after the tip's end the same finding raises no new one.
    public var coolDown: Duration
    /// After how long without approval it expires.
    public var expiry: Duration
    /// How health is measured; `nil` where the alert's silence has to do.
    public var verification: Verification?
    /// What else was measured.
    public var evidence: [EvidenceRule]
    /// Alerts of this pack that are held back for a subject while this one fires for it.
    public var inhibits: [String]
    /// Where it is written.
    public var place = SourcePlace(file: "pack.yaml")

    /// How health is measured after the remediation.
    public struct Verification: Sendable, Hashable {
        /// PromQL: the subjects of its elements are healthy.
        public var expression: String
        /// How soon after the last action health must be seen.
        public var within: Duration
    }

    /// A query whose answer supports the finding.
    public struct EvidenceRule: Sendable, Hashable {
        /// PromQL as a template over the alert's labels; label values are escaped for a PromQL string.
        public var query: Template
        /// What an element says, as a template over its labels and value.
        public var text: Template
    }
}

/// Which object an alert is about.
public struct SubjectRule: Sendable, Hashable, Codable {
    /// The kinds of object.
    public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
        /// A host.
        case host
        /// A VM.
        case virtualMachine = "vm"
        /// A cluster.
        case cluster
        /// Storage that hosts share.
        case datastore
    }
    /// The kind of object.
    public var kind: Kind
    /// The label that holds the object's name (a VM's UUID).
    public var label: String
    /// The label that holds its cluster's name.
    public var clusterLabel: String

    /// An object of `kind`, by the labels that every series of the fleet has.
    public init(_ kind: Kind, label: String? = nil, clusterLabel: String = "cluster") {
        self.kind = kind
        self.label = label ?? kind.rawValue
        self.clusterLabel = clusterLabel
    }

    /// The object that `labels` name; `nil` where they name none.
    public func subject(of labels: Labels) -> TipSubject? {
        guard let text = labels[clusterLabel], let cluster = ClusterName(text) else { return nil }
        switch kind {
        case .host: return labels[label].flatMap { HostName($0) }.map { .host($0, cluster: cluster) }
        case .virtualMachine:
            return labels[label].flatMap { VirtualMachineID($0) }.map { .virtualMachine($0, cluster: cluster) }
        case .cluster: return .cluster(cluster)
        case .datastore:
            guard let name = labels[label], Self.isPresentable(name) else { return nil }
            return .datastore(name, cluster: cluster)
        }
    }

    /// A datastore is whatever a host calls it, so its name is only kept from doing harm where it is shown.
    private static func isPresentable(_ name: String) -> Bool {
        (1...TipSubject.longestDatastore).contains(name.utf8.count)
            && name.unicodeScalars.allSatisfy {
                !$0.properties.isDefaultIgnorableCodePoint && $0.value >= 0x20 && $0.value != 0x7f
            }
    }
}
