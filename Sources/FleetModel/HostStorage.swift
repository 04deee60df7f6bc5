/// How large a file system is, and what of it is still to be had.
public struct StorageSpace: Hashable, Codable, Sendable {
    /// All of it.
    public var total: Bytes
    /// What is free for whoever is not root.
    public var available: Bytes

    /// A file system's space.
    public init(total: Bytes, available: Bytes) {
        self.total = total
        self.available = available
    }
}

/// A file system that several hosts can have mounted at the same time, such as one of NFS, Ceph or GFS2.
public struct SharedFileSystem: Hashable, Codable, Sendable {
    /// What is mounted, such as `nas:/vms`; spelled the same for the same on every host as far as that can be.
    public var source: String
    /// Its type, such as `nfs4`.
    public var type: String
    /// Where it is mounted.
    public var mountPoint: String
    /// Its space; `nil` where it has not answered, as one whose server is gone.
    public var space: StorageSpace?

    /// A file system.
    public init(source: String, type: String, mountPoint: String, space: StorageSpace? = nil) {
        self.source = source
        self.type = type
        self.mountPoint = mountPoint
        self.space = space
    }

    /// What hosts have in common that reach it under the same paths, which is what VMs' disks need.
    public var datastore: String { "\(source) on \(mountPoint)" }

    /// Whether a file of this absolute path lies below the mount point.
    func holds(_ path: String) -> Bool {
        guard path.hasPrefix(mountPoint) else { return false }
        return mountPoint.hasSuffix("/") || path.utf8.dropFirst(mountPoint.utf8.count).first == UInt8(ascii: "/")
    }
}

/// A shared file system as the hosts of a cluster see it: one amount of space, however many of them mount it.
public struct Datastore: Hashable, Codable, Sendable {
    /// What it is called.
    public var name: String
    /// Its space, as the fullest answer has it; `nil` where no host knows.
    public var space: StorageSpace?
    /// The hosts that reach it.
    public var hosts: [String]

    /// The datastores of hosts with these file systems, by name.
    public static func all(of hosts: [(name: String, fileSystems: [SharedFileSystem])]) -> [Datastore] {
        var known: [String: Datastore] = [:]
        for host in hosts {
            for system in host.fileSystems {
                var store = known[system.datastore] ?? Datastore(name: system.datastore, space: nil, hosts: [])
                if store.hosts.last != host.name { store.hosts.append(host.name) }
                store.space = [store.space, system.space].compactMap(\.self).min { $0.available < $1.available }
                known[store.name] = store
            }
        }
        return known.values.sorted { $0.name < $1.name }
    }
}

extension VirtualMachineDefinition {
    /// Those of `fileSystems` on which its shared disks lie: each on the one whose mount point is the longest beginning of
    /// its path. What lies elsewhere, such as a block device, names none.
    public func datastores(among fileSystems: [SharedFileSystem]) -> Set<String> {
        if fileSystems.isEmpty { return [] }
        var found: Set<String> = []
        for disk in disks where !disk.isLocal {
            let holders = fileSystems.lazy.filter { $0.holds(disk.path) }
            let nearest = holders.max { $0.mountPoint.utf8.count < $1.mountPoint.utf8.count }
            if let nearest { found.insert(nearest.datastore) }
        }
        return found
    }
}
