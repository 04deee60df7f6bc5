import FleetModel
import FoundationEssentials

/// What a host's networks are for, as far as the kernel shows it.
struct HostNetworks: Hashable, Sendable {
    /// What a network is for.
    enum Use: String, Hashable, Sendable, CaseIterable {
        /// Where the host's own traffic goes: the standard route.
        case management
        /// Where the host's disks are: iSCSI sessions and NFS mounts.
        case storage
        /// Where VMs' memory goes in migrations.
        case migration
    }

    /// The interfaces, by what they are for.
    var interfaces: [Use: Set<String>] = [:]
    /// The ports of each bridge.
    var ports: [String: Set<String>] = [:]

    /// What a bridge that VMs are on is for besides.
    func uses(of bridge: String) -> [Use] {
        let own = (ports[bridge] ?? []).union([bridge])
        return Use.allCases.filter { !(interfaces[$0] ?? []).isDisjoint(with: own) }
    }

    /// Reads what there is on this host. `bridges` are those that matter.
    init(_ host: RuntimeConfiguration, _ surroundings: HostSurroundings, bridges: Set<String>) {
        func text(_ path: String) -> String { String(decoding: SmallFile.read(path) ?? [], as: UTF8.self) }
        let routes = RouteTable(text(surroundings.routes))
        if let interface = routes.standardInterface { interfaces[.management] = [interface] }
        if let interface = routes.interface(to: host.migrationAddress) { interfaces[.migration] = [interface] }
        let folder = surroundings.storageConnections
        let connections = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        let portals = connections.map { name in
            String(text("\(folder)/\(name)/persistent_address").prefix { !$0.isWhitespace })
        }
        interfaces[.storage] = Set(
            (portals + Self.servers(ofMounts: text(surroundings.mounts))).compactMap { routes.interface(to: $0) })
        for bridge in bridges where TapTraffic.isInterface(bridge) {
            let path = "\(surroundings.networkInterfaces)/\(bridge)/brif"
            ports[bridge] = Set((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [])
        }
    }

    /// What is known beforehand, for tests of what follows from it.
    init(_ interfaces: [Use: Set<String>], ports: [String: Set<String>]) {
        self.interfaces = interfaces
        self.ports = ports
    }

    /// The addresses of NFS servers in /proc/mounts: the option `addr=`.
    static func servers(ofMounts text: String) -> [String] {
        text.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count > 3, fields[2].hasPrefix("nfs") else { return nil }
            return fields[3].split(separator: ",").first { $0.hasPrefix("addr=") }.map { String($0.dropFirst(5)) }
        }
    }
}
