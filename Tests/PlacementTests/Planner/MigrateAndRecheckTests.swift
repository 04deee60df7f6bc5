import FleetModel
import Placement
import Testing

@Suite("One named move, and the re-check before any")
struct MigrateAndRecheckTests {
    private let planner = Planner()

    private func action(_ number: Int, _ from: String, _ to: String) -> PlannedAction {
        PlannedAction(
            kind: .migrate(virtualMachine: Fleets.id(number), from: Fleets.hostName(from), to: Fleets.hostName(to)),
            virtualMachineName: "vm-\(number)",
            prediction: Prediction(
                sourceProcessor: nil, destinationProcessor: nil, sourceMemory: nil, destinationMemory: nil))
    }

    @Test("an operator may move a VM whose load nobody measured; the prediction says unknown")
    func operatorAndUnknown() throws {
        let fleet = Fleets.snapshot([
            Fleets.host("a", use: 0.5, [Fleets.machine(1, use: nil)]), Fleets.host("b", use: nil),
        ])
        let outcome = planner.plan(.migrate(Fleets.id(1), to: Fleets.hostName("b")), on: fleet)
        #expect(outcome.moves == ["vm-1>b"])
        #expect(outcome.plan?.actions.first?.prediction.destinationProcessor == nil)
        #expect(outcome.plan?.explanation.contains("a load is unknown") == true)
        let step = action(1, "a", "b")
        #expect(planner.objection(to: step, on: fleet, automatic: false) == nil)
        #expect(planner.objection(to: step, on: fleet, automatic: true) == "VM vm-1: its processor use is unknown")
    }

    @Test("limits hold for an operator too")
    func operatorAndLimits() {
        let fleet = Fleets.snapshot([
            Fleets.host("a", use: 0.5, [Fleets.machine(1, use: 3)]), Fleets.host("b", use: 0.6),
        ])
        let outcome = planner.plan(.migrate(Fleets.id(1), to: Fleets.hostName("b")), on: fleet)
        #expect(outcome.reason == "b: processor would be 98 % busy, limit 75 %")
        #expect(outcome.rejected.count == 1)
    }

    @Test("wrong names, the same host, another cluster, an absent source: each its own reason")
    func wrongMoves() throws {
        let other = try #require(ClusterName("other"))
        let fleet = Fleets.snapshot([
            Fleets.host("a", use: 0.5, [Fleets.machine(1, use: 1)]), Fleets.host("b", use: 0.1, cluster: other),
            Fleets.host("d", use: 0.1, [Fleets.machine(2, use: 1)], unavailable: "its agent is silent"),
        ])
        func reason(_ number: Int, _ to: String) -> String? {
            planner.plan(.migrate(Fleets.id(number), to: Fleets.hostName(to)), on: fleet).reason
        }
        #expect(reason(9, "b") == "no host reports a VM \(Fleets.id(9))")
        #expect(reason(1, "z") == "the fleet has no host z")
        #expect(reason(1, "a") == "a: it is there already")
        #expect(reason(1, "b") == "b: it is in cluster other, not in c")
        #expect(reason(1, "d") == "d: it is not available: its agent is silent")
        #expect(reason(2, "a") == "VM vm-2: d is not available: its agent is silent")
    }

    @Test("a plan that the fleet has overtaken is objected to")
    func staleAction() {
        let step = action(1, "a", "b")
        func objection(_ hosts: [PlacementHost], automatic: Bool = true) -> String? {
            planner.objection(to: step, on: Fleets.snapshot(hosts), automatic: automatic)
        }
        let machine = Fleets.machine(1, use: 1)
        #expect(objection([Fleets.host("a", use: 0.9, [machine]), Fleets.host("b", use: 0.1)]) == nil)
        #expect(objection([Fleets.host("b", use: 0.1)]) == "no host reports VM vm-1 any more")
        #expect(
            objection([Fleets.host("b", use: 0.1, [machine]), Fleets.host("a", use: 0.1)])
                == "VM vm-1 is on b now, not on a")
        #expect(
            objection([Fleets.host("a", use: 0.9, [machine]), Fleets.host("b", use: 0.7)])
                == "b: processor would be 83 % busy, limit 75 %")
        #expect(
            objection([Fleets.host("a", use: 0.9, [machine]), Fleets.host("b", use: nil)])
                == "b: its processor use is unknown")
        let moved = Fleets.machine(1, use: 1, lastMoved: Fleets.time - .seconds(10))
        let cooling = [Fleets.host("a", use: 0.9, [moved]), Fleets.host("b", use: 0.1, lastMoved: Fleets.time)]
        #expect(objection(cooling)?.contains("left alone") == true)
        #expect(objection(cooling, automatic: false) == nil)
    }

    @Test("a VM that arrived shows in the sum of VMs before it shows in the host's average")
    func arrivalCounts() {
        let arrived = [Fleets.machine(2, use: 3), Fleets.machine(3, use: 2)]
        let fleet = Fleets.snapshot([
            Fleets.host("a", use: 0.9, [Fleets.machine(1, use: 2)]), Fleets.host("b", use: 0.3, arrived),
        ])
        #expect(
            planner.objection(to: action(1, "a", "b"), on: fleet, automatic: true)
                == "b: processor would be 88 % busy, limit 75 %")
    }

    @Test("what cannot be true is unknown, what is listed twice counts once and does not move")
    func theDoor() {
        let fleet = Fleets.snapshot([
            Fleets.host("b", use: 1.7, gib: 4, available: 9), Fleets.host("a", use: -1, [Fleets.machine(1, use: .nan)]),
            Fleets.host("b", use: 0.1), Fleets.host("d", use: 0.2, [Fleets.machine(1, use: 1)]),
        ])
        #expect(fleet.hosts.map(\.name.text) == ["a", "b", "d"])
        #expect(fleet.hosts.prefix(2).allSatisfy { $0.processorUse == nil })
        #expect(fleet.hosts[1].memoryAvailable == nil)
        #expect(fleet.hosts[0].virtualMachines.first?.processorUse == nil)
        #expect(fleet.locate(Fleets.id(1))?.machine.immovable == "more than one host reports it")
        #expect(fleet.problems.count == 6, "\(fleet.problems)")
    }
}
