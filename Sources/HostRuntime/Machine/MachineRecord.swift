import FleetModel

/// What the runtime writes down about a VM, so that another run of the agent takes it over as it is. On disk it is
/// `machine.json` in the VM's folder, replaced whole at every change.
struct MachineRecord: Codable, Hashable, Sendable {
    /// Waiting for the guest: from `prepareIncoming` until the guest is seen here.
    struct Incoming: Codable, Hashable, Sendable {
        /// Where it listens; `nil` as long as it does not.
        var address: String?
        /// When it gives up, by the host's clock.
        var deadline: Timestamp
    }

    /// The guest's memory is on its way to disk; until it is there, the guest lives in its process.
    struct Saving: Codable, Hashable, Sendable {
        /// Whether the guest ran when that began.
        var wasRunning: Bool
    }

    /// The guest's memory lies on disk, and the guest lives there.
    struct Saved: Codable, Hashable, Sendable {
        /// How long the file is.
        var bytes: Int64
        /// Whether the guest ran when it was saved.
        var wasRunning: Bool
        /// When that was, by the host's clock.
        var time: Timestamp
        /// Whether a process has loaded it and may let it run: from then on the file is the past.
        var isLoaded: Bool?
    }

    /// The disks are being copied.
    struct Snapshot: Codable, Hashable, Sendable {
        /// The folder of the copies.
        var folder: String
        /// The copies.
        var files: [String]
        /// Whether the guest's file systems may be at rest.
        var isFrozen: Bool
    }

    var definition: VirtualMachineDefinition
    /// What runs the guest's code; `nil` while it is stopped.
    var accelerator: Accelerator?
    /// The number of its QEMU; `nil` while it is stopped. That the process is ours shows in its arguments, which name
    /// the VM's own pid file: stronger than its start time, and it also finds a process that was started in the very
    /// moment in which the agent died.
    var process: Int32?
    /// Set while the guest has not arrived.
    var incoming: Incoming?
    /// Set from before its memory is sent until the guest is seen to stay: what ends in between may live elsewhere.
    var isSending: Bool?
    /// Images that were made here for a guest that has not arrived: they go when it does not come.
    var madeDisks: [String]?
    /// Where the disks that come along are written to over the network, until the guest is here.
    var disksAt: String?
    /// The file that its memory goes through to another host.
    var passage: String?
    /// Where it listens, while the guest runs here and its memory still follows (post-copy).
    var fetchingAt: String?
    /// Set while its memory is written to disk.
    var saving: Saving?
    /// Set while its memory lies on disk.
    var saved: Saved?
    /// Set while its disks are copied.
    var snapshot: Snapshot?
    /// When it failed lately.
    var failures: [Timestamp]?
    /// When it is to be started again.
    var restartAt: Timestamp?
    /// How often it was started again after it had failed.
    var restarts: Int?
    /// When and why it failed last, once it has been started again.
    var lastFailure: PastFailure?
    /// The host's ends of its network interfaces, one by one; empty for an interface that has none that is named.
    var taps: [String]?
    /// Why it ended without being told to; `nil` when all is well.
    var problem: String?
}
