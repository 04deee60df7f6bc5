/// What a pack proposes: a built-in remediation by name, with its arguments.
public struct RemediationRule: Sendable, Hashable {
    /// The built-in's name.
    public var name: BuiltInRemediation
    /// Its arguments, by name.
    public var arguments: [String: Argument]

    /// An argument as written.
    public enum Argument: Sendable, Hashable {
        /// One of the words that the argument knows.
        case word(String)
        /// A share, 0...1.
        case share(Double)
        /// The value of a percent parameter in the tip's cluster, as a share.
        case parameter(String)
    }
}

/// The remediations that a pack can name. `relieve-host` can be carried out; of the others a tip is advice, and says so.
public enum BuiltInRemediation: String, Sendable, Hashable, Codable, CaseIterable {
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

    /// Whether Evenkeel can carry it out.
    public var isAvailable: Bool { self == .relieveHost }

    /// What an argument may be.
    enum ArgumentKind {
        /// One of these words.
        case word([String])
        /// A share: a percent parameter's name, or percent.
        case share

        var description: String {
            switch self {
            case .word(let known): "one of \(known.joined(separator: ", "))"
            case .share: "a percent parameter's name, or percent such as 65%"
            }
        }
    }

    /// The arguments that must be given, in the order in which they are asked for.
    var arguments: [(name: String, kind: ArgumentKind)] {
        self == .relieveHost ? [("resource", .word(["processor", "memory"])), ("target", .share)] : []
    }
}
