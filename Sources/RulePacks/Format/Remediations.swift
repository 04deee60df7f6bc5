/// What a pack proposes: a remediation by name, with its arguments.
public struct RemediationRule: Sendable, Hashable {
    /// The remediation's name.
    public var name: RemediationName
    /// Its arguments, by name.
    public var arguments: [String: Argument]

    /// An argument as written.
    public enum Argument: Sendable, Hashable {
        /// One of the words that the argument knows, or a path or address as it stands.
        case word(String)
        /// A share, 0...1.
        case share(Double)
        /// The value of a percent parameter in the tip's cluster, as a share.
        case parameter(String)
        /// A count, bytes or seconds.
        case amount(Double)
        /// The alert's own value.
        case alertValue
        /// A text for a plug-in, filled in as the tip's texts are.
        case template(Template)
    }

    /// What stands in front of the names of a plug-in's own arguments, so that they are never taken for others.
    public static let plugInPrefix = "argument."
}

/// The remediations that a pack can name. A remediation is a request to the planner, never a destination; one that nobody
/// can carry out is advice, and says so.
public enum RemediationName: String, Sendable, Hashable, Codable, CaseIterable {
    /// Moves VMs off a host until it is below a target.
    case relieveHost = "relieve-host"
    /// Evens out the hosts of a cluster.
    case balanceCluster = "balance-cluster"
    /// Moves every VM off a host.
    case evacuateHost = "evacuate-host"
    /// Moves a VM to a host that suits it better.
    case migrateVirtualMachine = "migrate-vm"
    /// Gives a VM more or fewer processors or memory.
    case resizeVirtualMachine = "resize-vm"
    /// Takes memory from a VM or gives it back.
    case balloonVirtualMachine = "balloon-vm"
    /// Restarts a VM.
    case restartVirtualMachine = "restart-vm"
    /// Packs a cluster onto fewer hosts.
    case consolidateCluster = "consolidate-cluster"
    /// Tells people; nothing is done.
    case notify
    /// Runs an executable of the pack.
    case execute = "exec"
    /// Calls another server.
    case webhook

    /// Whether Evenkeel can carry it out.
    public var isAvailable: Bool { adviceReason == nil }

    /// Why it is advice only, and who can do what it proposes; `nil` where Evenkeel carries it out.
    public var adviceReason: String? {
        let byHand = "Evenkeel does not do this by itself yet; by hand: "
        return switch self {
        case .relieveHost, .evacuateHost, .balanceCluster, .execute, .webhook: nil
        case .notify: "the pack only wants people to know"
        case .migrateVirtualMachine, .consolidateCluster: byHand + "evenkeel vm migrate VM --to HOST"
        case .resizeVirtualMachine: byHand + "evenkeel vm resize VM"
        case .balloonVirtualMachine: byHand + "evenkeel vm balloon VM"
        case .restartVirtualMachine: byHand + "evenkeel vm stop VM, then evenkeel vm start VM"
        }
    }

    /// What the object of its tip must be; `nil` where any will do.
    var subjects: Set<SubjectRule.Kind>? {
        switch self {
        case .relieveHost, .evacuateHost: [.host]
        case .balanceCluster, .consolidateCluster: [.cluster, .host]
        case .migrateVirtualMachine, .resizeVirtualMachine, .balloonVirtualMachine, .restartVirtualMachine:
            [.virtualMachine]
        case .notify, .execute, .webhook: nil
        }
    }

    /// What an argument may be.
    enum ArgumentKind {
        /// One of these words.
        case word([String])
        /// A share: a percent parameter's name, or percent.
        case share
        /// A whole number from 1 on, or the alert's value.
        case count
        /// An amount of memory, or the alert's value.
        case size
        /// A span of time.
        case span
        /// A path inside the pack.
        case path
        /// An address that begins with https, or with http on loopback.
        case address

        var description: String {
            switch self {
            case .word(let known): "one of \(known.joined(separator: ", "))"
            case .share: "a percent parameter's name, or percent such as 65%"
            case .count: "a whole number, or 'value' for the alert's value"
            case .size: "a size such as 4GiB, or 'value' for the alert's value"
            case .span: "a span of time such as 30s or 5m"
            case .path: "a path inside the pack such as bin/mend"
            case .address: "an address such as https://cmdb.example/hook"
            }
        }
    }

    /// One argument of a remediation.
    struct Parameter {
        let name: String
        let kind: ArgumentKind
        var isRequired = true
    }

    /// The arguments that it knows, in the order in which they are asked for.
    var parameters: [Parameter] {
        switch self {
        case .relieveHost:
            [
                Parameter(name: "resource", kind: .word(["processor", "memory"])),
                Parameter(name: "target", kind: .share),
            ]
        case .balanceCluster: [Parameter(name: "target", kind: .share, isRequired: false)]
        case .resizeVirtualMachine:
            [
                Parameter(name: "vcpus", kind: .count, isRequired: false),
                Parameter(name: "memory", kind: .size, isRequired: false),
            ]
        case .balloonVirtualMachine: [Parameter(name: "memory", kind: .size)]
        case .execute:
            [
                Parameter(name: "command", kind: .path),
                Parameter(name: "time_limit", kind: .span, isRequired: false),
            ]
        case .webhook:
            [
                Parameter(name: "url", kind: .address),
                Parameter(name: "time_limit", kind: .span, isRequired: false),
            ]
        case .evacuateHost, .migrateVirtualMachine, .restartVirtualMachine, .consolidateCluster, .notify: []
        }
    }

    /// Whether it takes `arguments` of the pack's own.
    var isPlugIn: Bool { self == .execute || self == .webhook }
}
