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
    /// Where it listens, while the guest runs here and its memory still follows (post-copy).
    var fetchingAt: String?
    /// Why it ended without being told to; `nil` when all is well.
    var problem: String?
}
