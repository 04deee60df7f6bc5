import FleetModel
import Placement

@testable import Remediation

/// Every veto of the envelope, in the order in which they are asked.
extension Veto {
    // MARK: Its turn has not come

    static let later: [Veto] = [
        Veto("everything is stopped", .later, "everything is stopped by ann") {
            $0.ask(.hold(.fleet, reason: "storm"))
        },
        Veto(
            "the same VM is moved", .later, "operation 1 moves the same VM", move: (4, "h3", "h2"),
            sparing: (1, "h1", "h2")
        ) {
            limit(.outgoingPerHost, 2, &$0)
            $0.ask(.migrate(Sample.machine(4), to: Sample.host("h4")))
        },
        Veto(
            "moves off a host", .later, "operation 1 moves a VM off h3", move: (5, "h3", "h2"), sparing: (1, "h1", "h2")
        ) {
            $0.ask(.migrate(Sample.machine(4), to: Sample.host("h4")))
        },
        Veto("moves to a host", .later, "operation 1 moves a VM to h4", move: (1, "h1", "h4"), sparing: (1, "h1", "h2"))
        {
            $0.ask(.migrate(Sample.machine(4), to: Sample.host("h4")))
        },
        Veto("moves in the fleet", .later, "1 migrations are under way, which is the limit") {
            limit(.concurrentMigrations, 1, &$0)
            $0.ask(.migrate(Sample.machine(4), to: Sample.host("h4")))
        },
        Veto("moves in the cluster", .later, "1 migrations are under way in cluster main, which is the limit") {
            limit(.concurrentPerCluster, 1, &$0)
            $0.ask(.migrate(Sample.machine(4), to: Sample.host("h4")))
        },
        Veto(
            "no report since a move", .later, "h4 has not reported since its last operation ended",
            move: (1, "h1", "h4"),
            sparing: (1, "h1", "h2")
        ) {
            $0.ask(.migrate(Sample.machine(4), to: Sample.host("h4")))
            $0.carryOutAll()
            $0.report("h1")
        },
        Veto("no report since the start", .later, "h1 has not reported since the server started") {
            $0.pass(1)
            $0.restart()
        },
        Veto("not measured since the start", .later, "h1 has not been measured since the server started") {
            $0.pass(1)
            $0.restart()
            $0.reportAll()
        },
    ]

    // MARK: Not by policy

    static let notByPolicy: [Veto] = [
        Veto("the clock was set back", .notByPolicy, "the server's clock was set back by") {
            $0.pass(-91)
            again(&$0)
        },
        Veto("nothing was measured", .notByPolicy, "nothing was measured since") {
            $0.pass(91)
            $0.reportAll()
        },
        Veto("budget of the hour", .notByPolicy, "policy has used up its budget of 0 actions within 60 min") {
            limit(.actionsPerHour, 0, &$0)
        },
        Veto("budget of the day", .notByPolicy, "policy has used up its budget of 0 actions within 24 h") {
            limit(.actionsPerDay, 0, &$0)
        },
        Veto("operations that failed", .notByPolicy, "1 automatic remediations did not help or failed") {
            limit(.failuresPerHour, 1, &$0)
            $0.set(.automatic)
            while let command = $0.openCommands.first { $0.answer(command, .failed("no room")) }
            $0.set(.operator)
            $0.pass(5)
            again(&$0)
        },
        Veto("tips that did not help", .notByPolicy, "1 automatic remediations did not help or failed") {
            limit(.failuresPerHour, 1, &$0)
            limit(.hostCoolDownMinutes, 0, &$0)
            limit(.returnHours, 0, &$0)
            $0.set(.automatic)
            guard let move = $0.operation?.move else { return }
            $0.carryOutAll()
            let number = (1...3).first { Sample.machine($0) == move.virtualMachine } ?? 1
            $0.relocate(number, to: move.destination.text)
            for _ in 0..<2 {
                $0.pass(310)
                again(&$0)
            }
            $0.set(.operator)
            // Back where it was, so that nothing but the failure is another than before.
            $0.ask(.migrate(move.virtualMachine, to: move.source))
            $0.carryOutAll()
            $0.relocate(number, to: move.source.text)
            $0.pass(700)
            again(&$0)
        },
        Veto("the cluster is held", .notByPolicy, "cluster:main is held by ann since") {
            $0.ask(.hold(.cluster(World.cluster), reason: "balancer"))
        },
        Veto("the pack is held", .notByPolicy, "pack:host-pressure is held by ann since") {
            $0.ask(.hold(.pack("host-pressure"), reason: "new"))
        },
        Veto("a tip about the same ended", .notByPolicy, "pack host-pressure leaves it alone until") {
            $0.set(.automatic)
            while let command = $0.openCommands.first { $0.answer(command, .failed("no room")) }
            $0.set(.operator)
            $0.pass(5)
            again(&$0)
        },
        Veto("a blackout", .notByPolicy, "blackout 'fair' lasts until it is taken away") {
            $0.ask(.changePolicy(.setWindow(PolicyWindow(name: "fair", kind: .blackout))))
        },
        Veto("outside maintenance windows", .notByPolicy, "it is outside the maintenance windows of cluster main") {
            $0.ask(.changePolicy(.setWindow(PolicyWindow(name: "night", kind: .maintenance, from: 120, to: 300))))
        },
        Veto("the VM's own level", .notByPolicy, "vm-1 has level 'operator' of its own", sparing: (2, "h1", "h2")) {
            $0.set(.operator, in: .machine(Sample.machine(1)))
        },
        Veto(
            "a host rests", .notByPolicy, "hosts are left alone for 10 min", move: (1, "h1", "h4"),
            sparing: (1, "h1", "h2"), in: moved
        ) {
            limit(.hostCoolDownMinutes, 10, &$0)
        },
        Veto("the cluster rests", .notByPolicy, "clusters are left alone for 10 min", in: moved) {
            limit(.clusterCoolDownMinutes, 10, &$0)
        },
        Veto(
            "there and back", .notByPolicy,
            "moved vm-4 off h3 less than 60 min ago, and policy does not bring it back", move: (4, "h4", "h3"),
            sparing: (4, "h4", "h2"), in: moved
        ) {
            limit(.returnHours, 1, &$0)
        },
        Veto(
            "there and back after somebody else", .notByPolicy,
            "somebody else moved vm-4 off h3 less than 60 min ago, and policy does not bring it back",
            move: (4, "h4", "h3"), sparing: (4, "h4", "h2"), in: movedByOthers
        ) {
            limit(.returnHours, 1, &$0)
        },
    ]

