import FleetModel
import Placement
import Testing

@testable import Remediation

/// Each veto by itself: everything else is well, so that the test fails where that one veto is left out.
@Suite("Every veto of the envelope")
struct EnvelopeTests {
    private func world() -> World { Veto.calm() }

    private func move(_ number: Int, _ from: String, _ to: String) -> PlannedAction {
        PlannedAction(
            kind: .migrate(virtualMachine: Sample.machine(number), from: Sample.host(from), to: Sample.host(to)),
            virtualMachineName: "vm-\(number)",
            prediction: Prediction(
                sourceProcessor: nil, destinationProcessor: nil, sourceMemory: nil, destinationMemory: nil))
    }

    private func objection(_ world: World, _ action: PlannedAction? = nil) -> String? {
        guard let tip = world.tip else { return "there is no tip" }
        return world.loop.policyObjection(to: action ?? move(1, "h1", "h2"), for: tip)
    }

    /// Moves a VM by an operator's word, to its end.
    private func moveByHand(_ number: Int, to host: String, _ world: inout World) {
        guard case .done = world.ask(.migrate(Sample.machine(number), to: Sample.host(host))) else {
            Issue.record("vm-\(number) was not moved to \(host)")
            return
        }
        world.carryOutAll()
        world.relocate(number, to: host)
        world.pass(5)
        world.reportAll()
        world.round([Sample.hot("h1")])
    }

    private func limit(_ name: LimitName, _ value: Double, _ world: inout World) {
        guard case .changed = world.ask(.changePolicy(.setLimit(name, value))) else {
            Issue.record("\(name) cannot be \(value)")
            return
        }
    }

    @Test("Where nothing is wrong nothing is said against an action")
    func nothing() {
        #expect(objection(world()) == nil)
    }

    @Test("Nothing was measured lately")
    func unmeasured() {
        var world = world()
        world.pass(91)
        #expect(objection(world)?.contains("nothing was measured since") == true)
    }

    @Test("The clock was set back")
    func clockBack() {
        var world = world()
        world.pass(-91)
        world.reportAll()
        world.round([Sample.hot("h1")])
        #expect(objection(world)?.contains("the server's clock was set back by") == true)
    }

    @Test("Budgets", arguments: [LimitName.actionsPerHour, .actionsPerDay])
    func budgets(name: LimitName) {
        var world = world()
        limit(name, 0, &world)
        #expect(objection(world)?.contains("used up its budget of 0 actions") == true)
    }

    @Test("Failures of this hour, operations and tips alike, and no others")
    func breaker() {
        var world = world()
        limit(.failuresPerHour, 1, &world)
        #expect(objection(world) == nil)
        world.ask(.changePolicy(.setAutomation(AutomationRule(scope: .fleet, level: .automatic))))
        while let command = world.openCommands.first, world.operation?.state.isFinal == false {
            world.answer(command, .failed("no room"))
        }
        #expect(world.operation?.state == .failed && world.operation?.requestedBy == Actor.policy)
        world.ask(.changePolicy(.setAutomation(AutomationRule(scope: .fleet, level: .operator))))
        #expect(objection(world)?.contains("did not help or failed within") == true)
        world.pass(3700)
        world.reportAll()
        world.round([Sample.hot("h1")])
        #expect(objection(world) == nil)
    }

    @Test("A cluster or a pack is held", arguments: [HoldScope.cluster(World.cluster), .pack("host-pressure")])
    func held(scope: HoldScope) {
        var world = world()
        world.ask(.hold(scope, reason: "somebody else"))
        #expect(objection(world)?.contains("\(scope) is held by ann since") == true)
    }

    @Test("A blackout")
    func window() {
        var world = world()
        world.ask(
            .changePolicy(
                .setWindow(PolicyWindow(name: "always", kind: .blackout, zone: "UTC", from: 0, to: 1440))))
        #expect(objection(world)?.contains("blackout 'always' lasts until") == true)
    }

    @Test("The VM's own level")
    func machine() {
        var world = world()
        world.ask(
            .changePolicy(.setAutomation(AutomationRule(scope: .machine(Sample.machine(1)), level: .operator))))
        #expect(objection(world)?.contains("vm-1 has level 'operator' of its own") == true)
        #expect(objection(world, move(2, "h1", "h2")) == nil)
    }

