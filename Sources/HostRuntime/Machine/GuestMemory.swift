import FleetModel

/// Memory as the guest itself sees it, through the virtio balloon. Everything in it may be unknown: a guest without
/// the driver says nothing, and an old driver says less.
public struct GuestMemory: Hashable, Sendable, Codable {
    /// All that the guest has.
    public var total: Bytes?
    /// What it could still give to programs, as `MemAvailable` counts it.
    public var available: Bytes?
    /// What is not used for anything.
    public var free: Bytes?
    /// When the guest said so, by the host's clock.
    public var updated: Timestamp

    /// Reads the property `guest-stats` of QEMU's balloon device (docs/interop/virtio-balloon-stats.rst): bytes, all
    /// ones for what is not known, `last-update` in seconds. `nil` while the guest has said nothing.
    init?(_ value: JSONValue) {
        guard let seconds = value["last-update"]?.whole, seconds > 0 else { return nil }
        updated = Timestamp(milliseconds: seconds * 1000)
        let figures = value["stats"]
        func bytes(_ name: String) -> Bytes? { figures?["stat-\(name)"]?.whole.flatMap { $0 < 0 ? nil : Bytes($0) } }
        total = bytes("total-memory")
        available = bytes("available-memory")
        free = bytes("free-memory")
    }
}

extension QEMUMachine {
    /// What the guest says about its memory; `nil` where there is no balloon, no driver, or no word yet.
    func guestMemory() async -> GuestMemory? {
        guard record?.definition.balloon == true, process?.isAlive == true else { return nil }
        let device: JSONValue = .string("/machine/peripheral/balloon")
        do throws(HostRuntimeError) {
            // The guest is asked once a second from the first time on; to say so again changes nothing.
            try await command(
                "qom-set", ["path": device, "property": "guest-stats-polling-interval", "value": 1])
            return GuestMemory(try await command("qom-get", ["path": device, "property": "guest-stats"]))
        } catch {
            return nil
        }
    }
}
