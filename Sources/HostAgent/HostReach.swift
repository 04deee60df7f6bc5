import Counters
import FleetModel
import FoundationEssentials
import Glibc

/// What VMs find on the host whoever runs them: its bridges.
struct HostReach: Sendable {
    /// What there is now.
    struct Reading: Hashable, Sendable {
        /// The host's bridges; `nil` where the kernel does not show its interfaces.
        var bridges: [String]?

        /// What VMs can be made of, with this.
        func added(to capabilities: HostCapabilities?) -> HostCapabilities? {
            if self == Reading() { return capabilities }
            var all = capabilities ?? HostCapabilities()
            all.bridges = bridges
            return all
        }
    }

    private let interfaces: String

    init(_ configuration: AgentConfiguration) {
        self.init(interfaces: "\(configuration.samplerOptions.sysFolder)/class/net")
    }

    /// Looks for interfaces in the folder `interfaces`.
    init(interfaces: String) {
        self.interfaces = interfaces
    }

    /// Looks now.
    func reading() -> Reading { Reading(bridges: bridges()) }

    /// An interface that is a bridge has a folder of that name (Linux `net/bridge/br_sysfs_br.c`).
    private func bridges() -> [String]? {
        let names = try? FileManager.default.contentsOfDirectory(atPath: interfaces)
        return names?.filter { unsafe access("\(interfaces)/\($0)/bridge", F_OK) == 0 }.sorted()
    }
}
