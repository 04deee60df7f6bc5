import FleetModel

/// What the balloon device tells.
enum BalloonReading {
    /// A guest that has not refreshed its figures for this long, in seconds, says nothing any more: its driver is gone,
    /// or it is halted.
    static let staleAfterSeconds: Int64 = 30
    /// How often the guest is asked, in seconds.
    static let pollingSeconds: Int64 = 5

    /// Memory that the balloon leaves to the guest, out of `query-balloon`.
    static func size(_ answer: JSONValue) -> Bytes? { answer["actual"]?.count.map { Bytes($0) } }

    /// Reads the property `guest-stats` of QEMU's balloon device (docs/interop/virtio-balloon-stats.rst): bytes, all
    /// ones for what is not known, `last-update` in seconds, 0 for never. `nil` while the guest has said nothing, and
    /// when it has said nothing lately.
    static func guestView(_ answer: JSONValue, now: Timestamp) -> VirtualMachineStatistics.GuestView? {
        guard let seconds = answer["last-update"]?.count, seconds > 0,
            now.milliseconds / 1000 - staleAfterSeconds <= seconds,
            // From the future, by more than a clock that was set a little: not to be believed either.
            seconds <= now.milliseconds / 1000 + staleAfterSeconds
        else { return nil }
        let figures = answer["stats"]
        func count(_ name: String) -> Int64? { figures?["stat-\(name)"]?.count }
        func bytes(_ name: String) -> Bytes? { count(name).map { Bytes($0) } }
        var view = VirtualMachineStatistics.GuestView()
        view.total = bytes("total-memory")
        view.available = bytes("available-memory")
        view.free = bytes("free-memory")
        view.swappedIn = bytes("swap-in")
        view.swappedOut = bytes("swap-out")
        view.majorFaults = count("major-faults")
        view.updated = Timestamp(milliseconds: seconds * 1000)
        // A driver that knows none of it has said nothing.
        return view.total == nil && view.available == nil && view.free == nil ? nil : view
    }
}
