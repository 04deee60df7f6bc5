import Dispatch
import FleetModel
import FoundationEssentials
import Testing

@testable import HostAgent

@Suite("What VMs find on a host whoever runs them")
struct HostReachTests {
    @Test func `bridges are the interfaces that the kernel shows as such; without its word they are unknown`()
        async throws
    {
        let folder = TemporaryFolder()
        for name in ["br1/bridge", "br0/bridge", "eth0/device", "lo"] {
            try FileManager.default.createDirectory(
                atPath: "\(folder.path)/net/\(name)", withIntermediateDirectories: true)
        }
        let reading = await HostReach(interfaces: "\(folder.path)/net", mounts: "/none").reading {}
        #expect(reading.bridges == ["br0", "br1"])
        #expect(reading.added(to: nil)?.bridges == ["br0", "br1"])
        let blind = await HostReach(interfaces: "\(folder.path)/none", mounts: "/none").reading {}
        #expect(blind.bridges == nil && blind.sharedFileSystems == nil && blind.added(to: nil) == nil)
        #expect(blind.added(to: HostCapabilities(machines: ["pc"]))?.machines == ["pc"])
    }

    private static let mounts = """
        /dev/sda1 / ext4 rw 0 0
        nas:/vms/ /srv/vms nfs4 rw 0 0
        10.0.0.2:6789,10.0.0.1:6789:/ /srv/ceph ceph rw 0 0
        nas:/gone /srv/gone nfs rw 0 0

        """

    @Test func `shared file systems are told by name, and one that does not answer holds up nothing and has no space`()
        async throws
    {
        let folder = TemporaryFolder()
        try Self.mounts.write(toFile: "\(folder.path)/mounts", atomically: true, encoding: .utf8)
        let (releases, release) = AsyncStream.makeStream(of: Void.self)
        let held = DispatchSemaphore(value: 0)
        let space = StorageSpace(total: .gibibytes(100), available: .gibibytes(40))
        let reach = HostReach(
            interfaces: "/none", mounts: "\(folder.path)/mounts", localDisks: "/srv/local",
            space: { path in
                if path == "/srv/gone" { held.wait() } else { release.yield() }
                return space
            })
        // Patience ends when the three others have answered.
        let reading = await reach.reading {
            var answers = 0
            for await _ in releases {
                answers += 1
                if answers == 3 { return }
            }
        }
        held.signal()
        let systems = try #require(reading.sharedFileSystems)
        #expect(systems.map(\.source) == ["nas:/vms", "10.0.0.1:6789,10.0.0.2:6789:/", "nas:/gone"])
        #expect(systems.map(\.mountPoint) == ["/srv/vms", "/srv/ceph", "/srv/gone"])
        #expect(systems[2].space == nil)
        let later = await reach.reading { await withCheckedContinuation { $0.resume() } }
        #expect(later.sharedFileSystems?.count == 3)
    }

    @Test func `how much room there is, is what the kernel says`() throws {
        let space = try #require(SpaceDesk.space(at: "/"))
        #expect(space.total > .zero && space.available <= space.total)
        #expect(SpaceDesk.space(at: "/no/such/place") == nil)
    }
}
