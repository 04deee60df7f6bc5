/// Whether a fleet can lose hosts.
public enum ReserveVerdict: Sendable, Hashable {
    /// Every set of so many failures can be packed: a packing was found for each.
    case holds
    /// Some set cannot, and why.
    case fails(hosts: [Int], because: ReserveCertificate)
    /// Neither was proved, which counts as no.
    case undecided(hosts: [Int])

    /// Whether an automatic action may rest on it.
    public var isYes: Bool { self == .holds }

    /// Whether nothing was proved.
    public var isUndecided: Bool { if case .undecided = self { true } else { false } }
}

/// Why the VMs of a set of hosts cannot all start elsewhere, whatever is tried.
public enum ReserveCertificate: Sendable, Hashable {
    /// There are no other hosts.
    case noHosts
    /// This VM fits nowhere, with those that it must share a host with.
    case fitsNowhere(machine: Int)
    /// All of them need more of a resource than there is on the others together.
    case tooLittle(resource: Int)
    /// So many of them need `size` of a resource or more each, and the others have room for fewer that do.
    case tooMany(count: Int, places: Int, size: Int64, resource: Int)
    /// Every packing was tried.
    case tried
}
