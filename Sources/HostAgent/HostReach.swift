import Counters
import FleetModel
import FoundationEssentials
import Glibc

/// What VMs find on the host whoever runs them: its bridges, room for disks of their own, and the file systems that it
/// shares with other hosts.
struct HostReach: Sendable {
    /// What there is now.
    struct Reading: Hashable, Sendable {
        /// The host's bridges; `nil` where the kernel does not show its interfaces.
        var bridges: [String]?
        /// Space of the folder for local disks; `nil` where there is none.
        var localSpace: StorageSpace?
        /// What is mounted of that kind; `nil` where the kernel does not say.
        var sharedFileSystems: [SharedFileSystem]?

        /// What VMs can be made of, with this.
        func added(to capabilities: HostCapabilities?) -> HostCapabilities? {
            if self == Reading() { return capabilities }
            var all = capabilities ?? HostCapabilities()
            all.bridges = bridges
            all.localSpace = localSpace
            all.sharedFileSystems = sharedFileSystems
            return all
        }
    }

    private let interfaces: String
    private let mounts: String
    private let localDisks: String?
    private let desk: SpaceDesk

    init(_ configuration: AgentConfiguration) {
        let options = configuration.samplerOptions
        self.init(
            interfaces: "\(options.sysFolder)/class/net", mounts: "\(options.procFolder)/self/mounts",
            localDisks: configuration.localDisksFolder)
    }

    /// Looks for interfaces in the folder `interfaces`, for mounts in the file `mounts`; how much room there is, `space`
    /// says, which may take as long as it likes.
    init(
        interfaces: String, mounts: String, localDisks: String? = nil,
        space: @escaping @Sendable (String) -> StorageSpace? = SpaceDesk.space
    ) {
        self.interfaces = interfaces
        self.mounts = mounts
        self.localDisks = localDisks
        desk = SpaceDesk(space)
    }

    /// Looks now. File systems are given until `patience` ends to say how much room they have.
    func reading(patience: @escaping @Sendable () async -> Void) async -> Reading {
        let shared = sharedFileSystems()
        await desk.ask((shared ?? []).map(\.mountPoint) + [localDisks].compactMap(\.self), patience: patience)
        return Reading(
            bridges: bridges(), localSpace: localDisks.flatMap(desk.answer),
            sharedFileSystems: shared?.map { system in
                var system = system
                system.space = desk.answer(system.mountPoint)
                return system
            })
    }

    /// An interface that is a bridge has a folder of that name (Linux `net/bridge/br_sysfs_br.c`).
    private func bridges() -> [String]? {
        let names = try? FileManager.default.contentsOfDirectory(atPath: interfaces)
        return names?.filter { unsafe access("\(interfaces)/\($0)/bridge", F_OK) == 0 }.sorted()
    }

    private func sharedFileSystems() -> [SharedFileSystem]? {
        guard let content = FileManager.default.contents(atPath: mounts),
            let table = try? MountTable(parsing: [UInt8](content).span, path: mounts)
        else { return nil }
        return table.sharedFileSystems.map { mount in
            SharedFileSystem(
                source: Self.spelled(mount.device), type: mount.type, mountPoint: mount.mountPoint)
        }
    }

    /// The same source the same on every host: Ceph's monitors in order (`10.0.0.1,10.0.0.2:/vms`, mount.ceph(8)), and no
    /// slash at the end.
    static func spelled(_ source: String) -> String {
        var text = source[...]
        while text.count > 1, text.hasSuffix("/"), !text.hasSuffix(":/") { text = text.dropLast() }
        guard let end = text.firstRange(of: ":/"), text[..<end.lowerBound].contains(",") else { return String(text) }
        let monitors = text[..<end.lowerBound].split(separator: ",").sorted().joined(separator: ",")
        return monitors + text[end.lowerBound...]
    }
}
