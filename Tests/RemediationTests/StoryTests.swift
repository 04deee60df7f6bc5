import FleetModel
import Placement
import Remediation
import RulePacks
import Testing

@Suite("Tips of one cause are one story")
struct StoryTests {
    private enum About {
        case host(Int)
        case machine(Int)
        case cluster
    }

    /// Advice of a rule about something, since a second of the world.
    private func alert(_ rule: String, _ about: About, since second: Int64 = 1000) -> ActiveAlert {
        var alert = Sample.hot("h1", alert: rule, approval: .advise)
        alert.tip?.remediation = "notify"
        alert.activeSince = Timestamp(milliseconds: second * 1000)
        alert.tip?.subject =
            switch about {
            case .host(let number): .host(Sample.host("h\(number)"), cluster: World.cluster)
            case .machine(let number): .virtualMachine(Sample.machine(number), cluster: World.cluster)
            case .cluster: .cluster(World.cluster)
            }
        return alert
    }

    /// Four hosts, the first with three VMs.
    private func world(domains: [String: [Int]] = [:]) -> World {
        var world = World.hot()
        for number in 3...4 { world.add("h\(number)", use: 0.1, machines: [number + 1: 0.1]) }
        var policy = ClusterPolicy()
        policy.domains = domains.mapValues { $0.map { Sample.host("h\($0)") } }
        if !domains.isEmpty { world.ask(.changePolicy(.setCluster(World.cluster, policy))) }
        return world
    }

    /// The stories of the open tips, by number.
    private func stories(_ world: World) -> [Int64?] { world.loop.openTips.map(\.story) }

    @Test("Different rules about hosts of one failure domain, and not about others")
    func domain() {
        var world = world(domains: ["switch-a": [1, 2], "switch-b": [3, 4]])
        world.round([
            alert("HostSilent", .host(1)), alert("LinkDown", .host(2)), alert("FanFails", .host(3)),
        ])
        #expect(stories(world) == [nil, 1, nil])
        var other = self.world()
        other.round([alert("HostSilent", .host(1)), alert("LinkDown", .host(2))])
        #expect(stories(other) == [nil, nil], "nobody said that they share anything")
    }

    @Test("Several hosts that fall silent at once, the VMs on them, and the reserve that is gone for it")
    func silence() {
        var world = world(domains: ["switch-a": [1, 2]])
        world.round([
            alert("HostSilent", .host(1)), alert("HostSilent", .host(2)), alert("VMUnreachable", .machine(1)),
            alert("ReserveGone", .cluster, since: 1010),
        ])
        #expect(stories(world) == [nil, 1, 1, 1])
    }

    @Test("What began at another time in the cluster is no story with what happens to a host")
    func apart() {
        var world = world()
        world.round([alert("FanFails", .host(1)), alert("Unbalanced", .cluster, since: 100)])
        #expect(stories(world) == [nil, nil])
        var reversed = self.world()
        reversed.round([alert("Unbalanced", .cluster)])
        reversed.pass(60)
        reversed.reportAll()
        reversed.round([alert("Unbalanced", .cluster), alert("Hot", .host(1), since: 1060)])
        #expect(stories(reversed) == [nil, 1])
        reversed.pass(700)
        reversed.reportAll()
        reversed.round([alert("Hot", .host(3), since: 1060), alert("FanFails", .host(2), since: 1060)])
        #expect(stories(reversed).suffix(2) == [nil, nil], "the story began long ago")
    }

    @Test("An overloaded host takes in the VMs that wait on it, also those that were a story already")
    func overload() {
        var world = world()
        let waiting = [1, 2, 3].map { alert("VMWaits", .machine($0)) }
        world.round(waiting)
        #expect(stories(world) == [nil, 1, 1])
        world.pass(900)
        world.reportAll()
        world.round(waiting + [Sample.hot("h1")])
        #expect(stories(world) == [4, 4, 4, nil])
        world.restart()
        #expect(stories(world) == [4, 4, 4, nil])
    }

    @Test("Several rules about one object are one story, unless one takes the other's place")
    func oneObject() {
        var world = world()
        world.round([alert("FanFails", .host(1)), alert("Hot", .host(1)), alert("DiskFails", .host(3))])
        #expect(stories(world) == [nil, 1, nil])
        var other = self.world()
        other.round([Sample.hot("h1")])
        other.pass(5)
        other.round([Sample.hot("h1"), Sample.hot("h1", alert: "Burning", level: .critical)])
        #expect(other.loop.tip(1)?.state == .superseded && other.loop.tip(2)?.story == nil)
    }
}
