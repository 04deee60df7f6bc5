import FleetModel
import Foundation
import HTTPClient
import Testing

@testable import Notifications

/// Who is told what, and when.
@Suite struct NotificationBookTests {
    private static func at(_ second: Int64) -> Timestamp { Timestamp(milliseconds: 1_000_000_000 + second * 1000) }

    /// A receiver with round numbers: 10 s for a new group, 60 s between messages, 1000 s until it is told again.
    private static func receiver(
        _ name: String = "ops", phases: Set<TipNotice.Phase>? = nil, labels: [String] = ["cluster"],
        match: [String] = []
    ) throws -> NotificationReceiver {
        var receiver = NotificationReceiver(name: name, target: .webhook(url: "x", access: .init(), secret: nil))
        receiver.grouping = .init(
            labels: labels, wait: .seconds(10), interval: .seconds(60), repeatInterval: .seconds(1000))
        receiver.conditions = try match.map { try LabelCondition($0) }
        if let phases { receiver.phases = phases }
        return receiver
    }

    /// Plays tips' states and returns what is told: `12: ops 3*waiting 4 raised`, news with a star.
    private struct Story {
        var book: NotificationBook
        var told: [String] = []
        private var now: Int64 = 0

        init(_ receivers: [NotificationReceiver]) { book = NotificationBook(receivers) }

        mutating func until(_ second: Int64) {
            while now < second {
                now += 1
                let sent = book.receive(.tick(NotificationBookTests.at(now)))
                for one in sent {
                    let lines = one.lines.map { "\($0.notice.number)\($0.isNews ? "*" : " ")\($0.notice.phase)" }
                    told.append("\(now): \(one.receiver) \(lines.joined(separator: ", "))")
                }
            }
        }

        mutating func tip(_ number: Int64, _ state: TipState, cluster: String = "lab", level: TipLevel = .warning)
            throws
        {
            let tip = try Sample.tip(number, state, cluster: cluster, level: level)
            #expect(book.receive(.tip(TipNotice(tip), time: NotificationBookTests.at(now))).isEmpty)
        }

        mutating func silence(_ matchers: [String], until end: Int64) throws {
            let silence = Silence(
                matchers: matchers, created: NotificationBookTests.at(now), until: NotificationBookTests.at(end),
                actor: "alice", reason: "r")
            _ = book.receive(.silences([try ActiveSilence(silence)]))
        }
    }

