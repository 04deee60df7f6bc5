import FleetModel

/// What `query-migrate` says (QEMU's qapi/migration.json, MigrationInfo).
struct MigrationReading: Hashable, Sendable {
    /// `none` where there never was a migration.
    var status: String
    /// Why it failed, in QEMU's words.
    var problem: String?
    var figures: MigrationFigures
    var progress: MigrationProgress
    /// How often the guest's memory has been gone through; 0 before the first time.
    var passes: Int
    /// By how much the guest is slowed down, in percent.
    var throttlePercent: Int?
    /// Where the incoming side listens.
    var address: MigrationAddress?

    init(_ value: JSONValue) {
        status = value["status"]?.text ?? "none"
        problem = value["error-desc"]?.text
        let memory = value["ram"]
        func bytes(_ key: String) -> Bytes { Bytes(memory?[key]?.whole ?? 0) }
        figures = MigrationFigures(
            totalMilliseconds: Int(value["total-time"]?.whole ?? 0),
            downtimeMilliseconds: Int(value["downtime"]?.whole ?? 0), transferred: bytes("transferred"))
        passes = Int(memory?["dirty-sync-count"]?.whole ?? 0)
        throttlePercent = value["cpu-throttle-percentage"]?.whole.map { Int($0) }
        progress = MigrationProgress(
            transferred: bytes("transferred"), remaining: bytes("remaining"), total: bytes("total"))
        address = value["socket-address"]?.items?.first.flatMap { first in
            guard let host = first["host"]?.text, let port = first["port"]?.text.flatMap(UInt16.init) else {
                return nil
            }
            return MigrationAddress(host: host, port: port)
        }
    }

    /// Whether the guest runs at the destination while its memory still follows.
    var isPostCopy: Bool { status.hasPrefix("postcopy") }

    /// Whether the stream of a guest that runs at the destination already is broken.
    var isCutOff: Bool { status == "postcopy-paused" }

    /// Whether it has begun and not ended.
    var isUnderWay: Bool {
        switch status {
        case "none", "completed", "failed", "cancelled": false
        default: true
        }
    }
}
