import FleetModel

/// What is kept of a VM's process between two looks, so that a steady look asks for no more than what changes.
struct StatisticsNotes: Sendable {
    /// How long what `query-block` and `info network` said holds: it takes a look at every image, and changes slowly.
    static let descriptionSpan = Duration.seconds(60)

    /// Which process; another one knows nothing of it.
    let process: Int32
    /// Whether QEMU can say what the hypervisor counts: not before 7.1, not under TCG, not on old kernels.
    var hasCounts: Bool
    /// The number of each virtual processor by its path in QEMU.
    var numbers: [String: Int] = [:]
    /// QEMU's machine type, such as `pc-i440fx-7.2`; `nil` while it was not asked for.
    var machineType: String?
    /// Whether the guest is asked for its memory from time to time.
    var isPolled = false
    /// Disks without their counts, and when that was asked for.
    var disks: [BlockReading.Described] = []
    /// Network interfaces without their traffic.
    var interfaces: [NetworkReading.Found] = []
    /// When disks and interfaces were described.
    var described: Timestamp?

    /// Whether disks and interfaces are to be described anew.
    func isDescriptionOld(at now: Timestamp) -> Bool {
        guard let described else { return true }
        // A clock that was set back must not keep it for ever.
        return now - described >= Self.descriptionSpan || now < described
    }
}