    @Test func aGroupWaitsThenNewsWaitThenItRepeats() throws {
        var story = Story([try Self.receiver()])
        try story.tip(1, .raised)
        story.until(5)
        try story.tip(2, .raised)
        story.until(12)
        try story.tip(3, .raised)
        story.until(1100)
        #expect(
            story.told == [
                "10: ops 1*raised, 2*raised", "70: ops 3*raised, 1 raised, 2 raised",
                "1070: ops 1 raised, 2 raised, 3 raised",
            ])
    }

    @Test func clustersAreToldApartAndLevelsTogether() throws {
        var story = Story([try Self.receiver()])
        try story.tip(1, .raised)
        try story.tip(2, .raised, cluster: "other")
        try story.tip(3, .raised, level: .critical)
        story.until(20)
        #expect(story.told == ["10: ops 1*raised, 3*raised", "10: ops 2*raised"])
    }

    @Test func whatIsWellAgainBeforeAnybodyHeardIsNobodysBusiness() throws {
        var story = Story([try Self.receiver()])
        try story.tip(1, .raised)
        try story.tip(1, .cleared)
        story.until(2000)
        #expect(story.told == [])
        #expect(story.book.memory.groups.isEmpty)
    }

    @Test func onlyThePhaseOfTheMomentIsTold() throws {
        var story = Story([try Self.receiver()])
        try story.tip(1, .raised)
        try story.tip(1, .awaitingApproval)
        story.until(20)
        try story.tip(1, .approved)
        try story.tip(1, .running)
        story.until(100)
        try story.tip(1, .verifying)
        try story.tip(1, .resolved)
        story.until(2000)
        #expect(story.told == ["10: ops 1*waiting", "101: ops 1*resolved"])
        #expect(story.book.memory.groups.isEmpty)
    }

    @Test func aPlanThatHadToChangeIsAskedAboutAgain() throws {
        var story = Story([try Self.receiver()])
        try story.tip(1, .awaitingApproval)
        story.until(11)
        try story.tip(1, .awaitingApproval)
        story.until(80)
        try story.tip(1, .approved)
        try story.tip(1, .awaitingApproval)
        story.until(90)
        #expect(story.told == ["10: ops 1*waiting", "81: ops 1*waiting"])
    }

    @Test func whoHearsOfEndsOnlyHearsOfThem() throws {
        var story = Story([try Self.receiver(phases: [.failed, .resolved])])
        for (number, end) in [(1, TipState.resolved), (2, .failed), (3, .dismissed)] {
            try story.tip(Int64(number), .raised)
            try story.tip(Int64(number), end)
        }
        story.until(2000)
        #expect(story.told == ["10: ops 1*resolved, 2*failed"])
    }

    @Test func aFailureIsToldAlsoToThoseWhoHeardNothingBefore() throws {
        var story = Story([try Self.receiver()])
        try story.tip(1, .failed)
        try story.tip(2, .resolved)
        story.until(2000)
        #expect(story.told == ["10: ops 1*failed"])
    }

    @Test func conditionsChooseTips() throws {
        var story = Story([try Self.receiver(match: ["level=critical", #"cluster=~"l.*""#])])
        try story.tip(1, .raised)
        try story.tip(2, .raised, level: .critical)
        try story.tip(3, .raised, cluster: "x", level: .critical)
        story.until(20)
        #expect(story.told == ["10: ops 2*raised"])
    }

    @Test func aSilenceKeepsQuietAndWhatLastsIsToldAfterwards() throws {
        var story = Story([try Self.receiver()])
        try story.silence(["cluster=lab", "tip!=3"], until: 100)
        try story.tip(1, .raised)
        try story.tip(2, .raised)
        try story.tip(3, .raised)
        story.until(50)
        try story.tip(2, .cleared)
        story.until(200)
        #expect(story.told == ["10: ops 3*raised", "100: ops 1*raised, 3 raised"])
    }

    @Test func anEndInsideASilenceIsToldAfterItToThoseWhoKnow() throws {
        var story = Story([try Self.receiver()])
        try story.tip(1, .raised)
        story.until(20)
        try story.silence(["tip=1"], until: 500)
        try story.tip(1, .resolved)
        story.until(600)
        #expect(story.told == ["10: ops 1*raised", "500: ops 1*resolved"])
    }

    @Test func whatIsWrittenDownGoesOnWhereItWas() throws {
        var story = Story([try Self.receiver()])
        try story.tip(1, .raised)
        story.until(20)
        try story.tip(2, .raised)
        let written = try JSONEncoder().encode(story.book.memory)
        let memory = try JSONDecoder().decode(NotificationMemory.self, from: written)
        #expect(memory == story.book.memory)
        story.book = NotificationBook([try Self.receiver()], memory: memory)
        #expect(story.book.openTips == [1, 2])
        story.until(100)
        #expect(story.told == ["10: ops 1*raised", "70: ops 2*raised, 1 raised"])
        // Of a receiver that is no more, and of one that groups otherwise, nothing is kept.
        #expect(NotificationBook([try Self.receiver("other")], memory: memory).openTips.isEmpty)
        #expect(NotificationBook([try Self.receiver(labels: ["level"])], memory: memory).openTips.isEmpty)
    }

    @Test func aClockThatIsSetBackKeepsNobodyQuiet() throws {
        var book = NotificationBook([try Self.receiver()])
        _ = book.receive(.tip(TipNotice(try Sample.tip(1, .raised)), time: Self.at(100_000)))
        #expect(book.receive(.tick(Self.at(0))).count == 1)
    }

    @Test func aMessageTellsOfSoManyAndCountsTheRest() throws {
        var book = NotificationBook([try Self.receiver()])
        for number in 1...150 {
            _ = book.receive(.tip(TipNotice(try Sample.tip(Int64(number), .raised)), time: Self.at(0)))
        }
        let sent = book.receive(.tick(Self.at(10)))
        #expect(sent.map(\.lines.count) == [100] && sent.map(\.omitted) == [50])
        #expect(book.receive(.tick(Self.at(11))).isEmpty)
    }

    /// Every way of five steps through a tip's states and time, with and without a silence: nobody hears of an end
    /// without a beginning unless it failed, hears the same news twice in a row, or hears two messages too soon after one
    /// another; and at the end nothing is left over.
    @Test func everyShortStoryMakesSense() throws {
        let steps: [TipState?] = [nil, .raised, .awaitingApproval, .running, .resolved, .failed]
        var stories = 0
        func play(_ story: [TipState?], silenced: Bool) throws {
            stories += 1
            var book = NotificationBook([try Self.receiver()])
            var second: Int64 = 0
            var told: [(second: Int64, phase: TipNotice.Phase, isNews: Bool)] = []
            func advance(_ span: Int64) {
                for _ in 0..<span {
                    second += 1
                    for one in book.receive(.tick(Self.at(second))) {
                        told += one.lines.map { (second, $0.notice.phase, $0.isNews) }
                    }
                }
            }
            if silenced {
                let silence = Silence(
                    matchers: ["tip=1"], created: Self.at(0), until: Self.at(40), actor: "a", reason: "r")
                _ = book.receive(.silences([try ActiveSilence(silence)]))
            }
            var ended = false
            for step in story where !ended {
                if let step {
                    _ = book.receive(.tip(TipNotice(try Sample.tip(1, step)), time: Self.at(second)))
                    ended = step.isFinal
                } else {
                    advance(35)
                }
            }
            if !ended { _ = book.receive(.tip(TipNotice(try Sample.tip(1, .resolved)), time: Self.at(second))) }
            advance(200)
            let phases = told.filter(\.isNews).map(\.phase)
            #expect(zip(phases, phases.dropFirst()).allSatisfy { $0 != $1 || $0 == .waiting }, "\(story) \(phases)")
            #expect(phases.dropLast().allSatisfy { !$0.isEnd }, "\(story) \(phases)")
            if phases.first?.isEnd == true { #expect(phases == [.failed], "\(story)") }
            #expect(phases.last?.isEnd ?? true, "\(story) \(phases)")
            #expect(zip(told, told.dropFirst()).allSatisfy { $1.second - $0.second >= 60 }, "\(story)")
            #expect(book.memory.groups.isEmpty, "\(story) leaves something over")
        }
        func extend(_ story: [TipState?]) throws {
            if story.count == 5 {
                try play(story, silenced: false)
                try play(story, silenced: true)
                return
            }
            for step in steps { try extend(story + [step]) }
        }
        try extend([])
        #expect(stories == 2 * 7776)
    }
}

/// Tips for tests.
enum Sample {
    static func tip(
        _ number: Int64, _ state: TipState, cluster: String = "lab", level: TipLevel = .warning
    ) throws -> Tip {
        let subject = TipSubject.host(
            try #require(HostName("kvm\(number)")), cluster: try #require(ClusterName(cluster)))
        let time = Timestamp(milliseconds: 1_769_860_800_000)
        let evidence = Evidence(query: "q", time: time, value: 1, text: "mode idle: 3 %")
        return Tip(
            number: number, pack: "host-pressure", alert: "HostProcessorHot", subject: subject, level: level,
            title: "kvm\(number): processors hot", body: "They were busy.", knowledge: "", evidence: [evidence],
            remediation: "relieve-host", state: state, raised: time, updated: time,
            history: [TipEvent(time: time, state: state, actor: "evenkeel", note: "because")])
    }
}
