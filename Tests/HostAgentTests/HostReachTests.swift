import FleetModel
import FoundationEssentials
import Testing

@testable import HostAgent

@Suite("What VMs find on a host whoever runs them")
struct HostReachTests {
    @Test func `bridges are the interfaces that the kernel shows as such; without its word they are unknown`() throws {
        let folder = TemporaryFolder()
        for name in ["br1/bridge", "br0/bridge", "eth0/device", "lo"] {
            try FileManager.default.createDirectory(
                atPath: "\(folder.path)/net/\(name)", withIntermediateDirectories: true)
        }
        let reading = HostReach(interfaces: "\(folder.path)/net").reading()
        #expect(reading.bridges == ["br0", "br1"])
        #expect(reading.added(to: nil)?.bridges == ["br0", "br1"])
        let blind = HostReach(interfaces: "\(folder.path)/none").reading()
        #expect(blind.bridges == nil && blind.added(to: nil) == nil)
        #expect(blind.added(to: HostCapabilities(machines: ["pc"]))?.machines == ["pc"])
    }
}
