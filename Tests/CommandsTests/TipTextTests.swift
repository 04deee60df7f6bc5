import FleetModel
import FleetServer
import Testing

@testable import Commands

@Suite struct TipTextTests {
    private func tip(_ state: TipState, problem: String? = "it is advice: nobody carries it out") throws -> TipView {
        var tip = Tip(
            number: 7, pack: "p", alert: "A", subject: .cluster(try #require(ClusterName("c"))), level: .warning,
            title: "t", body: "b", knowledge: "k",
            evidence: [Evidence(query: "load", time: Timestamp(milliseconds: 0), value: 5, text: "load 5")],
            remediation: "notify", planProblem: problem, state: state, raised: Timestamp(milliseconds: 0),
            updated: Timestamp(milliseconds: 0))
        tip.windows = [
            EvidenceWindow(
                query: "load", from: Timestamp(milliseconds: 1_800_000_000_000), stepSeconds: 20,
                series: [EvidenceSeries(labels: ["host": "h1"], values: [1, nil, 3, 4, 5])], seriesLeftOut: 2),
            EvidenceWindow(
                query: "none", from: Timestamp(milliseconds: 0), stepSeconds: 20, series: [], problem: "no engine"),
        ]
        return TipView(tip)
    }

    @Test func aTipWithoutAPlanAsksNothingAndSaysWhatToDo() throws {
        let reason = try #require(TipText.nothingToApprove(try tip(.planned)))
        #expect(reason.contains("tip 7 has no plan, so there is nothing to approve: it is advice"))
        #expect(reason.contains("evenkeel tip dismiss 7 --reason TEXT"))
        #expect(try TipText.nothingToApprove(tip(.raised))?.contains("try again in a moment") == true)
        #expect(try TipText.nothingToApprove(tip(.expired))?.contains("has ended: expired") == true)
        #expect(try TipText.nothingToApprove(tip(.awaitingApproval)) == nil)
    }

    @Test func aTipWhoseObjectIsNotMeasuredSaysSinceWhen() throws {
        var view = try tip(.planned)
        #expect(!TipText.details(view).contains("Measured:"))
        view.unmeasuredSince = Timestamp(milliseconds: 0)
        let since = "not measured since \(Phrases.moment(view.unmeasuredSince))"
        #expect(TipText.details(view).contains("Measured:  \(since): it stays open"))
        #expect(TipListCommand.table([TipRow(view)], now: Timestamp(milliseconds: 0)).contains(since))
        view.state = .expired
        #expect(!TipListCommand.table([TipRow(view)], now: Timestamp(milliseconds: 0)).contains("not measured"))
    }

    @Test func aStoryIsOneLineUntilSomebodyWantsAll() throws {
        var rows = [TipRow(try tip(.planned))]
        for number in 8...18 {
            var row = rows[0]
            row.number = Int64(number)
            row.story = 7
            rows.append(row)
        }
        let now = Timestamp(milliseconds: 0)
        let short = TipListCommand.table(rows, now: now, isFlat: false).split(separator: "\n")
        #expect(short.count == 2 && short[1].contains("t (+ 11 related)"))
        #expect(TipListCommand.table(rows, now: now, isFlat: true).split(separator: "\n").count == 13)
        rows[3].state = .awaitingApproval
        let waiting = TipListCommand.table(rows, now: now, isFlat: false).split(separator: "\n")
        #expect(waiting.count == 3 && waiting[1].contains("t (+ 10 related)"), "what waits is never hidden")
        #expect(waiting[2].contains("awaitingApproval"))
    }

    @Test func aWatcherBearsWithAServerThatIsStartedAgainButNotForEver() throws {
        let start = Timestamp(milliseconds: 0)
        let away = CommandFailure(.unreachable, "away")
        var silence = ServerSilence()
        #expect(throws: CommandFailure.self, "it never answered") { try silence.begins(with: away, at: start) }
        silence.end()
        #expect(try silence.begins(with: away, at: start))
        #expect(try silence.begins(with: away, at: start + .seconds(120)) == false)
        silence.end()
        #expect(try silence.begins(with: away, at: start + .seconds(121)), "the next silence counts for itself")
        #expect(throws: CommandFailure.self) { try silence.begins(with: away, at: start + .seconds(242)) }
        #expect(throws: CommandFailure.self) { try silence.begins(with: CommandFailure(.no, "gone"), at: start) }
    }

    @Test func theFirstCommandOfAMonitorIsReadFromQEMUsTrace() {
        let trace = """
            qemu-system-x86_64: warning: something
            23121@1795703455.144133:handle_qmp_command mon 0x5638e2771900 req: {"execute": "qmp_capabilities"}
            23121@1795703455.152030:handle_qmp_command mon 0x5638e2771900 req: {"execute": "quit"}
            """
        #expect(EmulatorTrace.firstCommand(in: trace) == Timestamp(milliseconds: 1_795_703_455_144))
        #expect(EmulatorTrace.firstCommand(in: "") == nil)
        #expect(EmulatorTrace.firstCommand(in: "x@:handle_qmp_command y") == nil)
    }

    @Test func theValuesThatLedToATipAreDrawn() throws {
        let lines = TipText.details(try tip(.planned)).split(separator: "\n").map(String.init)
        #expect(lines.contains("  load"))
        #expect(lines.contains { $0.contains("{host=\"h1\"}  last 5") })
        #expect(lines.contains("  and 2 series more") && lines.contains("  none: no engine"))
        #expect(lines.contains { $0.contains("┤") }, "\(lines)")
    }
}
