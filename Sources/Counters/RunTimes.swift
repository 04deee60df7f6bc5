/// What a logical processor does with its time. The modes of one that are reported add up to wall time.
public enum RunTimeMode: String, Hashable, Sendable, CaseIterable {
    /// Inside VM guest code.
    case guest
    /// VM threads outside guest code: exits, emulation, I/O.
    case hypervisor
    /// VM threads where the platform cannot see how much of it was guest code: in place of `guest` and `hypervisor`.
    case virtual
    /// The host's own work.
    case root
    /// Nothing to do.
    case idle
    /// Taken by the machine below, or by the VMs of another partition of this machine.
    case steal

    /// The modes that are reported where the platform sees guest code.
    public static let split: [RunTimeMode] = [.guest, .hypervisor, .root, .idle, .steal]
    /// The modes that are reported where it does not: what is unknown is not reported as zero.
    public static let unsplit: [RunTimeMode] = [.virtual, .root, .idle, .steal]
}

/// Nanoseconds by mode, growing.
public struct RunTimes: Hashable, Sendable {
    /// Inside VM guest code.
    public var guest: Int64 = 0
    /// VM threads outside guest code.
    public var hypervisor: Int64 = 0
    /// VM threads, not split.
    public var virtual: Int64 = 0
    /// The host's own work.
    public var root: Int64 = 0
    /// Nothing to do.
    public var idle: Int64 = 0
    /// Taken by somebody else.
    public var steal: Int64 = 0

    /// No time at all.
    public init() {}

    /// All modes together: the wall time that was accounted for.
    public var total: Int64 { guest + hypervisor + virtual + root + idle + steal }

    /// The nanoseconds of one mode.
    public subscript(mode: RunTimeMode) -> Int64 {
        switch mode {
        case .guest: guest
        case .hypervisor: hypervisor
        case .virtual: virtual
        case .root: root
        case .idle: idle
        case .steal: steal
        }
    }
}
