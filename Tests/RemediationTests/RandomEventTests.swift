import FleetModel
import Placement
import Remediation
import RulePacks
import Testing

@Suite("Whatever comes, in whatever order")
struct RandomEventTests {
    /// SplitMix64: the same numbers for the same seed.
    struct Dice: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            let first = (state ^ (state >> 30)) &* 0xbf58_476d_1ce4_e5b9
            let second = (first ^ (first >> 27)) &* 0x94d0_49bb_1331_11eb
            return second ^ (second >> 31)
        }
    }

    @Test("The loop keeps its promises under random events, clocks that jump a day among them", arguments: 1...40)
    func randomEvents(seed: Int) {
        var dice = Dice(state: UInt64(seed))
        let levels = AutomationLevel.allCases
        var world = World.hot(level: levels[seed % levels.count])
        world.add("h3", use: 0.3, machines: [4: 0.4])
        var ends: [Int64: OperationState] = [:]
        for _ in 0..<400 {
            let before = world.loop
            play(&world, &dice)
            checkOrder(world.actions)
            for operation in world.loop.openOperations { #expect(ends[operation.number] == nil) }
            for case .commit(let changes) in world.actions {
                for case .saveOperation(let operation) in changes where operation.state.isFinal {
                    let earlier = ends.updateValue(operation.state, forKey: operation.number)
                    #expect(
                        earlier == nil || earlier == operation.state,
                        "operation \(operation.number) ended twice, seed \(seed)")
                }
            }
            #expect(world.journal.lastNumbers.command >= (before.openCommands(of: Sample.host("h1")).last?.number ?? 0))
            checkStored(world, seed)
        }
    }

    /// One commit, and it comes first.
    private func checkOrder(_ actions: [ControlAction]) {
        for action in actions.dropFirst() {
            if case .commit = action { Issue.record("a commit that is not first: \(actions)") }
        }
    }

    /// What is stored is what another run would need: every open ask of an open operation is a stored command.
    private func checkStored(_ world: World, _ seed: Int) {
        let stored = Set(world.journal.state.commands.map(\.number))
        #expect(stored == Set(world.openCommands.map(\.number)), "seed \(seed)")
        #expect(Set(world.journal.state.operations.map(\.number)) == Set(world.loop.openOperations.map(\.number)))
        #expect(Set(world.journal.state.tips.map(\.number)) == Set(world.loop.openTips.map(\.number)))
        let busy = world.loop.openOperations.map(\.action).filter(\.isExclusive).map(\.virtualMachine)
        #expect(Set(busy).count == busy.count, "two operations on one VM, seed \(seed)")
        let keys = world.loop.openTips.map { "\($0.alert) \($0.subject.name)" }
        #expect(Set(keys).count == keys.count, "two open tips for one finding, seed \(seed)")
    }

    private func play(_ world: inout World, _ dice: inout Dice) {
        let tip = world.loop.openTips.randomElement(using: &dice)?.number ?? 1
        switch Int.random(in: 0..<24, using: &dice) {
        case 0, 1: world.reportAll()
        case 2: world.pass(Int.random(in: 1...40, using: &dice))
        case 3: randomTime(&world, &dice)
        case 4, 5, 6: randomRound(&world, &dice)
        case 7, 14: world.ask(.approve(tip: tip))
        case 8: world.ask(.dismiss(tip: tip, reason: ["", "no"].randomElement(using: &dice) ?? ""))
        case 9:
            let hosts = ["h1", "h2", "h3", "h9"].map(Sample.host)
            let machine = Sample.machine(Int.random(in: 1...6, using: &dice))
            world.ask(.migrate(machine, to: hosts.randomElement(using: &dice) ?? hosts[0]))
        case 10: world.ask(.cancel(operation: world.journal.lastNumbers.operation))
        case 11: world.restart()
        case 16, 17: randomStep(&world, &dice)
        case 18:
            let numbers = world.openCommands.map(\.number).filter { _ in Bool.random(using: &dice) }
            world.take(.handedOut(numbers, time: world.now))
        case 19:
            world.ask(
                .cancel(operation: Int64.random(in: 1...max(1, world.journal.lastNumbers.operation), using: &dice)))
        case 20: randomHold(&world, &dice)
        case 21:
            let choice = PlanChoice(steps: [1], destinations: Bool.random(using: &dice) ? [:] : [1: Sample.host("h3")])
            world.ask(.approvePart(tip: tip, snapshotVersion: nil, choice))
        default: answerAnything(&world, &dice)
        }
    }

    private func randomHold(_ world: inout World, _ dice: inout Dice) {
        let scopes: [HoldScope] = [
            .fleet, .cluster(World.cluster), .host(Sample.host("h1")), .host(Sample.host("h3")), .pack("host-pressure"),
        ]
        let scope = scopes.randomElement(using: &dice) ?? .fleet
        if Bool.random(using: &dice) {
            world.ask(.hold(scope, reason: "because", cancelling: Bool.random(using: &dice)))
        } else {
            for scope in scopes { world.ask(.release(scope)) }
        }
    }

    private func randomStep(_ world: inout World, _ dice: inout Dice) {
        let number = Int.random(in: 1...6, using: &dice)
        let machine = Sample.machine(number)
        let host = [nil, "h1", "h2", "h3"].randomElement(using: &dice) ?? nil
        if number > 4 {
            let definition = Sample.status(number, .stopped).definition
            world.ask(.create(definition, on: host.map(Sample.host), start: Bool.random(using: &dice)))
            return
        }
        let tasks: [HostTask] = [
            .pause(machine), .resume(machine), .stop(machine, force: true), .launch(machine), .save(machine),
            .restore(machine), .remove(machine), .openConsole(machine, session: "s"),
        ]
        world.ask(.perform(tasks.randomElement(using: &dice) ?? tasks[0], on: host.map(Sample.host)))
    }

    /// Mostly a while; now and then somebody sets the clock.
    private func randomTime(_ world: inout World, _ dice: inout Dice) {
        let spans = [400, 400, 700, 700, 3700, -86_400, 86_400]
        world.pass(spans.randomElement(using: &dice) ?? 0)
        world.reportAll()
    }

    private func randomRound(_ world: inout World, _ dice: inout Dice) {
        for name in ["h1", "h2", "h3"] {
            world.use[Sample.host(name)] = [nil, 0.1, 0.1, 0.2, 0.5, 0.95].randomElement(using: &dice) ?? nil
        }
        var alerts: [ActiveAlert] = []
        for name in ["h1", "h2"] where Bool.random(using: &dice) {
            alerts.append(Sample.hot(name))
            if Bool.random(using: &dice) {
                alerts.append(Sample.hot(name, alert: "HostProcessorSaturated", level: .critical))
            }
        }
        let healthy = ["h1", "h2"].filter { _ in Bool.random(using: &dice) }.map { Sample.key($0) }
        world.round(alerts, healthy: healthy)
    }

    private func answerAnything(_ world: inout World, _ dice: inout Dice) {
        guard let command = world.openCommands.randomElement(using: &dice) else {
            world.take(.answered(command: 99, answer: .done, time: world.now))
            #expect(world.actions.isEmpty)
            return
        }
        let figures = MigrationFigures(totalMilliseconds: 1, downtimeMilliseconds: 1, transferred: .zero)
        let answers: [HostTaskAnswer] = [
            .done, .listening(address: "tcp:127.0.0.1:1"), .sent(figures), .state(.running), .state(nil),
            .state(.handedOver), .refused("no"), .failed("it broke"),
        ]
        world.answer(command, answers.randomElement(using: &dice) ?? .done)
    }
}
