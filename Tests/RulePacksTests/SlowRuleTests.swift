import FleetModel
import Foundation
import Testing

@testable import RulePacks

/// Rules that take too long, or find too much: isolated, told of, and nobody else waits.
@Suite("Slow rules")
struct SlowRuleTests {
    /// Answers `endless...` never, everything else at once.
    private final class Engine: QueryEngine {
        private let counts = Locked<[String: Int]>([:])

        func asked(_ expression: String) -> Int { counts.withLock { $0[expression] ?? 0 } }

        func instant(_ expression: String, at moment: Timestamp) async throws -> QueryAnswer {
            counts.withLock { $0[expression, default: 0] += 1 }
            if expression.hasPrefix("endless") { while true { try await Task.sleep(for: .seconds(3600)) } }
            let count = expression.hasPrefix("crowd") ? 1500 : expression.hasPrefix("horde") ? 10_001 : 1
            return QueryAnswer(
                .vector(
                    (0..<count).map { number in
                        InstantSample(
                            labels: ["cluster": "c", "host": "h\(number)", "__name__": "x"], time: moment, value: 1)
                    }))
        }

        func lookingBack(_ lookBack: Duration) -> any QueryEngine { self }

        func range(
            _ expression: String, from first: Timestamp, through last: Timestamp, step: Duration
        ) async throws -> QueryAnswer { throw CancellationError() }
    }

    private func pack(_ name: String, _ expressions: [String], annotation: String = "s") throws -> RulePack {
        let rules = expressions.map { "- {alert: '\($0)', expr: '\($0)', annotations: {summary: '\(annotation)'}}" }
        let text = "groups:\n- name: g\n  rules:\n  " + rules.joined(separator: "\n  ")
        return try Places.withFolder(named: name, ["r.yaml": text]) { try RulePack.load(folder: $0) }
    }

    private func rules(_ packs: [RulePack], groupsAtOnce: Int = 4) -> RuleEngine {
        var options = RuleEngineOptions()
        options.groupsAtOnce = groupsAtOnce
        options.packLimit = .seconds(1)
        let start = ContinuousClock.now
        options.stopwatch = { ContinuousClock.now - start }
        return RuleEngine(packs: packs, options: options)
    }

    @Test("a rule without end is cut off, told of and left out for a while; the others go on", arguments: [1, 4])
    func endless(groupsAtOnce: Int) async throws {
        let engine = Engine()
        var rules = rules(
            [try pack("slow", ["endless1", "near"]), try pack("quick", ["far"])], groupsAtOnce: groupsAtOnce)
        var round = await rules.evaluate(at: .at(0), engine: engine, sink: nil)
        #expect(round.alerts.map(\.alert) == ["far"])
        let failure = try #require(round.failures.first { $0.rule == "endless1" })
        #expect(failure.pack == "slow" && failure.place.line == 4)
        #expect(
            failure.reason.contains("1s that they may take of a round") && failure.reason.contains("left out for 1m")
        )
        // Its time was over with it; from the next round on the pack's other rule has its turn.
        round = await rules.evaluate(at: .at(15), engine: engine, sink: nil)
        #expect(Set(round.alerts.map(\.alert)) == ["near", "far"])
        #expect(round.failures.map(\.rule) == ["endless1"] && engine.asked("endless1") == 1)
        let state = try #require(rules.groupStates.first { $0.pack == "slow" }?.rules.first)
        #expect(state.health == .bad && state.lastError?.contains("left out") == true)
        // Asked again after its rest, which is longer the next time.
        round = await rules.evaluate(at: .at(60), engine: engine, sink: nil)
        #expect(engine.asked("endless1") == 2)
        #expect(round.failures.first?.reason.contains("left out for 2m") == true)
        // A clock that was set back leaves nothing out.
        _ = await rules.evaluate(at: .at(-100), engine: engine, sink: nil)
        #expect(engine.asked("endless1") == 3)
    }

    @Test("a query in a text that never ends costs that text and no more")
    func endlessText() async throws {
        let engine = Engine()
        var rules = rules([
            try pack("slow", ["near"], annotation: "{{ query \"endless2\" }}"), try pack("quick", ["far"]),
        ])
        let round = await rules.evaluate(at: .at(0), engine: engine, sink: nil)
        #expect(Set(round.alerts.map(\.alert)) == ["near", "far"])
        let slow = try #require(round.alerts.first { $0.alert == "near" })
        #expect(slow.annotations["summary"]?.contains("may take of a round") == true)
        #expect(slow.tip?.title == "near: h0" && slow.tip?.terms.obstacle?.contains("take too long") == true)
        #expect(slow.tip?.terms.approval == .advise)
    }

    @Test("what fires for more than a thousand objects makes a thousand tips, and ten thousand alerts are too many")
    func crowds() async throws {
        let engine = Engine()
        var rules = RuleEngine(packs: [try pack("p", ["crowd", "horde", "far"])])
        let round = await rules.evaluate(at: .at(0), engine: engine, sink: nil)
        #expect(round.alerts.count { $0.alert == "crowd" } == 1500)
        #expect(round.alerts.count { $0.alert == "crowd" && $0.tip != nil } == 1000)
        #expect(round.alerts.count { $0.alert == "horde" } == 0 && round.alerts.last?.alert == "far")
        #expect(round.failures.map(\.rule).sorted() == ["crowd", "horde"])
        #expect(round.failures.contains { $0.reason.contains("more than 1000 objects") })
        #expect(round.failures.contains { $0.reason.contains("exceeded limit of 10000 with 10001 alerts") })
    }
}
