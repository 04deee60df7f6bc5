import FleetModel
import Remediation
import RulePacks
import Testing

@Suite("Actions of packs' own")
struct PlugInOperationTests {
    private static let allowed = PackSetting(pack: "fans", allowsPlugIns: true)

    private func round(_ world: World, remediation: String = "exec") -> ControlEvent {
        let subject = TipSubject.host(Sample.host("h1"), cluster: World.cluster)
        let terms = TipTerms(
            approval: .automatic,
            arguments: ["command": "bin/mend", "url": "https://a.example", "time_limit": "30", "argument.fan": "3"])
        let tip = RenderedTip(
            subject: subject, level: .critical, title: "a fan stands still", body: "", knowledge: "",
            remediation: remediation, terms: terms)
        let alert = ActiveAlert(
            pack: "fans", alert: "FanFailed", labels: ["host": "h1"], value: 1, isFiring: true, activeSince: world.now,
            tip: tip)
        return .round(
            ControlRound(
                alerts: AlertRound(time: world.now, alerts: [alert]),
                readings: LoadReadings(time: world.now, window: .seconds(60))))
    }

    private func orders(_ world: World) -> [PlugInOrder] {
        world.actions.compactMap { if case .runPlugIn(let order) = $0 { order } else { nil } }
    }

    @Test("They are advice until an operator allows them, and says how")
    func advice() {
        var world = World.hot()
        world.take(round(world))
        #expect(world.loop.openTips.first?.state == .planned)
        #expect(world.loop.openTips.first?.planProblem?.contains("evenkeel pack enable fans --allow-plug-ins") == true)
        world.ask(.setPack(Self.allowed))
        world.take(round(world))
        #expect(world.loop.openTips.first?.state == .awaitingApproval)
        #expect(orders(world).isEmpty)
        // Forbidden again between the plan and its approval: nothing is run.
        world.ask(.setPack(PackSetting(pack: "fans")))
        world.ask(.approve(tip: 1))
        #expect(orders(world).isEmpty && world.loop.openOperations.isEmpty)
    }

    @Test("An approved one is written down, run once, and its end is the operation's")
    func whole() throws {
        var world = World.hot()
        world.ask(.setPack(Self.allowed))
        world.take(round(world))
        world.ask(.approve(tip: 1))
        let order = try #require(orders(world).first)
        #expect(orders(world).count == 1)
        #expect(order.call.means == .program("bin/mend") && order.call.arguments == ["fan": "3"])
        #expect(order.call.timeLimitSeconds == 30 && order.tip == 1)
        // The intent is durable before anything runs.
        let commit = try #require(world.actions.firstIndex { if case .commit = $0 { true } else { false } })
        let run = try #require(world.actions.firstIndex { if case .runPlugIn = $0 { true } else { false } })
        #expect(commit < run)
        #expect(world.journal.state.operations.first?.state == .running)
        world.take(.plugInSaid(operation: 1, "50 %", time: world.now))
        world.take(.plugInEnded(operation: 1, .done("it turns"), time: world.now))
        let operation = try #require(world.loop.operation(1))
        #expect(operation.state == .succeeded && operation.log.map(\.text).suffix(2) == ["50 %", "it turns"])
        #expect(world.loop.tip(1)?.state == .verifying)
        #expect(world.journal.audit.last { $0.event == "operation.succeeded" }?.detail.contains("bin/mend") == true)
        // A second word changes nothing.
        world.take(.plugInEnded(operation: 1, .failed("no"), time: world.now))
        #expect(world.loop.operation(1)?.state == .succeeded)
    }

    @Test("A failure fails the tip with the plug-in's reason")
    func failure() {
        var world = World.hot()
        world.ask(.setPack(Self.allowed))
        world.take(round(world, remediation: "webhook"))
        world.ask(.approve(tip: 1))
        #expect(orders(world).first?.call.means == .webhook("https://a.example"))
        world.take(.plugInEnded(operation: 1, .failed("no spare"), time: world.now))
        #expect(world.loop.tip(1)?.state == .failed)
        #expect(world.loop.tip(1)?.history.last?.note.contains("no spare") == true)
    }

    @Test("Called off, it is ended")
    func cancelled() {
        var world = World.hot()
        world.ask(.setPack(Self.allowed))
        world.take(round(world))
        world.ask(.approve(tip: 1))
        world.ask(.cancel(operation: 1))
        #expect(world.actions.contains(.stopPlugIn(operation: 1)))
        #expect(world.loop.operation(1)?.state == .cancelled)
    }

    @Test("A server that stopped while one ran does not run it again, and says that nobody knows")
    func restart() {
        var world = World.hot()
        world.ask(.setPack(Self.allowed))
        world.take(round(world))
        world.ask(.approve(tip: 1))
        var state = world.journal.state
        state.packs = [Self.allowed]
        world.loop = ControlLoop()
        world.take(.restored(state, time: world.now))
        #expect(orders(world).isEmpty)
        #expect(world.loop.operation(1)?.state == .failed && world.loop.tip(1)?.state == .failed)
        #expect(world.loop.operation(1)?.log.last?.text.contains("nobody knows") == true)
    }

    @Test("Advice about one object hides no other advice about it; what acts is done once")
    func adviceStandsBesideAdvice() {
        var world = World.hot()
        func found(_ alert: String, _ remediation: String, _ level: TipLevel) -> ActiveAlert {
            var found = Sample.hot("h1", alert: alert, level: level)
            found.pack = alert.lowercased()
            found.tip?.remediation = remediation
            return found
        }
        world.round([
            found("Fan", "notify", .critical), found("Clock", "notify", .warning),
            found("Hot", "relieve-host", .critical),
            found("Warm", "relieve-host", .warning),
        ])
        #expect(world.loop.openTips.map(\.alert).sorted() == ["Clock", "Fan", "Hot"])
    }
}
