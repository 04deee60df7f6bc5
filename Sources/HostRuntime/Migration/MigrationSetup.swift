import FleetModel

/// What both ends of a migration tell their QEMU before anything flows (QEMU's qapi/migration.json).
struct MigrationSetup: Hashable, Sendable {
    /// Which end of a migration this is.
    enum Role: String {
        case client
        case server
    }

    /// How QEMU limits a stream when nobody says otherwise (its own default).
    static let defaultBandwidth = Bytes.mebibytes(128)

    let method: MigrationMethod
    /// Whether disks move along: the guest then waits, halted, until the last of them is there.
    var movesDisks = false

    /// What is switched on; all else that this room knows of is switched off, since an attempt before may have left it on.
    private var wanted: [String: Bool] {
        [
            "events": true, "multifd": method.channels > 0, "auto-converge": method.autoConverge,
            "postcopy-ram": method.postCopy, "pause-before-switchover": movesDisks,
        ]
    }

    /// Capabilities to set, given those that this QEMU knows. Throws for one that is wanted and not known.
    func capabilities(known: Set<String>, version: String?) throws(HostRuntimeError) -> JSONValue {
        var states: [JSONValue] = []
        for (name, isOn) in wanted.sorted(by: { $0.key < $1.key }) {
            if known.contains(name) {
                states.append(["capability": .string(name), "state": .boolean(isOn)])
            } else if isOn {
                throw .migration("QEMU \(version ?? "") does not know '\(name)', which this migration is to use")
            }
        }
        return ["capabilities": .array(states)]
    }

    /// Parameters that both ends share.
    var sharedParameters: [String: JSONValue] {
        guard method.channels > 0 else { return [:] }
        var parameters: [String: JSONValue] = [
            "multifd-channels": .integer(Int64(min(method.channels, 255))),
            "multifd-compression": .string(method.compression.rawValue),
        ]
        if method.compression == .zstd { parameters["multifd-zstd-level"] = 1 }
        return parameters
    }

    /// Parameters of the sending end.
    func sourceParameters(_ migration: OutgoingMigration) -> [String: JSONValue] {
        let limit = (migration.bandwidthLimit ?? Self.defaultBandwidth).count
        var parameters: [String: JSONValue] = [
            "max-bandwidth": .integer(limit),
            // QEMU refuses more than 2,000 s.
            "downtime-limit": .integer(Int64(min(max(1, migration.downtimeLimitMilliseconds), 2_000_000))),
        ]
        if method.postCopy { parameters["max-postcopy-bandwidth"] = .integer(migration.bandwidthLimit?.count ?? 0) }
        if method.autoConverge {
            parameters.merge([
                "cpu-throttle-initial": 20, "cpu-throttle-increment": 10, "max-cpu-throttle": 99,
            ]) { $1 }
        }
        return parameters
    }
}
