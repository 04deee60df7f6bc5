import FleetModel
import Testing

@testable import HostRuntime

@Suite("What a source does while it sends") struct SendingWatchTests {
    private let start = ContinuousClock.now

    private func watch(postCopy: Bool = false) throws -> SendingWatch {
        let migration = OutgoingMigration(
            virtualMachine: try Fixture.definition().id, destination: "tcp:127.0.0.1:9", timeLimitSeconds: 30,
            method: MigrationMethod(postCopy: postCopy))
        return SendingWatch(migration, since: start)
    }

    private func reading(_ status: String, pass: Int = 1, remaining: Int64 = 0, sent: Int64 = 0) -> MigrationReading {
        MigrationReading([
            "status": .string(status),
            "ram": [
                "dirty-sync-count": .integer(Int64(pass)), "remaining": .integer(remaining),
                "transferred": .integer(sent),
            ],
        ])
    }

    @Test func goesOverToPostCopyOnceAPassLeavesNearlyAsMuchAsTheOneBefore() throws {
        var watch = try watch(postCopy: true)
        let story: [(pass: Int, remaining: Int64, SendingWatch.Step)] = [
            (1, 1000, .wait), (1, 400, .wait), (2, 500, .wait), (3, 300, .wait), (3, 10, .wait), (4, 280, .goOnThere),
            (5, 280, .wait),
        ]
        for (pass, remaining, step) in story {
            #expect(watch.receive(reading("active", pass: pass, remaining: remaining), at: start) == step)
        }
    }

    @Test func staysWithSendingAheadWherePostCopyIsNotAllowed() throws {
        var watch = try watch()
        for pass in 1...50 {
            #expect(watch.receive(reading("active", pass: pass, remaining: 1000), at: start) == .wait)
        }
    }

    @Test func cancelsOnceWhenItsTimeIsOverAndGivesUpWhenThatDoesNotHelp() throws {
        var watch = try watch()
        let busy = reading("active", remaining: 4096)
        #expect(watch.receive(busy, at: start + .seconds(29)) == .wait)
        #expect(watch.receive(busy, at: start + .seconds(30)) == .cancel)
        #expect(watch.receive(reading("cancelling"), at: start + .seconds(31)) == .wait)
        guard case .giveUp(let reason?) = watch.receive(reading("cancelled"), at: start + .seconds(32)) else {
            throw Unexpected("went on")
        }
        #expect(reason.contains("time limit of 30 s") && reason.contains("4 KiB"))
        guard case .giveUp = watch.receive(busy, at: start + .seconds(41)) else { throw Unexpected("went on") }
    }

    @Test func inPostCopyNoTimeLimitHolds() throws {
        var watch = try watch(postCopy: true)
        for second in 0..<300 {
            let moving = reading("postcopy-active", sent: Int64(second))
            #expect(watch.receive(moving, at: start + .seconds(second)) == .wait)
        }
        #expect(watch.figures(of: reading("completed", pass: 4)).wasPostCopied == true)
    }

    @Test func aStreamThatStandsStillInPostCopyIsDeclaredBrokenAndTriedAgainForAWhile() throws {
        var watch = try watch(postCopy: true)
        let still = reading("postcopy-active", sent: 7)
        #expect(watch.receive(still, at: start) == .wait)
        #expect(watch.receive(still, at: start + .seconds(9)) == .wait)
        #expect(watch.receive(still, at: start + .seconds(10)) == .cutOff)
        let broken = reading("postcopy-paused", sent: 7)
        let again = SendingWatch.Step.resume(address: "tcp:127.0.0.1:9")
        #expect(watch.receive(broken, at: start + .seconds(11)) == again)
        #expect(watch.receive(broken, at: start + .milliseconds(11_500)) == .wait)
        #expect(watch.receive(broken, at: start + .seconds(12)) == again)
        #expect(watch.receive(reading("postcopy-recover"), at: start + .seconds(13)) == .wait)
        #expect(watch.receive(reading("postcopy-active", sent: 8), at: start + .seconds(14)) == .wait)
        // The time counts anew after it went on.
        #expect(watch.receive(broken, at: start + .seconds(60)) == again)
        #expect(watch.receive(broken, at: start + .seconds(119)) == again)
        guard case .giveUp = watch.receive(broken, at: start + .seconds(120)) else { throw Unexpected("went on") }
    }
}
