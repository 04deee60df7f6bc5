import FleetModel
import Placement
import Remediation
import RulePacks
import Testing

@Suite("Hosts that leave, and hosts that contradict each other")
struct HostClaimTests {
    @Test("A host that reports stays; one that went silent can be removed, and may come back")
    func removal() throws {
        var world = World.hot()
        let h2 = Sample.host("h2")
        world.expect(.notFound("there is no host h9"), for: .removeHost(Sample.host("h9")))
        guard case .refused(let reason)? = world.ask(.removeHost(h2)) else {
            Issue.record("a host that reports was removed")
            return
        }
        #expect(reason.contains("stop its agent"))
        world.pass(46)
        world.report("h1")
        world.expect(.done(), for: .removeHost(h2))
        #expect(world.loop.hostRecords.map(\.report.host.text) == ["h1"])
        #expect(world.journal.state.hosts.map(\.report.host.text) == ["h1"])
        #expect(world.journal.audit.last?.event == "host.remove")
        #expect(world.journal.audit.last?.actor == "ann")
        world.report("h2")
        #expect(world.loop.hostRecords.count == 2)
    }

    @Test("A silent host that an operation needs stays until that has ended")
    func removalDuringOperation() throws {
        var world = World.hot()
        world.round([Sample.hot("h1")])
        world.ask(.approve(tip: 1))
        world.handOut()
        world.answer(try #require(world.openCommands.first), .listening(address: "tcp:127.0.0.1:49152"))
        world.pass(60)
        world.expect(
            .refused("host h2 is part of operation 1, which has not ended: cancel that first"),
            for: .removeHost(Sample.host("h2")))
    }

    @Test("A report from another cluster changes nothing and is said once; after a removal the host joins that")
    func otherCluster() throws {
        var world = World.hot()
        let other = try #require(ClusterName("other"))
        world.hosts[1].report.cluster = other
        world.pass(10)
        #expect(world.loop.objection(to: world.hosts[0].report) == nil)
        #expect(world.loop.objection(to: world.hosts[1].report)?.hasPrefix("host h2 belongs to cluster main") == true)
        for _ in 0..<3 { world.report("h2") }
        #expect(world.journal.audit.count { $0.event == "host.refused" } == 1)
        #expect(world.loop.hostRecords[1].report.cluster == World.cluster)
        world.pass(40)
        world.report("h2")
        world.expect(.done(), for: .removeHost(Sample.host("h2")))
        world.report("h2")
        #expect(world.loop.hostRecords[1].report.cluster == other)
    }

    @Test("A VM that two hosts report now is named once and moves from neither; a crash of the server forgets nothing")
    func claimedTwice() throws {
        var world = World.hot()
        world.hosts[1].report.virtualMachines.append(Sample.status(1, .running))
        for _ in 0..<3 {
            world.reportAll()
            world.pass(1)
        }
        let entries = world.journal.audit.filter { $0.event == "vm.contested" }
        #expect(entries.count == 1)
        #expect(entries.first?.detail.contains("by h1 and by h2") == true)
        let move = ControlRequest.Kind.migrate(Sample.machine(1), to: Sample.host("h2"))
        world.expect(.refused("VM vm-1: it must stay: more than one host reports it"), for: move)
        world.restart()
        world.reportAll()
        #expect(world.journal.audit.count { $0.event == "vm.contested" } == 2, "another run says so again")
    }

    @Test("A report from before a move's end contradicts nothing")
    func moved() {
        var world = World.hot()
        world.round([Sample.hot("h1")])
        world.ask(.approve(tip: 1))
        world.carryOutAll()
        world.hosts[1].report.virtualMachines.append(Sample.status(1, .running))
        world.pass(1)
        world.report("h2")
        #expect(!world.journal.audit.contains { $0.event == "vm.contested" })
        world.report("h1")
        #expect(
            world.journal.audit.contains { $0.event == "vm.contested" }, "h1 says after the move that it runs there")
    }

    @Test("A VM that was started elsewhere moves again, though a dead host still lists it: only by an operator")
    func deadHost() throws {
        var world = World.hot()
        world.add("h0", use: 0.1, machines: [:])
        world.hosts[2].report.virtualMachines.append(Sample.status(1, .running))
        world.report("h0")
        world.pass(60)
        world.report("h1")
        world.report("h2")
        world.round([Sample.hot("h1")])
        let moved = world.tip?.plan?.actions.map(\.virtualMachineName)
        #expect(moved?.isEmpty == false)
        #expect(moved?.contains("vm-1") == false)
        world.expect(.done(operation: 1), for: .migrate(Sample.machine(1), to: Sample.host("h2")))
    }
}
