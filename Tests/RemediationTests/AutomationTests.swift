import FleetModel
import Placement
import Remediation
import RulePacks
import Testing

@Suite("How far Evenkeel goes by itself, played through")
struct AutomationTests {
    private static let second = Sample.name("other", ClusterName.init)

    /// What a level lets become of a tip whose pack allows everything.
    private func expected(_ level: AutomationLevel) -> TipState? {
        switch level {
        case .off: nil
        case .advise: .planned
        case .operator: .awaitingApproval
        case .automatic: .running
        }
    }

    @Test(
        "Every level in every scope, where everything else is automatic",
        arguments: [
            AutomationScope.fleet, .cluster(World.cluster), .pack("host-pressure"),
            .rule(pack: "host-pressure", alert: "HostProcessorHot"),
        ], AutomationLevel.allCases)
    func scopes(scope: AutomationScope, level: AutomationLevel) {
        var world = World.hot(level: .automatic)
        world.set(level, in: scope)
        world.round([Sample.hot("h1")])
        #expect(world.loop.openTips.first?.state == expected(level), "\(scope) \(level)")
        #expect(world.openCommands.isEmpty == (level != .automatic))
    }

    @Test("A VM's own level leaves it to people, and only it", arguments: AutomationLevel.allCases)
    func machine(level: AutomationLevel) {
        var world = World.hot(level: .automatic)
        for number in 1...3 { world.set(level, in: .machine(Sample.machine(number))) }
        world.round([Sample.hot("h1")])
        #expect((world.tip?.state == .running) == (level == .automatic), "\(String(describing: world.tip?.state))")
        #expect(world.openCommands.isEmpty == (level != .automatic))
        world.set(.automatic, in: .machine(Sample.machine(3)))
        world.look(after: 61)
        if level != .automatic, let move = world.operation?.move {
            #expect(move.virtualMachine == Sample.machine(3))
        }
    }

    @Test("Clusters go each by their own level")
    func clusters() {
        var world = World(level: .automatic)
        for (name, numbers) in [("h1", [1, 2, 3]), ("h2", []), ("o1", [4, 5, 6]), ("o2", [])] {
            let host = Sample.host(name)
            var record = Sample.record(host, machines: numbers.map { Sample.status($0, .running) }, at: world.now)
            if name.hasPrefix("o") { record.report.cluster = Self.second }
            world.hosts.append(record)
            world.use[host] = numbers.isEmpty ? 0.05 : 0.9
            for number in numbers { world.machineUse[Sample.machine(number)] = 1.2 }
        }
        world.reportAll()
        world.set(.operator, in: .cluster(Self.second))
        var theirs = Sample.hot("o1")
        theirs.tip?.subject = .host(Sample.host("o1"), cluster: Self.second)
        world.round([Sample.hot("h1"), theirs])
        let states = Dictionary(uniqueKeysWithValues: world.loop.openTips.map { ($0.subject.name, $0.state) })
        #expect(states == ["h1": .running, "o1": .awaitingApproval])
        world.set(.automatic, in: .cluster(Self.second))
        #expect(world.loop.openTips.allSatisfy { $0.state == .running })
    }

    /// A host of which several VMs have to go, one after the other, and a tip that waits for days.
    private func long(_ window: PolicyWindow) -> (World, ActiveAlert) {
        var settings = ControlSettings()
        settings.planner.coolDown = .zero
        var world = World.roomy(settings: settings, level: .automatic)
        world.ask(.changePolicy(.setWindow(window)))
        var alert = Sample.hot("h1")
        alert.tip?.terms.arguments["target"] = "0.2"
        alert.tip?.terms.expirySeconds = 10 * 86_400
        world.round([alert])
        return (world, alert)
    }

    /// Plays the move that is under way to its end, and the next round.
    private func finish(_ world: inout World, _ alert: ActiveAlert, after seconds: Int) {
        guard let move = world.loop.openOperations.first?.move else {
            Issue.record("nothing is under way: \(world.tip?.history.last?.note ?? "")")
            return
        }
        world.handOut()
        world.pass(seconds)
        world.carryOutAll()
        world.relocate((1...3).first { Sample.machine($0) == move.virtualMachine } ?? 1, to: move.destination.text)
        let source = move.source
        world.use[source] = max(0, (world.use[source] ?? 0) - 0.3)
        world.use[move.destination] = (world.use[move.destination] ?? 0) + 0.3
        look(&world, alert, after: 5)
    }

    private func look(_ world: inout World, _ alert: ActiveAlert, after seconds: Int) {
        world.pass(seconds)
        world.reportAll()
        world.round([alert])
    }

    // The world begins at 1970-01-01T00:16:40Z, a Thursday.
    @Test(
        "A window that closes in the middle of a plan lets the move that runs end, and the rest wait until it opens",
        arguments: [
            (PolicyWindow(name: "w", kind: .maintenance, from: 0, to: 20), "outside the maintenance windows", 86_400),
            (PolicyWindow(name: "w", kind: .blackout, from: 20, to: 120), "blackout 'w' lasts until 02:00", 7200),
        ])
    func window(window: PolicyWindow, words: String, opens: Int) throws {
        var (world, alert) = long(window)
        #expect(world.tip?.state == .running && world.tip?.plan?.actions.count ?? 0 > 1)
        world.handOut()
        world.answer(try #require(world.openCommands.first), .listening(address: "tcp:127.0.0.1:49152"))
        finish(&world, alert, after: 300)
        #expect(world.loop.operation(1)?.state == .succeeded, "it began before the window closed")
        #expect(world.loop.openOperations.isEmpty && world.tip?.state == .awaitingApproval)
        #expect(
            world.tip?.history.contains { $0.note.contains(words) } == true, "\(world.tip?.history.map(\.note) ?? [])")
        while Int(world.now.milliseconds / 1000) + 900 < opens {
            look(&world, alert, after: 900)
            #expect(world.loop.openOperations.isEmpty)
        }
        look(&world, alert, after: 960)
        #expect(world.tip?.number == 1 && world.tip?.state == .running, "\(world.tip?.history.last?.note ?? "")")
        #expect(world.loop.openOperations.count == 1)
    }
}