    // MARK: Nobody may

    static let never: [Veto] = [
        Veto("the VM is elsewhere", .never, "VM vm-1 is on h1 now, not on h3", by: .approved, move: (1, "h3", "h2")) {
            _ in
        },
        Veto("nobody has the VM", .never, "no host reports VM vm-9", by: .approved, move: (9, "h1", "h2")) { _ in },
        Veto("there is no such host", .never, "the fleet has no host h9", by: .approved, move: (1, "h1", "h9")) { _ in
        },
        Veto("the processors' ceiling", .never, "h2: processor would be", by: .approved) {
            $0.use[Sample.host("h2")] = 0.7
            again(&$0)
        },
        Veto("the memory's ceiling", .never, "h2: memory would be", by: .approved) {
            $0.hosts[1].report.memoryAvailable = .gibibytes(2)
            again(&$0)
        },
        Veto("the reserve", .never, "h2: the cluster could no longer lose any host", by: .approved, in: tight) {
            $0.ask(.changePolicy(cluster { $0.reserve = 1 }))
        },
        Veto("the reserve, by policy", .never, "h2: the cluster could no longer lose any host", in: tight) {
            $0.ask(.changePolicy(cluster { $0.reserve = 1 }))
        },
        Veto("over-commitment", .never, "2 virtual processors on the 4 LPs of h2", by: .approved) {
            $0.ask(.changePolicy(cluster { $0.processorOverCommit = 0.25 }))
        },
        Veto("a host in maintenance", .never, "h2: ", by: .approved) {
            $0.ask(.hold(.host(Sample.host("h2")), reason: "new memory"))
        },
        Veto("a host that is silent", .never, "h2: it is not available: its agent has not reported", by: .approved) {
            $0.pass(50)
            for name in ["h1", "h3", "h4"] { $0.report(name) }
        },
        Veto("the host's load is unknown", .never, "the load of h2 is unknown", by: .approved) {
            $0.use[Sample.host("h2")] = nil
            again(&$0)
        },
        Veto("the VM's load is unknown", .never, "the load of vm-1 is unknown", by: .approved) {
            $0.machineUse[Sample.machine(1)] = nil
            again(&$0)
        },
        Veto("the destination takes no VMs", .never, "h2 takes no VMs: its agent has no migration address", by: .named)
        {
            $0.hosts[1].report.migrationAddress = nil
            $0.report("h2")
        },
        Veto("the destination takes none of libvirt's", .never, "h2 takes no VMs of libvirt's", by: .named) {
            $0.hosts[0].report.virtualMachines[0].manager = VirtualMachineStatus.libvirt
            $0.report("h1")
        },
        Veto("it does not run any more", .never, "vm-1 does not run on h1 any more", by: .named) {
            $0.hosts[0].report.virtualMachines[0].state = .stopped
            $0.report("h1")
        },
        Veto("a constraint", .never, "constraint 1 (avoid): vm-1 must not be on h2") {
            $0.ask(
                .changePolicy(
                    .addConstraint(
                        Constraint(kind: .avoid, machines: [Sample.machine(1)], hosts: [Sample.host("h2")]))))
        },
        constraint(.pin, [1], on: ["h1"], "vm-1 must not be on h2"),
        constraint(.antiAffinity, [1, 4], "vm-1 must not share h3 with vm-4", to: "h3"),
        constraint(.affinity, [1, 2], "vm-1 must share a host with vm-2"),
        constraint(.spread, [1, 4], "2 of 2 VMs are in h3, and 1 is an even spread over 4", to: "h3"),
        Veto("a constraint, by name", .never, "constraint 1 (avoid): vm-1 must not be on h2", by: .named) {
            $0.ask(
                .changePolicy(
                    .addConstraint(
                        Constraint(kind: .avoid, machines: [Sample.machine(1)], hosts: [Sample.host("h2")]))))
        },
    ]

    /// A constraint of operators about some VMs, which stands against a move of vm-1 also where somebody names it: then no
    /// planner is asked, which keeps to it as well.
    private static func constraint(
        _ kind: Constraint.Kind, _ machines: [Int], on hosts: [String] = [], _ words: String, to target: String = "h2"
    ) -> Veto {
        Veto(
            "\(kind.rawValue), by name", .never, "constraint 1 (\(kind.rawValue)): \(words)", by: .named,
            move: (1, "h1", target)
        ) {
            let constraint = Constraint(
                kind: kind, machines: machines.map(Sample.machine), hosts: hosts.map(Sample.host))
            $0.ask(.changePolicy(.addConstraint(constraint)))
        }
    }
}
