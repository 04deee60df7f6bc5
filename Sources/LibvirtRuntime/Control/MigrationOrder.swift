import FleetModel

/// What libvirt is told of a migration (virDomainMigrateToURI3).
struct MigrationOrder: Hashable, Sendable {
    /// virDomainMigrateFlags.
    struct Flags: OptionSet, Hashable {
        let rawValue: UInt32
        static let live = Flags(rawValue: 1 << 0)
        static let peerToPeer = Flags(rawValue: 1 << 1)
        static let persistThere = Flags(rawValue: 1 << 3)
        static let undefineHere = Flags(rawValue: 1 << 4)
        static let copyDisks = Flags(rawValue: 1 << 6)
        static let compressed = Flags(rawValue: 1 << 11)
        static let abortOnError = Flags(rawValue: 1 << 12)
        static let autoConverge = Flags(rawValue: 1 << 13)
        static let postCopy = Flags(rawValue: 1 << 15)
        static let tls = Flags(rawValue: 1 << 16)
        static let parallel = Flags(rawValue: 1 << 17)
        static let resumePostCopy = Flags(rawValue: 1 << 19)
    }

    /// The first libvirt that packs parallel streams with zstd: 9.1.0.
    static let packingVersion = 9_001_000

    var address: String
    var flags: Flags
    /// MiB a second; 0 for no limit.
    var bandwidth: UInt64 = 0
    /// Parallel streams; 0 for one stream with everything.
    var streams = 0
    var compression: String?
    /// Disks that only the source sees, by the names that libvirt gives them.
    var disks: [String] = []

    /// A migration as it is wanted, of a domain that stays known when it ends or does not.
    ///
    /// libvirt itself refuses what is not safe (VIR_MIGRATE_UNSAFE is never set): disks that the destination does not
    /// see, and caches that would show it old content.
    init(
        _ migration: OutgoingMigration, to address: LibvirtAddress, isPersistent: Bool, localDisks: [String],
        clientVersion: Int
    ) {
        let method = migration.method
        self.address = address.text
        flags = [.peerToPeer, .abortOnError]
        if isPersistent { flags.formUnion([.persistThere, .undefineHere]) }
        if address.isEncrypted { flags.insert(.tls) }
        if method.kind == .live {
            flags.insert(.live)
            if method.autoConverge { flags.insert(.autoConverge) }
            if method.postCopy { flags.insert(.postCopy) }
            if method.channels > 0 {
                flags.insert(.parallel)
                streams = method.channels
                // Where it cannot be had, pages go as they are.
                if method.compression == .zstd, clientVersion >= Self.packingVersion {
                    flags.insert(.compressed)
                    compression = "zstd"
                }
            }
        }
        if !localDisks.isEmpty {
            flags.insert(.copyDisks)
            disks = localDisks
        }
        if let limit = migration.bandwidthLimit { bandwidth = UInt64(max(limit.count >> 20, 1)) }
    }

    /// The same once more for a guest that runs at the destination and lacks the memory that is still here.
    var resumed: MigrationOrder {
        var order = self
        order.flags.formIntersection([.peerToPeer, .live, .persistThere, .undefineHere, .postCopy, .tls])
        order.flags.formUnion([.live, .postCopy, .resumePostCopy])
        (order.streams, order.compression, order.disks) = (0, nil, [])
        return order
    }
}