    @Test("Hosts that were part of a move a moment ago are left alone")
    func hostCoolDown() {
        var world = world()
        moveByHand(4, to: "h4", &world)
        #expect(objection(world, move(1, "h1", "h4")) == nil)
        limit(.hostCoolDownMinutes, 10, &world)
        #expect(objection(world, move(1, "h1", "h4"))?.contains("hosts are left alone for 10 min") == true)
        #expect(objection(world, move(1, "h1", "h2")) == nil)
    }

    @Test("Clusters in which somebody moved a VM a moment ago are left alone where an operator wants that")
    func clusterCoolDown() {
        var world = world()
        moveByHand(4, to: "h4", &world)
        limit(.clusterCoolDownMinutes, 10, &world)
        #expect(objection(world)?.contains("clusters are left alone for 10 min") == true)
    }

    @Test("From A to B and back to A: policy does not, until the time for that has passed")
    func thereAndBack() {
        var world = world()
        moveByHand(4, to: "h4", &world)
        #expect(objection(world, move(4, "h4", "h2")) == nil, "on to C it may")
        let back = objection(world, move(4, "h4", "h3"))
        #expect(back?.contains("moved vm-4 off h3 less than") == true)
        #expect(back?.contains("policy does not bring it back") == true)
        limit(.returnHours, 0, &world)
        #expect(objection(world, move(4, "h4", "h3")) == nil)
    }

    // MARK: Its turn has not come

    private func turn(_ world: World, _ action: PlannedAction) -> SafetyVerdict? {
        var loop = world.loop
        return loop.verdict(on: action, for: world.tip, by: .approved)
    }

    @Test("Caps of moves at a time: off a host, to a host, in the cluster, in the fleet, of one VM")
    func caps() {
        var world = world()
        world.ask(.migrate(Sample.machine(4), to: Sample.host("h4")))
        #expect(turn(world, move(1, "h1", "h2")) == nil)
        #expect(turn(world, move(4, "h3", "h2")) == .later("operation 1 moves the same VM"))
        #expect(turn(world, move(5, "h3", "h2")) == .later("operation 1 moves a VM off h3"))
        #expect(turn(world, move(1, "h1", "h4")) == .later("operation 1 moves a VM to h4"))
        var other = world
        limit(.concurrentPerCluster, 1, &other)
        #expect(
            turn(other, move(1, "h1", "h2"))
                == .later("1 migrations are under way in cluster main, which is the limit"))
        limit(.concurrentMigrations, 1, &world)
        #expect(turn(world, move(1, "h1", "h2")) == .later("1 migrations are under way, which is the limit"))
    }

    @Test("A host that has not reported since something ended on it")
    func stale() {
        var world = world()
        world.ask(.migrate(Sample.machine(4), to: Sample.host("h4")))
        world.carryOutAll()
        guard case .later(let reason) = turn(world, move(1, "h1", "h4")) else {
            Issue.record("it may begin")
            return
        }
        #expect(reason.contains("h4 has not reported since its last operation ended"))
        #expect(turn(world, move(1, "h1", "h2")) == nil)
    }

    // MARK: Never

    @Test("Unknown loads, ceilings, the reserve, a VM that is not there: whoever approved it")
    func never() {
        func verdict(_ change: (inout World) -> Void, _ action: PlannedAction? = nil) -> String? {
            var world = world()
            change(&world)
            guard case .never(let reason) = turn(world, action ?? move(1, "h1", "h2")) else { return nil }
            return reason
        }
        #expect(verdict({ _ in }) == nil)
        #expect(
            verdict({ world in
                world.use[Sample.host("h2")] = nil
                world.round([Sample.hot("h1")])
            })?.contains("the load of h2 is unknown") == true)
        #expect(
            verdict({ world in
                world.machineUse[Sample.machine(1)] = nil
                world.round([Sample.hot("h1")])
            })?.contains("the load of vm-1 is unknown") == true)
        #expect(
            verdict({ world in
                world.use[Sample.host("h2")] = 0.7
                world.round([Sample.hot("h1")])
            }) != nil)
        #expect(verdict({ _ in }, move(1, "h3", "h2"))?.contains("vm-1") == true)
        #expect(verdict({ world in world.pass(50) })?.isEmpty == false, "hosts that do not report")
    }
}
